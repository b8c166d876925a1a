//! The tree of a release, as one uses it by its tag: the files of this repository, with the sums of
//! programs that a mirror has.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use testbed::mirror::Mirror;

use crate::site::Program;

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the plugin's repository is called.
const NAME: &str = "branch-deploys-buildkite-plugin";

/// The Rust target of the machine that runs the tests.
pub fn target() -> String {
    match std::env::consts::OS {
        "linux" => format!("{}-unknown-linux-musl", std::env::consts::ARCH),
        _ => format!("{}-apple-darwin", std::env::consts::ARCH),
    }
}

/// A program that says who it is and what it was told, in place of a real one.
pub fn stand_in(name: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho \"{name} runs: $BRANCH_DEPLOYS_PLUGIN_CONFIGURATION\"\n").into_bytes()
}

/// A compiled program without what only a debugger reads, which is most of it.
pub fn compiled(program: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let slim = folder.path().join("slim");
    let mut strip = Command::new("strip");
    let status = strip.arg("-o").arg(&slim).arg(program).status();
    assert!(status.expect("it comes with a C compiler").success());
    fs::read(slim).expect("it was just written")
}

pub struct Tree {
    folder: TempDir,
    pub mirror: Mirror,
}

impl Tree {
    /// A release without programs. Only what Git knows is in it.
    pub fn new() -> Self {
        let tree = Self {
            folder: TempDir::new().expect("a temporary folder"),
            mirror: Mirror::start(),
        };
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        let packages = ["plugin.yml", "action.yml", "hooks", "lib", "release"];
        let listed = git(ours, &[&["ls-files", "--"], &packages[..]].concat());
        for name in listed.lines() {
            let to = tree.path(name);
            fs::create_dir_all(to.parent().expect("it is in the tree")).expect("our own folder");
            fs::copy(ours.join(name), to).expect("Git knows it");
        }
        fs::write(tree.path("release/SHA256SUMS"), "").expect("our own file");
        tree
    }

    /// A release of `helm-apply` alone, by a stand-in.
    pub fn of_helm_apply() -> Self {
        let tree = Self::new();
        tree.release("helm-apply", &stand_in("helm-apply"));
        tree
    }

    /// Releases a program: its archive is at the mirror, and the sums are in the tree. The archive.
    pub fn release(&self, program: &str, content: &[u8]) -> Vec<u8> {
        self.release_for(&target(), program, content)
    }

    /// The same for any target.
    pub fn release_for(&self, target: &str, program: &str, content: &[u8]) -> Vec<u8> {
        let name = format!("{program}-{VERSION}-{target}");
        let archive = packed(program, content);
        let sums = format!(
            "{}  {name}\n{}  {name}.tar.xz\n",
            hex(content),
            hex(&archive)
        );
        fs::OpenOptions::new()
            .append(true)
            .open(self.path("release/SHA256SUMS"))
            .and_then(|mut file| file.write_all(sums.as_bytes()))
            .expect("our own file");
        let path = format!("/v{VERSION}/{name}.tar.xz");
        self.mirror.put(&path, archive.clone());
        archive
    }

    /// Commits it all as a repository of the plugin's name; what a step's `plugins` names it by.
    pub fn commit(&self) -> String {
        self.commit_as(NAME)
    }

    /// The same by another name.
    pub fn commit_as(&self, name: &str) -> String {
        let root = self.beside(name);
        if name != NAME {
            fs::rename(self.path(""), &root).expect("our own folder");
        }
        git(&root, &["init", "--quiet"]);
        git(&root, &["add", "--all"]);
        let me = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let commit = ["commit", "--quiet", "--message", "Release"];
        git(&root, &[&me[..], &commit].concat());
        git(&root, &["tag", "v1"]);
        format!("file://{}#v1", root.display())
    }

    /// A path in the tree.
    pub fn path(&self, name: &str) -> PathBuf {
        let root = self.beside(NAME);
        if name.is_empty() {
            root
        } else {
            root.join(name)
        }
    }

    /// A path beside the tree.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a program is in the cache.
    pub fn cached(&self, program: &str) -> PathBuf {
        let folder = format!("{program}-{VERSION}-{}", target());
        self.beside("cache").join(folder).join(program)
    }

    /// A hook with this configuration, as the agent hands it over: whole, and key by key.
    pub fn hook(&self, name: &str, configuration: &str) -> Program {
        let command = Command::new(self.path("hooks").join(name));
        self.started(command, configuration)
    }

    /// A command that starts a hook, with this configuration.
    pub fn started(&self, mut command: Command, configuration: &str) -> Program {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("BUILDKITE_PLUGIN_NAME", "BRANCH_DEPLOYS")
            .env("BUILDKITE_PLUGIN_CONFIGURATION", configuration)
            .env("BRANCH_DEPLOYS_MIRROR", self.mirror.url())
            .env("BRANCH_DEPLOYS_CACHE", self.beside("cache"))
            .current_dir(self.folder.path());
        let configuration: serde_json::Map<_, _> =
            serde_json::from_str(configuration).expect("the configuration is JSON");
        for (key, value) in configuration {
            export(
                &mut command,
                "BUILDKITE_PLUGIN_BRANCH_DEPLOYS",
                &key,
                &value,
            );
        }
        Program(command)
    }

    /// The hook that runs `helm-apply`.
    pub fn run(&self) -> Program {
        self.hook("command", r#"{"run":"helm-apply"}"#)
    }

    /// A program on a PATH of its own, before what a machine has.
    pub fn on_path(&self, program: &str, content: &[u8]) -> String {
        let folder = self.beside("bin");
        executable(&folder.join(program), content);
        format!("{}:/usr/bin:/bin", folder.display())
    }
}

/// Writes an executable file.
pub fn executable(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("our own folder");
    fs::write(path, content).expect("our own file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("our own file");
}

/// The archive of a program, by the tools that a release is made with; nobody waits for the last
/// byte here.
fn packed(program: &str, content: &[u8]) -> Vec<u8> {
    let folder = TempDir::new().expect("a temporary folder");
    executable(&folder.path().join(program), content);
    let packed = Command::new("tar")
        .env("XZ_OPT", "-0")
        .arg("-C")
        .arg(folder.path())
        .args(["-cJf", "-", program])
        .output()
        .expect("tar runs");
    assert!(packed.status.success(), "{packed:?}");
    packed.stdout
}

/// Where a program's archive is at a mirror.
pub fn archive_path(program: &str) -> String {
    format!("/v{VERSION}/{program}-{VERSION}-{}.tar.xz", target())
}

fn hex(content: &[u8]) -> String {
    format!("{:x}", Sha256::digest(content))
}

/// Exports a value as the agent does: what is in a list or a map by a variable of its own.
fn export(command: &mut Command, prefix: &str, key: &str, value: &serde_json::Value) {
    let variable = format!("{prefix}_{}", key.to_uppercase().replace('-', "_"));
    match value {
        serde_json::Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                export(command, &variable, &number.to_string(), item);
            }
        }
        serde_json::Value::Object(map) => {
            for (key, item) in map {
                export(command, &variable, key, item);
            }
        }
        value => drop(command.env(variable, text(value))),
    }
}

fn text(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Runs git in a folder; what it prints.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("names of ours")
}
