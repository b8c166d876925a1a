//! A tool is built once, whoever else wants it, and a machine without Go is told so.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;
use testbed::wait_until;

/// A Go that builds in no time, once it may: a program that does nothing.
const GO: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
[ "$1" = env ] && { echo go1.99.0; exit; }
echo begun >>"$GO_LOG"
while [ ! -e "$GO_LOG.go-on" ]; do sleep 0.05; done
for last in "$@"; do
    case $last in result/*) printf '#!/bin/sh\nexit 3\n' >"$last" && chmod +x "$last" ;; esac
done
"#;

#[test]
fn of_two_who_want_one_tool_at_once_one_builds_and_the_other_waits() {
    let machine = Machine::with_go(GO);
    let first = machine.start();
    let log = machine.folder.path().join("log");
    let begun = || fs::read_to_string(&log).unwrap_or_default();
    wait_until("the build has begun", || match begun() {
        found if found == "begun\n" => Ok(()),
        found => Err(found),
    });
    let second = machine.start();
    wait_until("the second has come to the lock", || {
        holds_lock(second.id()).then_some(()).ok_or("it has not")
    });
    fs::write(log.with_added_extension("go-on"), "").unwrap();
    for child in [first, second] {
        // What was built starts no cluster.
        assert!(!child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(begun(), "begun\n", "it is built once");
}

#[test]
fn a_machine_without_go_or_with_an_old_one_is_told_what_to_install() {
    let old = Machine::with_go("#!/bin/sh\necho go1.20.1\n");
    says(
        &old.run(),
        "the go on PATH is \"go1.20.1\"; install Go 1.26 or later",
    );
    let none = Machine::with_go("");
    fs::remove_file(none.folder.path().join("bin/go")).unwrap();
    says(
        &none.run(),
        "there is no go on PATH; install Go 1.26 or later",
    );
}

/// A machine as a test needs it: with this Go, and nothing built yet.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn with_go(go: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("go"), go).unwrap();
        fs::set_permissions(bin.join("go"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// Starts a program that wants a cluster, which is the first tool to build.
    fn start(&self) -> Child {
        let folder = self.folder.path();
        Command::new(env!("CARGO_BIN_EXE_hold-cluster"))
            .env_clear()
            .env("PATH", folder.join("bin"))
            .env("GO_LOG", folder.join("log"))
            .env("TESTBED_CACHE", folder.join("cache"))
            .env("TESTBED_KWOK", "/dev/null")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn run(&self) -> Output {
        self.start().wait_with_output().unwrap()
    }
}

#[track_caller]
fn says(output: &Output, text: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(text), "{said}");
}

/// Whether a process has a lock's file open.
fn holds_lock(pid: u32) -> bool {
    let Ok(files) = fs::read_dir(Path::new("/proc").join(pid.to_string()).join("fd")) else {
        return false;
    };
    let names = files
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok());
    names
        .into_iter()
        .any(|path| path.extension().is_some_and(|kind| kind == "lock"))
}
