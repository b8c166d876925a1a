//! Building a tool with Go, or installing it with pip, once for all processes of the machine.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::{Recipe, terminal};

/// The Go that the newest of the tools asks for.
const GO: (u32, u32) = (1, 26);
/// How often a long wait says that it still goes on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// How much of Go's output explains a failure.
const TAIL_LINES: usize = 20;

/// A file's path in its module, and its content.
type File = (&'static str, &'static str);

/// What a tool is built from.
pub(super) enum Source {
    /// A main package of a published module, at the recipe's version.
    Package(&'static str),
    /// A module of our own: file names with their contents.
    Files(&'static [File]),
    /// A main package of a published module, from within a module of our own that names the
    /// versions and replaces some.
    Within(&'static str, &'static [File]),
    /// A package of Python's index, at the recipe's version, with a program of the recipe's name.
    Wheel(&'static str),
}

/// Starts a program of a package that was installed into the folder `lib` beside it.
const STARTER: &str =
    "#!/bin/sh\nPYTHONPATH=${0%/*}/lib exec \"${0%/*}/lib/bin/${0##*/}\" \"$@\"\n";

/// The tool's place in the cache, where it is built first when it is not there.
pub(super) fn cached(recipe: &Recipe, cache: &Path) -> Result<PathBuf> {
    let folder = cache.join(key(recipe));
    let program = folder.join(recipe.name);
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(cache).with_context(|| format!("no cache at {}", cache.display()))?;
    let _lock = lock(recipe, &folder.with_added_extension("lock"))?;
    if !program.is_file() {
        build(recipe, cache, &folder)?;
    }
    Ok(program)
}

/// A changed source is another tool: the folder's name holds a hash of all that goes into it.
fn key(recipe: &Recipe) -> String {
    let mut hash = Sha256::new();
    hash.update(arguments(recipe).join("\n"));
    for (name, content) in files(recipe) {
        hash.update(format!("\n{name} {}\n{content}", content.len()));
    }
    format!(
        "{}-{}-{}",
        recipe.name,
        recipe.version,
        &hex::encode(hash.finalize())[..12]
    )
}

/// Held while a tool is built; whoever comes second waits here, and says so.
fn lock(recipe: &Recipe, path: &Path) -> Result<fs::File> {
    let file = fs::File::create(path).with_context(|| format!("no lock at {}", path.display()))?;
    let mut progress = Progress::new();
    while flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        progress.say(&format!(
            "waiting for another process to build {}",
            recipe.name
        ));
        thread::sleep(Duration::from_millis(100));
    }
    Ok(file)
}

/// Builds beside the cache's folder and renames, so that a half-built tool is never found.
fn build(recipe: &Recipe, cache: &Path, folder: &Path) -> Result<()> {
    if !matches!(recipe.source, Source::Wheel(_)) {
        require_go()?;
    }
    let workshop = tempfile::Builder::new()
        .prefix(".building-")
        .tempdir_in(cache)?;
    let result = workshop.path().join("result");
    fs::create_dir(&result)?;
    for (name, content) in files(recipe) {
        let path = workshop.path().join(name);
        fs::create_dir_all(path.parent().context("a path below the workshop")?)?;
        fs::write(path, content)?;
    }
    make(recipe, workshop.path(), &result)?;
    if matches!(recipe.source, Source::Wheel(_)) {
        let program = result.join(recipe.name);
        fs::write(&program, STARTER)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    fs::rename(&result, folder).with_context(|| format!("failed to put it to {}", folder.display()))
}

fn files(recipe: &Recipe) -> &'static [File] {
    match recipe.source {
        Source::Package(_) | Source::Wheel(_) => &[],
        Source::Files(files) | Source::Within(_, files) => files,
    }
}

/// The program that makes a tool.
fn maker(recipe: &Recipe) -> &'static str {
    match recipe.source {
        Source::Package(_) | Source::Files(_) | Source::Within(..) => "go",
        Source::Wheel(_) => "python3",
    }
}

fn arguments(recipe: &Recipe) -> Vec<String> {
    let mut linker = "-s -w".to_owned();
    for (symbol, value) in recipe.linked {
        linker += &format!(" -X {symbol}={value}");
    }
    let common = ["-trimpath", "-buildvcs=false", "-ldflags", &linker];
    let output = vec!["-o".to_owned(), format!("result/{}", recipe.name)];
    let (verb, rest) = match recipe.source {
        Source::Package(path) => ("install", vec![format!("{path}@{}", recipe.version)]),
        Source::Files(_) => ("build", output),
        Source::Within(package, _) => ("build", [output, vec![package.to_owned()]].concat()),
        Source::Wheel(package) => return pip(&format!("{package}=={}", recipe.version)),
    };
    let start = [verb].into_iter().chain(common).map(str::to_owned);
    start.chain(rest).collect()
}

fn pip(package: &str) -> Vec<String> {
    let install =
        "-m pip install --quiet --disable-pip-version-check --no-input --target result/lib";
    let words = install.split(' ').chain([package]);
    words.map(str::to_owned).collect()
}

fn make(recipe: &Recipe, workshop: &Path, result: &Path) -> Result<()> {
    let log = workshop.join("log");
    let output = fs::File::create(&log)?;
    let (program, arguments) = (maker(recipe), arguments(recipe));
    let mut child = Command::new(program)
        .args(&arguments)
        .current_dir(workshop)
        .env("GOBIN", result)
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .with_context(|| format!("{program} does not start"))?;
    let mut progress = Progress::new();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        progress.say(&format!(
            "building {} {}, once",
            recipe.name, recipe.version
        ));
        thread::sleep(Duration::from_millis(100));
    };
    if !status.success() {
        bail!(
            "{program} {} ended with {status}:\n{}",
            arguments.join(" "),
            tail(&log)
        );
    }
    Ok(())
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

fn require_go() -> Result<()> {
    let (major, minor) = GO;
    let needed = format!("install Go {major}.{minor} or later: https://go.dev/dl");
    let Ok(output) = Command::new("go").args(["env", "GOVERSION"]).output() else {
        bail!("there is no go on PATH; {needed}");
    };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match parse_go(&version) {
        Some(found) if found >= GO => Ok(()),
        _ => bail!("the go on PATH is {version:?}; {needed}"),
    }
}

fn parse_go(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("go")?.split(['.', 'r', 'b', '-', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// One line at once, and one each ten seconds after, with the time that has gone by.
struct Progress {
    started: Instant,
    next: Duration,
}

impl Progress {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            next: Duration::ZERO,
        }
    }

    fn say(&mut self, what: &str) {
        let elapsed = self.started.elapsed();
        if elapsed >= self.next {
            terminal::say(&format!("testbed: {what} ({} s)", elapsed.as_secs()));
            self.next = elapsed + SIGN_OF_LIFE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_version_is_read_whatever_follows_it() {
        assert_eq!(parse_go("go1.26.8"), Some((1, 26)));
        assert_eq!(parse_go("go1.27rc1"), Some((1, 27)));
        assert_eq!(parse_go("go1.26-custom X:arenas"), Some((1, 26)));
        assert_eq!(parse_go(""), None);
    }

    #[test]
    fn helm_is_linked_with_its_version() {
        let arguments = arguments(&super::super::HELM3).join(" ");
        assert!(arguments.ends_with("version.version=v3.22.0 helm.sh/helm/v3/cmd/helm@v3.22.0"));
    }
}
