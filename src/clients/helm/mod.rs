//! The one door to Helm: its arguments, its environment, its guardian, its words.
//!
//! An exit status of Helm's proves nothing: whoever runs it reads the storage afterwards.

mod arguments;
mod guardian;
mod lifeline;
mod run;

use std::{ffi::OsString, io::ErrorKind, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use tokio::{process::Command, sync::Semaphore};

pub use self::{
    arguments::{Chart, Upgrade},
    guardian::{GRACE, run_if_started as guardian_if_started},
    lifeline::Lifeline,
    run::Outcome,
};
use super::{
    child,
    cluster::{Capabilities, Target},
};
use crate::model::{Halt, Secrets};

/// The two Helms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Major {
    /// Helm 3.
    Three,
    /// Helm 4.
    Four,
}

/// A Helm that was found and asked for its version.
#[derive(Debug, Clone)]
pub struct Helm {
    program: PathBuf,
    major: Major,
    minor: u32,
    version: String,
    target: Target,
    timeout: Duration,
    secrets: Secrets,
    uninstalls: Arc<Semaphore>,
    capabilities: Capabilities,
}

/// Variables that would send Helm to another cluster than ours, or that are none of its business.
fn is_withheld(name: &str) -> bool {
    name.starts_with("HELM_KUBE")
        || matches!(
            name,
            "HELM_NAMESPACE" | "GITHUB_TOKEN" | "GH_TOKEN" | "GITHUB_APP_PRIVATE_KEY"
        )
        || name.starts_with("BRANCH_DEPLOYS_")
}

/// The minors of Helm 3 that were the first with labels, and to take ownership.
const LABELS: u32 = 13;
const OWNERSHIP: u32 = 17;

/// How many releases are uninstalled at a time: each takes 90 MB, and the most of a core.
const UNINSTALLS: usize = 4;

/// How long `helm version` may take.
const VERSION_TIMEOUT: Duration = Duration::from_secs(20);

impl Helm {
    /// Finds Helm and reads its version; `timeout` bounds each of its commands, and `secrets` are
    /// left out of what it says.
    ///
    /// # Errors
    /// A [`Halt`] for a missing Helm, one of an unknown major, or a storage that is not in Secrets.
    pub async fn find(
        program: PathBuf,
        target: Target,
        timeout: Duration,
        secrets: Secrets,
    ) -> anyhow::Result<Self> {
        if let Some(driver) = std::env::var_os("HELM_DRIVER")
            && !driver.is_empty()
            && driver != "secret"
        {
            let driver = driver.to_string_lossy().into_owned();
            bail!(Halt::usage(format!(
                "HELM_DRIVER is {driver}: only releases stored in Secrets can be read; unset it"
            )));
        }
        let version = version(&program).await?;
        let refused = |why: &str| {
            let shown = program.display();
            Halt::usage(format!("{shown} is Helm {version}: {why}"))
        };
        let (major, minor) = match known(&version) {
            Some((Major::Three, minor)) if minor < LABELS => {
                bail!(refused("3.13 is the first that can be used (--labels)"))
            }
            Some(known) => known,
            None => bail!(refused("versions 3 and 4 are known")),
        };
        Ok(Self {
            program,
            major,
            minor,
            version,
            target,
            timeout,
            secrets,
            uninstalls: Arc::new(Semaphore::new(UNINSTALLS)),
            capabilities: Capabilities::default(),
        })
    }

