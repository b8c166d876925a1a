//! What the cache may be, and what in it is not believed or not run.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
    time::{Duration, SystemTime},
};

use super::tree::{Tree, archive_path};

const RUNS: &str = r#"helm-apply runs: {"run":"helm-apply"}"#;

/// Somebody on the machine who is neither us nor root.
const SOMEBODY: u32 = 65534;

/// A tree whose program is in the cache already.
fn warm() -> Tree {
    let tree = Tree::of_helm_apply();
    tree.run().run().ends_with(0).says(RUNS);
    tree
}

fn close_to(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let tree = Tree::of_helm_apply();
    fs::write(tree.beside("file"), "").unwrap();
    let into = |cache: &str| tree.run().env("BRANCH_DEPLOYS_CACHE", cache).run();
    let below = tree.beside("file/cache").display().to_string();
    into(&below).refuses(2, "the cache cannot be written");
    into("cache").refuses(2, "`cache` is no absolute path");
    let homeless = tree.run().without("BRANCH_DEPLOYS_CACHE").run();
    homeless.refuses(2, "there is no HOME");
}

#[test]
fn a_cache_that_is_there_already_need_not_be_written() {
    let tree = Tree::of_helm_apply();
    tree.run().run().ends_with(0);
    let folder = tree.beside("cache");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    tree.run().run().ends_with(0).says(RUNS);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_cache_that_others_can_write_into_is_refused() {
    let tree = Tree::of_helm_apply();
    tree.run().run().ends_with(0);
    let folder = tree.beside("cache");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    tree.run().run().refuses(2, "is open to others");
}

#[test]
fn what_others_can_change_in_the_cache_is_not_run() {
    let tree = warm();
    let program = tree.cached("helm-apply");
    let paths = [&tree.beside("cache"), program.parent().unwrap(), &*program];
    for path in paths {
        let told = |what: &str| {
            let says = format!("{} is open to others, or somebody else's", path.display());
            let ran = tree.run().run();
            assert!(ran.stderr.contains(&says), "{what}: {ran}");
            ran.refuses(2, "close it (chmod go-w), or name another");
        };
        for mode in [0o775, 0o757] {
            close_to(path, mode);
            told(&format!("{mode:o}"));
        }
        close_to(path, 0o755);
        // Only root can give a file away.
        if chown(path, Some(SOMEBODY), None).is_ok() {
            told("somebody's");
            chown(path, Some(0), None).unwrap();
        }
    }
    tree.run().run().ends_with(0).says(RUNS);
}

#[test]
fn a_cache_behind_a_link_is_as_closed_as_the_folder_is() {
    let tree = warm();
    symlink(tree.beside("cache"), tree.beside("link")).unwrap();
    let run = || {
        tree.run()
            .env("BRANCH_DEPLOYS_CACHE", tree.beside("link"))
            .run()
    };
    run().ends_with(0).says(RUNS);
    close_to(&tree.beside("cache"), 0o777);
    run().refuses(2, "/link is open to others");
    close_to(&tree.beside("cache"), 0o755);
    assert_eq!(tree.mirror.asked(), [archive_path("helm-apply")]);
}

#[test]
fn what_stands_in_a_programs_place_and_is_none_is_named() {
    let tree = warm();
    let program = tree.cached("helm-apply");
    let elsewhere = tree.beside("elsewhere");
    fs::rename(&program, &elsewhere).unwrap();
    // Even the right one: nobody looks at who can write to its folder.
    symlink(&elsewhere, &program).unwrap();
    tree.run()
        .run()
        .refuses(2, "is a link, where a program belongs: remove it");
    assert!(elsewhere.exists() && program.is_symlink());
    fs::remove_file(&program).unwrap();
    fs::create_dir(&program).unwrap();
    tree.run()
        .run()
        .refuses(2, "is no file, where a program belongs: remove it");
    assert!(program.is_dir());
}

#[test]
fn a_cached_program_that_may_not_be_run_is_repaired() {
    let tree = warm();
    for mode in [0o644, 0o000] {
        close_to(&tree.cached("helm-apply"), mode);
        tree.run().run().ends_with(0).says(RUNS);
    }
    assert_eq!(tree.mirror.asked(), [archive_path("helm-apply")]);
}

#[test]
fn what_a_killed_download_left_is_removed_by_a_later_run() {
    let tree = warm();
    let folder = tree.cached("helm-apply").parent().unwrap().to_owned();
    let name = folder.file_name().unwrap().to_str().unwrap();
    let older = folder.with_file_name(name.replace("helm-apply-", "helm-apply-0."));
    let others = folder.with_file_name(name.replace("helm-apply", "deploy"));
    let age = |path: &Path, minutes: u64| {
        let then = SystemTime::now() - Duration::from_secs(60 * minutes);
        File::open(path).unwrap().set_modified(then).unwrap();
    };
    // The folder's age, that of what is downloaded in it, and whether it is a killed one's.
    for (folder, part, its, inside, goes) in [
        (&folder, ".part-aaaaaa", 90, 80, true),
        (&folder, ".part-bbbbbb", 90, 10, false),
        (&folder, ".part-cccccc", 10, 10, false),
        (&folder, "mine-aaaaaa", 90, 90, false),
        (&older, ".part-aaaaaa", 90, 90, true),
        (&others, ".part-aaaaaa", 90, 90, false),
    ] {
        let part = folder.join(part);
        fs::create_dir_all(&part).unwrap();
        fs::write(part.join("archive"), "half").unwrap();
        age(&part.join("archive"), inside);
        age(&part, its);
        tree.run().run().ends_with(0).says(RUNS);
        assert_eq!(part.exists(), !goes, "{}", part.display());
    }
    if chown(folder.join(".part-bbbbbb"), Some(SOMEBODY), None).is_ok() {
        age(&folder.join(".part-bbbbbb/archive"), 90);
        tree.run().run().ends_with(0);
        assert!(folder.join(".part-bbbbbb").exists(), "it is not ours");
    }
}
