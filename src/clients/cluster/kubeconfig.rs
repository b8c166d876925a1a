use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError, LoadDataError};

use super::ClusterError;

/// A kubeconfig as it was found.
pub(super) struct Found {
    pub content: Kubeconfig,
    /// Where it is, where it is one file.
    pub path: Option<PathBuf>,
    /// The option that named it, if one did.
    pub option: Option<&'static str>,
}

impl Found {
    /// The context to use: the given one, which must be there, or the file's own.
    pub(super) fn context(&self, given: Option<String>) -> Result<Option<String>, ClusterError> {
        let Some(name) = given else {
            return Ok(self.content.current_context.clone());
        };
        let mut names = self.content.contexts.iter().map(|context| &context.name);
        if names.any(|known| *known == name) {
            return Ok(Some(name));
        }
        let names = self
            .content
            .contexts
            .iter()
            .map(|known| known.name.as_str());
        let reason = format!(
            "the kubeconfig has no context `{name}`, but {}",
            names.collect::<Vec<_>>().join(", ")
        );
        Err(ClusterError::setup(Some("kube-context"), reason))
    }
}

/// The given kubeconfig, else the one of `KUBECONFIG`, else the one at home; none where there is none.
pub(super) fn read(given: Option<PathBuf>) -> Result<Option<Found>, ClusterError> {
    if let Some(path) = given {
        return one(path, Some("kubeconfig"), "").map(Some);
    }
    let named = std::env::var_os("KUBECONFIG").filter(|paths| !paths.is_empty());
    let Some(paths) = named else {
        let at_home = std::env::home_dir().map(|home| home.join(".kube/config"));
        let found = at_home.filter(|path| path.exists());
        return found.map(|path| one(path, None, "")).transpose();
    };
    let mut there = std::env::split_paths(&paths).filter(|path| path.exists());
    match (there.next(), there.next()) {
        // Falling back would deploy to another cluster than the one that was named.
        (None, _) => {
            let paths = paths.to_string_lossy();
            let reason = format!("KUBECONFIG is {paths}, which is not there");
            Err(ClusterError::setup(None, reason))
        }
        (Some(path), None) => one(path, None, "KUBECONFIG: ").map(Some),
        (Some(_), Some(_)) => {
            let read = Kubeconfig::read();
            let content = read.map_err(|error| setup(None, "KUBECONFIG: ", &error))?;
            Ok(Some(Found {
                content,
                path: None,
                option: None,
            }))
        }
    }
}

fn one(path: PathBuf, option: Option<&'static str>, prefix: &str) -> Result<Found, ClusterError> {
    let read = Kubeconfig::read_from(Path::new(&path));
    let content = read.map_err(|error| setup(option, prefix, &error))?;
    Ok(Found {
        content,
        path: Some(path),
        option,
    })
}

fn setup(option: Option<&'static str>, prefix: &str, error: &KubeconfigError) -> ClusterError {
    ClusterError::setup(option, format!("{prefix}{}", in_words(error)))
}

/// What is wrong with a kubeconfig; a path, which the client's own words quote twice, as it is written.
pub(super) fn in_words(error: &KubeconfigError) -> String {
    let unread = |what: &str, error: &LoadDataError| match error {
        LoadDataError::ReadFile(reason, path) => format!("{what} in {}: {reason}", path.display()),
        other => format!("{what}: {other}"),
    };
    match error {
        KubeconfigError::ReadConfig(reason, path) => format!("{}: {reason}", path.display()),
        KubeconfigError::LoadCertificateAuthority(error) => {
            unread("its certificate authority", error)
        }
        KubeconfigError::LoadClientCertificate(error) => unread("its client certificate", error),
        KubeconfigError::LoadClientKey(error) => unread("its client key", error),
        other => other.to_string(),
    }
}
