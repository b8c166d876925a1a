//! Where a program comes from, and what keeps another one from being run.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
};

use testbed::faults::{Effect, Gate, Matcher};

use super::tree::{Tree, archive_path, executable, stand_in};

const RUNS: &str = r#"helm-apply runs: {"run":"helm-apply"}"#;

#[test]
fn a_program_is_downloaded_once_and_verified_each_time() {
    let tree = Tree::of_helm_apply();
    tree.run().run().ends_with(0).says(RUNS);
    tree.run().run().ends_with(0).says(RUNS);
    assert_eq!(tree.mirror.asked(), [archive_path("helm-apply")]);
    let mut cached = fs::read(tree.cached("helm-apply")).unwrap();
    *cached.last_mut().unwrap() ^= 1;
    fs::write(tree.cached("helm-apply"), cached).unwrap();
    tree.run().run().refuses(1, "is not what was released");
    assert!(!tree.cached("helm-apply").exists());
    tree.run().run().ends_with(0).says(RUNS);
}

#[test]
fn a_program_that_is_given_is_used_as_it_is() {
    let tree = Tree::new();
    let folder = tree.beside("ours");
    executable(&folder.join("helm-apply"), &stand_in("helm-apply"));
    let run = || tree.run().env("BRANCH_DEPLOYS_PROGRAMS", &folder);
    run().run().ends_with(0).says(RUNS);
    fs::remove_file(folder.join("helm-apply")).unwrap();
    run().run().refuses(2, "there is no program /");
    let relative = tree.run().env("BRANCH_DEPLOYS_PROGRAMS", "ours");
    relative.run().refuses(2, "`programs` is no absolute path");
    assert_eq!(tree.mirror.asked(), [""; 0]);
}

