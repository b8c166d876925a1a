//! `deploy`: from a laptop's work tree to an address.

mod work_tree;

use std::time::{Duration, Instant};

use rustix::process::Signal;
use testbed::{
    faults::{Effect, Gate, Matcher},
    github::{Deployment, DeploymentState, NewStatus, User},
    registry::{Login, Registry},
};

use self::work_tree::WorkTree;
use crate::{site::Running, terminal::Terminal};

const BUILD: &str = "https://buildkite.com/acme/hey-deploy/builds/812";
const ADDRESS: &str = "https://new.beta.example.com";

fn theirs(state: DeploymentState) -> NewStatus {
    NewStatus::bare(state, User::bot("buildkite")).log(BUILD)
}

fn ours(state: DeploymentState, words: &str) -> NewStatus {
    NewStatus::bare(state, User::bot("deployer")).saying(&format!("branch-deploys: {words}"))
}

/// Waits for the deployment that is asked for.
fn asked(tree: &WorkTree) -> Deployment {
    tree.forge.repository.wait_for_deployment(|_| true)
}

fn succeeds(tree: &WorkTree, running: Running) -> crate::site::Ran {
    let id = asked(tree).id;
    let up = ours(DeploymentState::Success, "200").at(ADDRESS);
    tree.forge.repository.post(id, up);
    running.end().ends_with(0)
}

#[test]
fn what_is_checked_out_is_deployed_and_followed_to_its_address() {
    let tree = WorkTree::pushed("new");
    let running = tree.deploy(["beta"]).start();
    let deployment = asked(&tree);
    assert_eq!(deployment.sha, tree.head());
    assert_eq!(deployment.reference, "new");
    assert_eq!(deployment.environment, "beta");
    assert_eq!(deployment.task, "branch-deploys:hey");
    assert_eq!(deployment.payload["deployed_by"], "Jane");
    let repository = &tree.forge.repository;
    repository.post(deployment.id, theirs(DeploymentState::Pending));
    repository.post(
        deployment.id,
        ours(DeploymentState::InProgress, "deploying"),
    );
    tree.wait_until_read(deployment.id);
    let answering = format!("every release is ready, waiting for {ADDRESS}");
    repository.post(deployment.id, ours(DeploymentState::InProgress, &answering));
    tree.wait_until_read(deployment.id);
    let up = ours(DeploymentState::Success, "200").at(ADDRESS);
    repository.post(deployment.id, up);
    let begun = Instant::now();
    let ran = running.end().ends_with(0);
    assert!(begun.elapsed() < Duration::from_secs(5), "{ran}");

    let lines: Vec<_> = ran.stdout.lines().map(without_times).collect();
    assert_eq!(
        lines,
        [
            "[…] Queueing deploy",
            "[✔] Queueing deploy",
            "[…] Waiting for the deploy build to complete",
            &format!("[…] Waiting for the deploy build to complete: {BUILD}"),
            &format!("[✔] Waiting for the deploy build to complete: {BUILD}"),
            "[…] Kubernetes deploy complete, waiting for the app to answer",
            "[✔] Kubernetes deploy complete, waiting for the app to answer",
            "",
            &format!("Deploy success! App URL: {ADDRESS}"),
        ]
    );
}

/// A line without the time that a step took.
fn without_times(line: &str) -> &str {
    let cut = line.rfind(" (").filter(|_| line.ends_with(" s)"));
    cut.map_or(line, |at| &line[..at])
}

