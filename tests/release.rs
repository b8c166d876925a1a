//! What is drafted as a release, and what of it is published: by a gh that shows what GitHub would.

use std::{fs, path::PathBuf, process::Command};

use crate::{
    plugin::tree::{Tree, VERSION, executable, git, stand_in},
    settings::PROGRAMS,
    site::Program,
};

const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

const REPOSITORY: &str = "acme/branch-deploys-buildkite-plugin";

/// GitHub's client. Its releases are those of a file, after the filter that it is given.
const GH: &str = r#"#!/bin/sh
echo "$*" >>"$SHOWN/asked"
case "$1 $2" in
'api --method') ;;
api*) jq -r "$5" <"$SHOWN/releases" ;;
'release download') cp "$SHOWN"/drafted/* "$5" ;;
'release create') ;;
'attestation verify') ! grep -qx "${3##*/}" "$SHOWN/unattested" ;;
*) exit 9 ;;
esac
"#;

/// A release that was built, reviewed and tagged.
struct Release(Tree);

impl Release {
    fn new() -> Self {
        let tree = Tree::new();
        let shown = tree.beside("shown");
        fs::create_dir_all(shown.join("drafted")).unwrap();
        for target in TARGETS {
            for program in PROGRAMS {
                let program = program.rsplit('/').next().unwrap();
                let archive = tree.release_for(target, program, &stand_in(program));
                let name = format!("drafted/{program}-{VERSION}-{target}.tar.xz");
                fs::write(shown.join(name), archive).unwrap();
            }
        }
        executable(&tree.beside("bin/gh"), GH.as_bytes());
        fs::write(shown.join("unattested"), "").unwrap();
        let release = Self(tree);
        release.releases(&[("true", 7)]);
        release.0.commit();
        release.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        release
    }

    fn git(&self, arguments: &[&str]) {
        let me = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        git(&self.0.path(""), &[&me[..], arguments].concat());
    }

    fn shown(&self, name: &str) -> PathBuf {
        self.0.beside("shown").join(name)
    }

    fn archive(&self) -> PathBuf {
        self.shown(&format!("drafted/deploy-{VERSION}-{}.tar.xz", TARGETS[3]))
    }

    /// What GitHub has of this tag: whether it is a draft, and its number.
    fn releases(&self, found: &[(&str, u32)]) {
        let of = |(draft, id): &(&str, u32)| {
            format!(r#"{{"tag_name":"v{VERSION}","draft":{draft},"id":{id}}}"#)
        };
        let mut all: Vec<_> = found.iter().map(of).collect();
        all.push(r#"{"tag_name":"v0.0.9","draft":false,"id":1}"#.to_owned());
        fs::write(self.shown("releases"), format!("[{}]", all.join(","))).unwrap();
    }

    fn asked(&self, what: &str) -> Vec<String> {
        let asked = fs::read_to_string(self.shown("asked")).unwrap_or_default();
        let asked = asked.lines().filter(|line| line.starts_with(what));
        asked.map(str::to_owned).collect()
    }

    fn script(&self, name: &str) -> Program {
        let mut command = Command::new(self.0.path("release").join(name));
        command
            .env_clear()
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.0.beside("bin").display()),
            )
            .env("SHOWN", self.0.beside("shown"))
            .env("GITHUB_SERVER_URL", "https://github.com")
            .env("GITHUB_REPOSITORY", REPOSITORY)
            .env("GITHUB_REF_NAME", format!("v{VERSION}"))
            .env("GITHUB_SHA", "a".repeat(40));
        Program(command)
    }

    #[track_caller]
    fn is_refused(&self, says: &str) {
        let ran = self.script("reviewed.sh").run();
        let told = ran
            .stderr
            .lines()
            .any(|line| line.starts_with("error: ") && line.contains(says));
        assert!(told && ran.status == 1, "no error says `{says}`: {ran}");
    }
}

#[test]
fn what_was_reviewed_is_fit_to_be_published() {
    let release = Release::new();
    release.script("reviewed.sh").run().ends_with(0);
    let verified = release.asked("attestation verify");
    assert_eq!(verified.len(), TARGETS.len() * PROGRAMS.len());
    assert!(verified[0].contains("--source-ref refs/heads/main --signer-workflow acme/"));
}