#[test]
fn a_program_on_path_is_used_if_it_is_the_very_one() {
    let tree = Tree::of_helm_apply();
    let path = tree.on_path("helm-apply", &stand_in("helm-apply"));
    tree.run().env("PATH", &path).run().ends_with(0).says(RUNS);
    assert_eq!(tree.mirror.asked(), [""; 0]);

    // Another one of its name may do anything when it is started.
    let trap = format!("#!/bin/sh\n: > {}\n", tree.beside("started").display());
    tree.on_path("helm-apply", trap.as_bytes());
    tree.run().env("PATH", &path).run().ends_with(0).says(RUNS);
    assert!(!tree.beside("started").exists());
    assert_eq!(tree.mirror.asked(), [archive_path("helm-apply")]);

    // One that cannot be run is none, though bash tells of it.
    tree.on_path("helm-apply", &stand_in("helm-apply"));
    fs::set_permissions(
        tree.beside("bin/helm-apply"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    tree.run().env("PATH", &path).run().ends_with(0).says(RUNS);
}

#[test]
fn a_machines_own_settings_of_cd_and_curl_are_nothing_to_a_hook() {
    let tree = Tree::new();
    let archive = tree.release("helm-apply", &stand_in("helm-apply"));
    let home = tree.beside("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join(".curlrc"), "proxy = \"http://127.0.0.1:1\"\n").unwrap();
    let strange = "/[1-2]{a,b}";
    let at = format!("{strange}{}", archive_path("helm-apply"));
    tree.mirror.put(&at, archive);
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exec branch-deploys-buildkite-plugin/hooks/command"]);
    tree.started(shell, r#"{"run":"helm-apply"}"#)
        .env("HOME", &home)
        .env("CDPATH", tree.beside(""))
        .env("TAR_OPTIONS", "--list")
        .env("BRANCH_DEPLOYS_MIRROR", tree.mirror.url() + strange)
        .run()
        .ends_with(0)
        .says(RUNS);
    assert_eq!(tree.mirror.asked(), [at]);
}

#[test]
fn what_is_not_the_release_is_not_run_and_does_not_stay() {
    let path = archive_path("helm-apply");
    for (effect, says) in [
        (Effect::status(404), "404"),
        (
            Effect::html(200),
            "is not what was released: its SHA-256 is",
        ),
        (
            Effect::truncated_body(),
            "failed to download http://127.0.0.1",
        ),
        (Effect::cut_before(), "failed to download http://127.0.0.1"),
    ] {
        let tree = Tree::of_helm_apply();
        tree.mirror.faults().when(Matcher::get(&path)).then(effect);
        tree.run().run().refuses(1, says);
        nothing_stays(&tree);
    }
}

#[test]
fn no_more_is_downloaded_than_a_program_may_have() {
    let tree = Tree::of_helm_apply();
    let path = archive_path("helm-apply");
    tree.mirror.put(&path, vec![0; 20_000_001]);
    tree.run().run().refuses(1, "Maximum file size exceeded");
    nothing_stays(&tree);
}

#[test]
fn an_archive_with_one_byte_changed_is_refused() {
    let tree = Tree::of_helm_apply();
    let other = Tree::of_helm_apply();
    other.release("helm-apply", b"#!/bin/sh\necho changed\n");
    let tampered = tree
        .run()
        .env("BRANCH_DEPLOYS_MIRROR", other.mirror.url())
        .run();
    tampered.refuses(1, "answered is not what was released");
    nothing_stays(&tree);
}

#[test]
fn without_a_sum_nothing_is_asked_for() {
    let tree = Tree::new();
    tree.run().run().refuses(2, "this tree holds no SHA-256 of");
    fs::write(
        tree.path("release/SHA256SUMS"),
        format!("none  {}\n", archive_path("helm-apply")),
    )
    .unwrap();
    tree.run().run().refuses(2, "use the tag of a release");
    assert_eq!(tree.mirror.asked(), [""; 0]);
}

#[test]
fn of_two_jobs_at_once_on_a_cold_cache_one_downloads_and_both_run_the_whole_program() {
    let tree = Tree::of_helm_apply();
    let gate = Gate::default();
    let archive = Matcher::get(&archive_path("helm-apply"));
    tree.mirror
        .faults()
        .when(archive)
        .then(Effect::hold_after(&gate));
    let jobs = [tree.run().start(), tree.run().start()];
    gate.reached();
    gate.open();
    for job in jobs {
        job.end().ends_with(0).says(RUNS);
    }
    assert_eq!(tree.mirror.asked(), [archive_path("helm-apply")]);
    nothing_but_the_program_stays(&tree);
}

#[test]
fn who_was_killed_while_it_downloaded_is_not_waited_for() {
    let tree = Tree::of_helm_apply();
    let folder = tree.cached("helm-apply").parent().unwrap().to_owned();
    fs::create_dir_all(&folder).unwrap();
    let mut gone = Command::new("/bin/true").spawn().unwrap();
    gone.wait().unwrap();
    symlink(gone.id().to_string(), folder.join(".fetching")).unwrap();
    tree.run().run().ends_with(0).says(RUNS);
    nothing_but_the_program_stays(&tree);
}

fn nothing_but_the_program_stays(tree: &Tree) {
    let program = tree.cached("helm-apply");
    let entries = fs::read_dir(program.parent().unwrap()).unwrap();
    assert_eq!(entries.count(), 1);
}

#[test]
fn a_job_that_is_cancelled_while_it_downloads_leaves_nothing() {
    let tree = Tree::of_helm_apply();
    let gate = Gate::default();
    let archive = Matcher::get(&archive_path("helm-apply"));
    tree.mirror
        .faults()
        .when(archive)
        .then(Effect::hold_before(&gate));
    let job = tree.run().start();
    gate.reached();
    job.signal(rustix::process::Signal::TERM);
    assert_eq!(job.end_by_signal(), Some(15));
    nothing_stays(&tree);
}

#[test]
fn a_machine_that_there_are_no_programs_for_is_told_so() {
    let tree = Tree::of_helm_apply();
    let path = tree.on_path("uname", b"#!/bin/sh\necho Linux armv7l\n");
    let ran = tree.run().env("PATH", &path).run();
    ran.refuses(2, "there are no programs for Linux armv7l");
}

#[test]
fn a_machine_without_what_verifies_or_downloads_is_told_so() {
    let tree = Tree::of_helm_apply();
    let path = tree.beside("few");
    fs::create_dir(&path).unwrap();
    let has = |name: &str| {
        let real = ["/usr/bin", "/bin"].map(|folder| format!("{folder}/{name}"));
        let real = real.iter().find(|real| fs::exists(real).unwrap());
        real.map(|real| std::os::unix::fs::symlink(real, path.join(name)).unwrap())
    };
    let run = || tree.run().env("PATH", &path).run();
    for name in [
        "bash", "uname", "find", "mkdir", "mktemp", "rm", "ln", "chmod",
    ] {
        has(name).expect("every machine has it");
    }
    let verifier = ["openssl", "sha256sum", "shasum"];
    let verifier = verifier.into_iter().find(|name| has(name).is_some());
    for name in ["curl", "tar", "xz"] {
        run().refuses(2, &format!("nothing can be downloaded: install {name}, "));
        has(name).expect("the tests need it");
    }
    fs::remove_file(path.join(verifier.expect("a machine has one"))).unwrap();
    tree.run().run().ends_with(0);
    run().refuses(2, "neither it nor sha256sum nor shasum is on PATH");
    let verifies = ["openssl", "sha256sum", "shasum"].map(|name| {
        let there = has(name);
        if there.is_some() {
            run().ends_with(0).says(RUNS);
            fs::remove_file(path.join(name)).unwrap();
        }
        there
    });
    assert!(verifies.iter().any(Option::is_some));
}

#[test]
fn a_password_in_a_mirrors_address_is_not_told() {
    let tree = Tree::new();
    tree.release("helm-apply", &stand_in("helm-apply"));
    tree.mirror
        .faults()
        .when(Matcher::get("/**"))
        .then(Effect::status(403));
    for password in ["hunter2", "hunter2@hunter2", "hunter2/hunter2"] {
        let login = format!("http://ci:{password}@");
        let ours = tree.mirror.url().replace("http://", &login);
        let ran = tree.run().env("BRANCH_DEPLOYS_MIRROR", ours).run();
        assert!(!ran.to_string().contains("hunter2"), "{ran}");
        ran.refuses(1, "failed to download http://127.0.0.1");
    }
    for mirror in ["ftp://x", "http://x\" --output /tmp/x", "file:///etc"] {
        let ran = tree.run().env("BRANCH_DEPLOYS_MIRROR", mirror).run();
        ran.refuses(2, "`mirror` is no http or https address");
    }
}

fn nothing_stays(tree: &Tree) {
    let folder = tree.cached("helm-apply");
    let entries = fs::read_dir(folder.parent().unwrap()).unwrap();
    assert_eq!(entries.count(), 0, "of what was refused, nothing stays");
}