#[test]
fn the_laptop_session_of_the_readme_is_what_a_terminal_shows() {
    let tree = WorkTree::pushed("new");
    let registry = logged_in(&tree);
    registry.push("hey", &tree.head(), "linux/amd64");
    let image = format!("{}/hey:{{commit}}", registry.host());
    let terminal = Terminal::run(tree.deploy(["beta", "--image", &image]), 110);
    let id = asked(&tree).id;
    let repository = &tree.forge.repository;
    repository.post(id, theirs(DeploymentState::Pending));
    terminal.wait_for(&format!(
        "] Waiting for the deploy build to complete: {BUILD}"
    ));
    let screen = terminal.screen();
    assert!(!screen.contains("[✔] Waiting for the deploy"), "{screen}");
    let answering = format!("every release is ready, waiting for {ADDRESS}");
    repository.post(id, ours(DeploymentState::InProgress, &answering));
    terminal.wait_for("] Kubernetes deploy complete");
    let up = ours(DeploymentState::Success, "200").at(ADDRESS);
    repository.post(id, up);
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");

    let readme = include_str!("../README.md");
    let (_, session) = readme.split_once("    $ deploy beta\n").expect("a session");
    let (session, _) = session.split_once("\n## ").expect("it ends");
    let session: Vec<_> = session.trim_end().lines().map(str::trim).collect();
    let commit = format!("of {}", &tree.head()[..7]);
    let screen = screen.replace(&commit, "of 4f2a91c");
    let alike = |line| without_times(line).to_owned();
    let shown: Vec<_> = screen.lines().map(|line| alike(line.trim_end())).collect();
    assert_eq!(shown, session.into_iter().map(alike).collect::<Vec<_>>());
}

#[test]
fn sixty_columns_show_the_whole_address_of_the_deploy_build() {
    let tree = WorkTree::pushed("new");
    let terminal = Terminal::run(tree.deploy(["beta"]), 60);
    let id = asked(&tree).id;
    let repository = &tree.forge.repository;
    repository.post(id, theirs(DeploymentState::Pending));
    terminal.wait_for(&format!("[…] {BUILD}"));
    repository.post(id, ours(DeploymentState::Success, "200").at(ADDRESS));
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
}

/// A registry, to which whoever works in the tree has logged in.
fn logged_in(tree: &WorkTree) -> Registry {
    let registry = Registry::start(Login::Password);
    let docker = tree.forge.path(".docker");
    std::fs::create_dir(&docker).expect("a folder");
    let config = docker.join("config.json");
    std::fs::write(config, registry.docker_config()).expect("a file of our own");
    registry
}

#[test]
fn the_base_image_is_waited_for_before_anything_is_queued() {
    let tree = WorkTree::pushed("new");
    let registry = logged_in(&tree);
    let image = format!("{}/hey:{{commit}}", registry.host());
    let gate = Gate::default();
    let asked_for = Matcher::any("/v2/hey/manifests/*").once();
    registry
        .faults()
        .when(asked_for)
        .then(Effect::hold_before(&gate));
    let running = tree.deploy(["--image", &image]).start();
    gate.reached();
    assert!(tree.forge.repository.deployments().is_empty());
    registry.push("hey", &tree.head(), "linux/amd64");
    gate.open();
    let ran = succeeds(&tree, running);
    ran.says(&format!(
        "[✔] Waiting for the base image of {}",
        &tree.head()[..7]
    ));
}

#[test]
fn what_failed_is_told_at_the_end() {
    let tree = WorkTree::pushed("new");
    let running = tree.deploy([]).start();
    let id = asked(&tree).id;
    let failed = ours(
        DeploymentState::Failure,
        "Deploy failed: hey-new: image not found",
    )
    .log(BUILD);
    tree.forge.repository.post(id, failed);
    running
        .end()
        .ends_with(1)
        .says("[✘] Waiting for the deploy build to complete")
        .says(&format!(
            "\nDeploy failed: hey-new: image not found (log: {BUILD})"
        ));
}

#[test]
fn migrations_and_keeping_are_asked_for() {
    let tree = WorkTree::pushed("new");
    let running = tree
        .deploy(["-m", "--keep-for", "14d"])
        .env("BRANCH_DEPLOYS_MIGRATE", "false")
        .start();
    let payload = asked(&tree).payload;
    assert_eq!(payload["migrate"], true);
    assert_eq!(payload["keep_for"], "14d");
    succeeds(&tree, running);
}

