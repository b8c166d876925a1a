//! Branches of every name go up under names of their own, and come down.

use serde_json::json;
use testbed::tools::Tool;

use crate::site::{Site, companion, echo};

/// Takes each branch up, all of them beside each other, and then down.
fn go_up_and_down(site: &Site, helm: Tool, branches: &[&str]) {
    for branch in branches {
        let deployment = site.push(branch);
        site.helm_apply(helm, deployment)
            .release(&echo(json!({"given": {"text": "{branch}"}})))
            .run()
            .ends_with(0);
    }
    let leases = site.namespace.objects("Lease");
    assert_eq!(
        leases.len(),
        branches.len(),
        "each has a name of its own: {leases:?}"
    );
    let mut told: Vec<_> = leases
        .iter()
        .map(|name| {
            assert_eq!(
                site.record(name)["branch"],
                site.echoed(name, "branch")["branch"]
            );
            assert_eq!(
                site.echoed(name, "given")["text"],
                site.echoed(name, "branch")["branch"]
            );
            site.echoed(name, "branch")["branch"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    told.sort();
    let mut expected = branches.to_vec();
    expected.sort();
    assert_eq!(
        told, expected,
        "each chart is told the branch as Git spells it"
    );

    for branch in branches {
        site.repository.delete_branch(branch);
        site.sweep_deleted(helm, branch).run().ends_with(0);
    }
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn hostile_branches_go_up_and_come_down() {
    let branches = [
        "feature/Ünïcode",
        "$(rm${IFS}-rf${IFS}/)",
        "a'b\"c;d,e=f",
        "{commit}",
        "-leading",
        "§±%&<>|!#",
        "%3A%3Awarning%3A%3Ax",
    ];
    go_up_and_down(&Site::new("hostile"), Tool::Helm3, &branches);
}

#[test]
fn branches_that_differ_little_do_not_meet() {
    let long = "x".repeat(250);
    let branches = [
        "xn--x",
        "a--b",
        "a-b",
        "A-b",
        "a/b",
        "production",
        &long[..249],
        &long,
    ];
    go_up_and_down(&Site::new("alike"), Tool::Helm4, &branches);
}

#[test]
fn a_branch_does_not_meet_anothers_companion() {
    let site = Site::new("companion");
    let deploy = |branch: &str, releases: &[_]| {
        let deployment = site.push(branch);
        let program = site.helm_apply(Tool::Helm3, deployment);
        releases
            .iter()
            .fold(program, |program, release| program.release(release))
            .run()
            .ends_with(0);
    };
    deploy("foo", &[echo(json!({})), companion("redis", json!({}))]);
    deploy("foo-redis", &[echo(json!({}))]);
    assert_eq!(site.namespace.release_revisions("hey-foo--redis").len(), 1);
    assert_eq!(site.namespace.release_revisions("hey-foo-redis").len(), 1);

    site.repository.delete_branch("foo");
    site.sweep_deleted(Tool::Helm3, "foo").run().ends_with(0);
    assert_eq!(site.namespace.objects("Lease"), ["hey-foo-redis"]);
    assert_eq!(
        site.namespace.release_revisions("hey-foo-redis"),
        [(1, "deployed".into())]
    );
}

#[test]
fn a_branch_that_cannot_be_deployed_is_refused() {
    let site = Site::new("no-branch-name");
    let commit = site.repository.push("new");
    for (branch, says) in [
        ("{{.Values.x}}", "--branch: a branch that holds `{{`"),
        ("a..b", "holds no `..`"),
        ("a\nb", "holds no control characters"),
        (&*"x".repeat(256), "at most 255 bytes"),
    ] {
        site.helm_apply_alone(Tool::Helm4)
            .release(&echo(json!({})))
            .args(["--branch", branch, "--commit", &commit])
            .run()
            .refuses(2, says);
    }
    // Git takes no spaces, so GitHub has no such branch.
    site.helm_apply_alone(Tool::Helm4)
        .release(&echo(json!({})))
        .args(["--branch", "$(rm -rf /)", "--commit", &commit])
        .run()
        .ends_with(3);
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_tag_of_the_same_name_is_not_the_branch() {
    let site = Site::new("tag");
    site.repository.tag("v1");
    go_up_and_down(&site, Tool::Helm4, &["v1"]);
}

#[test]
fn a_deployment_whose_branch_cannot_be_deployed_is_refused() {
    let site = Site::new("bad-payload");
    site.repository.push("new");
    let deployment = site.queue_with("new", json!({"branch": "{{.Values.x}}"}));
    site.helm_apply(Tool::Helm3, deployment)
        .release(&json!({"chart": "charts/redis"}))
        .run()
        .refuses(2, "a branch that holds `{{` is not deployed");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_branch_does_not_choose_the_host() {
    let site = Site::new("branch-in-url");
    let deployment = site.push("new");
    site.helm_apply(Tool::Helm4, deployment)
        .release(&json!({"chart": "charts/redis"}))
        .args(["--url", "https://{branch}.beta.example.com"])
        .run()
        .refuses(2, "--url: `{branch}` does not belong in an address");
}