#[test]
fn a_tag_that_is_not_on_main_is_not_published() {
    let release = Release::new();
    release.git(&["commit", "--quiet", "--allow-empty", "--message", "Aside"]);
    release.is_refused("is not on main");
    release.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    release.script("reviewed.sh").run().ends_with(0);
    // Where the tag's commit is an older one of main.
    release.git(&["checkout", "--quiet", "HEAD~1"]);
    release.script("reviewed.sh").run().ends_with(0);
    let other = release
        .script("reviewed.sh")
        .env("GITHUB_REF_NAME", "v9.9.9");
    other
        .run()
        .refuses(1, "the tag is v9.9.9, and the tree's version is");
    let fork = release
        .script("reviewed.sh")
        .env("GITHUB_REPOSITORY", "eve/deploys");
    fork.run()
        .refuses(1, "release/url is not https://github.com/eve/deploys");
    assert_eq!(release.asked("release download").len(), 2);
}

#[test]
fn a_draft_that_holds_anything_else_is_not_published() {
    let release = Release::new();
    let archive = release.archive();
    let whole = fs::read(&archive).unwrap();
    fs::remove_file(&archive).unwrap();
    release.is_refused("does not hold just the archives");
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&archive, changed).unwrap();
    release.is_refused("is not what was released");
    fs::write(&archive, whole).unwrap();
    let more = release.shown("drafted/install.sh");
    fs::write(&more, "").unwrap();
    release.is_refused("does not hold just the archives");
    fs::remove_file(more).unwrap();
    let name = archive.file_name().unwrap().to_str().unwrap();
    fs::write(release.shown("unattested"), name).unwrap();
    release.is_refused("nobody attests that deploy-");
}

#[test]
fn a_program_that_is_not_the_one_of_the_sums_is_not_published() {
    let release = Release::new();
    let sums = release.0.path("release/SHA256SUMS");
    let text = fs::read_to_string(&sums).unwrap();
    let line = format!("  deploy-{VERSION}-{}\n", TARGETS[3]);
    let at = text.find(&line).unwrap() - 64;
    let other = [&text[..at], &"0".repeat(64), &text[at + 64..]].concat();
    fs::write(&sums, other).unwrap();
    release.is_refused("the program in deploy-");
    let without = [&text[..at], &text[at + 64 + line.len()..]].concat();
    fs::write(&sums, without).unwrap();
    let ran = release.script("reviewed.sh").run();
    ran.refuses(2, "this tree holds no SHA-256 of deploy-");
}

#[test]
fn one_draft_and_no_more_is_published() {
    let release = Release::new();
    for found in [
        &[][..],
        &[("true", 7), ("true", 8)],
        &[("false", 7)],
        &[("false", 7), ("true", 8)],
    ] {
        release.releases(found);
        release.is_refused("there is not one draft of");
    }
}

#[test]
fn a_second_draft_takes_the_place_of_the_first() {
    let release = Release::new();
    let draft = || {
        let script = release.script("draft.sh");
        script
            .args([&release.shown("drafted").display().to_string()])
            .run()
    };
    release.releases(&[("true", 7), ("true", 8)]);
    draft().ends_with(0);
    let deleted = [7, 8].map(|id| format!("api --method DELETE repos/{REPOSITORY}/releases/{id}"));
    assert_eq!(release.asked("api --method"), deleted);
    release.releases(&[]);
    draft().ends_with(0);
    assert_eq!(release.asked("api --method").len(), 2);
    let created = release.asked("release create");
    assert_eq!(created.len(), 2);
    assert!(
        created[0].contains(" --draft --target aaaa"),
        "{}",
        created[0]
    );

    release.releases(&[("true", 7), ("false", 8)]);
    draft().refuses(1, "is released: another version goes into release/version");
    assert_eq!(release.asked("api --method").len(), 2);
    assert_eq!(release.asked("release create").len(), 2);
}

#[test]
fn what_is_published_is_what_is_built_for() {
    let workflow = include_str!("../.github/workflows/release.yml");
    let built = workflow
        .lines()
        .filter_map(|line| line.split_once("{target: "));
    let built: Vec<_> = built
        .filter_map(|(_, rest)| rest.split(',').next())
        .collect();
    assert_eq!(built, TARGETS);
    let listed = format!("\ntargets='{}'\n", TARGETS.join(" "));
    assert!(include_str!("../release/releases.sh").contains(&listed));
}