#[test]
fn commits_that_are_not_pushed_are_not_deployed() {
    let tree = WorkTree::pushed("new");
    tree.commit();
    tree.deploy([])
        .run()
        .refuses(2, "HEAD is not pushed: git push");
    tree.commit();
    tree.deploy([])
        .run()
        .refuses(2, "2 commits are not pushed: git push");
    let unknown = WorkTree::new("other");
    unknown
        .deploy([])
        .run()
        .refuses(2, "GitHub shows no branch other: push it");
    assert!(tree.forge.repository.deployments().is_empty());
}

#[test]
fn a_branch_that_others_pushed_to_is_pulled_first() {
    let tree = WorkTree::pushed("new");
    tree.git(&["checkout", "--quiet", "HEAD~1"]);
    tree.git(&["branch", "--force", "new"]);
    tree.git(&["checkout", "--quiet", "new"]);
    tree.deploy([])
        .run()
        .refuses(2, "new is 1 ahead of HEAD at GitHub");
    tree.forge.repository.push("new");
    tree.deploy([])
        .run()
        .refuses(2, "HEAD is not what GitHub has of new");
}

#[test]
fn uncommitted_changes_are_warned_of() {
    let tree = WorkTree::pushed("new");
    tree.change();
    let running = tree.deploy([]).start();
    let ran = succeeds(&tree, running);
    ran.says(&format!("what is deployed is {}", &tree.head()[..7]));
}

#[test]
fn a_detached_head_and_no_work_tree_ask_for_the_branch() {
    let tree = WorkTree::pushed("new");
    tree.git(&["checkout", "--quiet", "--detach"]);
    tree.deploy([])
        .run()
        .refuses(2, "HEAD is detached: give the branch by --branch");
    let nowhere = tree.forge.path("nowhere");
    std::fs::create_dir(&nowhere).expect("a folder");
    let mut program = tree.deploy(["--repository", "acme/hey"]);
    program.0.current_dir(&nowhere);
    program
        .run()
        .refuses(2, "--branch is missing, and no work tree tells it");
}

#[test]
fn another_branch_is_deployed_as_github_has_it() {
    let tree = WorkTree::pushed("new");
    let commit = tree.forge.repository.push("other");
    let running = tree.deploy(["--branch", "other"]).start();
    assert_eq!(asked(&tree).sha, commit);
    succeeds(&tree, running);
}

#[test]
fn an_older_commit_is_deployed_on_purpose() {
    let tree = WorkTree::pushed("new");
    let older = tree.git(&["rev-parse", "HEAD~1"]);
    let running = tree.deploy(["--commit", &older]).start();
    let deployment = asked(&tree);
    assert_eq!(deployment.reference, older);
    assert_eq!(deployment.payload["branch"], "new");
    succeeds(&tree, running);
}

#[test]
fn of_several_remotes_the_one_that_the_branch_is_pushed_to_counts() {
    let tree = WorkTree::pushed("new");
    tree.git(&["remote", "rename", "origin", "fork"]);
    tree.git(&["remote", "add", "team", "https://github.com/acme/hey.git"]);
    tree.git(&["config", "--unset-all", "branch.new.remote"]);
    tree.deploy([])
        .run()
        .refuses(2, "several remotes (fork, team): give --repository");
    tree.git(&["config", "branch.new.remote", "team"]);
    let running = tree.deploy([]).start();
    succeeds(&tree, running);
}

#[test]
fn the_token_of_gh_serves_where_no_other_is_set() {
    let tree = WorkTree::pushed("new");
    let without = || tree.deploy([]).without("GITHUB_TOKEN");
    without()
        .run()
        .refuses(2, "log in by gh auth login, or give a GitHub App");
    let token = &tree.forge.token;
    // Of no other host: a token of github.com is none of an Enterprise's business.
    let asked = "auth token --hostname 127.0.0.1";
    let folder = tree.tool("gh", &format!("[ \"$*\" = '{asked}' ] && echo {token}"));
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let running = without().env("PATH", path).start();
    let ran = succeeds(&tree, running);
    assert!(!ran.to_string().contains(token.as_str()));
}