    /// The same, and charts are rendered as for a cluster of these capabilities: they may ask for them.
    pub fn knowing(self, capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            ..self
        }
    }

    /// The version, as in `v4.3.1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Fails if it cannot take over what others made.
    ///
    /// # Errors
    /// A [`Halt`]: it is too old.
    pub fn may_adopt(&self) -> anyhow::Result<()> {
        match self.major == Major::Three && self.minor < OWNERSHIP {
            true => bail!(Halt::usage(format!(
                "{} is Helm {}: --adopt needs 3.17 or a later one (--take-ownership)",
                self.program.display(),
                self.version
            ))),
            false => Ok(()),
        }
    }

    /// How long one command may take; Helm itself counts whole seconds.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether it takes a workload for ready without what its rolling update may do without: Helm 3 does, and
    /// the watcher of Helm 4 waits for all.
    pub fn spares(&self) -> bool {
        self.major == Major::Three
    }

    /// Renders a chart without asking a cluster.
    pub async fn template(
        &self,
        release: &str,
        chart: &Chart,
        values: &serde_json::Value,
    ) -> anyhow::Result<Outcome> {
        let arguments = self.template_arguments(release, chart);
        let outcome = run::unguarded(self.command(), arguments, values, self.timeout).await?;
        Ok(self.shown(outcome))
    }

    /// Installs or upgrades a release and waits until it is ready.
    pub async fn upgrade(
        &self,
        upgrade: &Upgrade<'_>,
        values: &serde_json::Value,
        lifeline: &Lifeline,
    ) -> anyhow::Result<Outcome> {
        self.guarded(self.upgrade_arguments(upgrade), Some(values), lifeline)
            .await
    }

    /// Rolls a release back to a revision, without hooks: it repairs what an earlier run left.
    pub async fn roll_back(
        &self,
        release: &str,
        revision: u32,
        lifeline: &Lifeline,
    ) -> anyhow::Result<Outcome> {
        self.guarded(self.rollback_arguments(release, revision), None, lifeline)
            .await
    }

    /// Removes a release, and leaves its objects on their way: whoever asks sees them gone.
    pub async fn uninstall(
        &self,
        release: &str,
        hooks: bool,
        lifeline: &Lifeline,
    ) -> anyhow::Result<Outcome> {
        let _turn = self.uninstalls.acquire().await;
        self.guarded(self.uninstall_arguments(release, hooks), None, lifeline)
            .await
    }

    async fn guarded(
        &self,
        arguments: Vec<OsString>,
        values: Option<&serde_json::Value>,
        lifeline: &Lifeline,
    ) -> anyhow::Result<Outcome> {
        let outcome =
            run::guarded(&self.program, arguments, values, lifeline, self.timeout).await?;
        Ok(self.shown(outcome))
    }

    /// Text as it may be shown.
    pub fn mask(&self, text: &str) -> String {
        self.secrets.mask(text)
    }

    /// What is shown to nobody.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// An outcome as it may be shown: Helm quotes the chart's address, whatever stands in it. What
    /// it rendered is data, and stays as it is.
    fn shown(&self, outcome: Outcome) -> Outcome {
        Outcome {
            stderr: self.mask(&outcome.stderr),
            ..outcome
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        aside(&mut command);
        withhold(&mut command);
        command
    }
}

/// Out of our process group: one that a signal to all of the job ends would say that the chart is wrong,
/// before we have heard of the signal. Whoever hears it drops and so kills this Helm.
fn aside(command: &mut Command) {
    command.process_group(0);
}

fn withhold(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_withheld) {
            command.env_remove(name);
        }
    }
}

/// Helm's major and minor, where it is one that we know, as of `v3.13.0-rc.1`, or of `v3.18+unreleased`.
fn known(version: &str) -> Option<(Major, u32)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let major = match numbers.next()? {
        "3" => Major::Three,
        "4" => Major::Four,
        _ => return None,
    };
    let minor = numbers.next()?;
    let end = minor.find(|c: char| !c.is_ascii_digit());
    Some((major, minor[..end.unwrap_or(minor.len())].parse().ok()?))
}

async fn version(program: &PathBuf) -> anyhow::Result<String> {
    let shown = program.display();
    let mut command = Command::new(program);
    command.args(["version", "--template", "{{.Version}}"]);
    aside(&mut command);
    withhold(&mut command);
    let ended = match child::run(&mut command, b"", VERSION_TIMEOUT).await {
        Ok(ended) => ended,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(Halt::usage(format!(
                "there is no Helm at `{shown}`: install Helm 3 (3.13 or later) or 4, or give its path by --helm"
            )))
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => bail!(
            "{shown} does not tell its version within {} s",
            VERSION_TIMEOUT.as_secs()
        ),
        Err(error) => return Err(error).with_context(|| format!("failed to run {shown}")),
    };
    let version = ended.stdout.text().trim().to_owned();
    if !ended.status.success() || version.is_empty() {
        bail!("{shown} does not tell its version: {}", ended.status);
    }
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_first_two_numbers() {
        for (version, expected) in [
            ("v3.13.0-rc.1", Some((Major::Three, 13))),
            ("v3.18+unreleased", Some((Major::Three, 18))),
            ("4.3.1", Some((Major::Four, 3))),
            ("v2.17.0", None),
            ("v3", None),
            ("v3.x", None),
        ] {
            assert_eq!(known(version), expected, "{version}");
        }
    }
}