#[test]
fn a_git_that_never_ends_to_tell_is_one_clear_line() {
    let tree = WorkTree::pushed("new");
    let folder = tree.tool("git", "head -c 40000000 /dev/zero");
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let ran = tree.deploy([]).env("PATH", path).run();
    ran.ends_with(2).says("it writes more than 16 MiB");
}

#[test]
fn who_presses_ctrl_c_is_told_where_the_deploy_goes_on() {
    let tree = WorkTree::pushed("new");
    let running = tree.deploy([]).start();
    let id = asked(&tree).id;
    tree.forge
        .repository
        .post(id, theirs(DeploymentState::Pending));
    tree.wait_until_read(id);
    tree.wait_until_read(id);
    running.signal(Signal::INT);
    running
        .end()
        .ends_with(130)
        .says(&format!("the deploy goes on at {BUILD}"));
}

#[test]
fn who_presses_ctrl_c_while_it_is_queued_is_not_told_that_nothing_is() {
    let tree = WorkTree::pushed("new");
    let gate = Gate::default();
    let asking = Matcher::post("/repos/acme/hey/deployments").once();
    let faults = tree.forge.github.faults();
    faults.when(asking).then(Effect::hold_after(&gate));
    let running = tree.deploy([]).start();
    asked(&tree);
    running.signal(Signal::INT);
    running
        .end()
        .ends_with(130)
        .says("whether it was, see")
        .says("/acme/hey/deployments");
    gate.open();
}

#[test]
fn of_two_builds_the_one_that_lands_it_is_shown() {
    let tree = WorkTree::pushed("new");
    let running = tree.deploy([]).start();
    let id = asked(&tree).id;
    let others = "https://buildkite.com/acme/other-deploy/builds/5";
    let repository = &tree.forge.repository;
    let pending = NewStatus::bare(DeploymentState::Pending, User::bot("buildkite"));
    repository.post(id, pending.log(others));
    tree.wait_until_read(id);
    let job = format!("{BUILD}#job");
    let landing = ours(DeploymentState::InProgress, "deploying").log(&job);
    repository.post(id, landing);
    tree.wait_until_read(id);
    running.signal(Signal::INT);
    running
        .end()
        .ends_with(130)
        .says(&format!("the deploy goes on at {job}"));
}

#[test]
fn a_tag_of_the_same_name_does_not_hide_the_branch() {
    let tree = WorkTree::pushed("new");
    tree.git(&["tag", "new"]);
    let running = tree.deploy([]).start();
    assert_eq!(asked(&tree).payload["branch"], "new");
    succeeds(&tree, running);
}

#[test]
fn a_token_in_the_address_of_a_remote_is_not_shown() {
    let tree = WorkTree::pushed("new");
    let address = "https://me:hush@git.example.com/team/acme/hey.git";
    tree.git(&["remote", "set-url", "origin", address]);
    let ran = tree.deploy([]).run();
    assert!(!ran.to_string().contains("hush"), "{ran}");
    ran.refuses(2, "the remote https://git.example.com/team/acme/hey.git");
}

#[test]
fn no_deploy_build_within_a_minute_says_where_to_look() {
    let tree = WorkTree::pushed("new");
    tree.deploy(["--timeout", "62s"])
        .run()
        .ends_with(4)
        .says("no deploy build within 1 min")
        .says("/acme/hey/settings/hooks");
}

#[test]
fn a_teams_own_command_is_three_lines() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hey/bin/deploy");
    let text = std::fs::read_to_string(script).expect("the example is there");
    assert_eq!(text.lines().count(), 3, "{text}");
    let tree = WorkTree::pushed("new");
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_deploy")).parent();
    let programs = programs.expect("it is in a folder").display();
    let running = tree
        .program(script, ["beta", "--output", "json"])
        .env("PATH", format!("{programs}:/usr/bin:/bin"))
        .start();
    let ran = succeeds(&tree, running);
    let result: serde_json::Value = serde_json::from_str(&ran.stdout).expect("one document");
    assert_eq!(result["state"], "success");
    assert_eq!(result["url"], "https://new.beta.example.com");
}
