//! Helm itself: which, where it is sent to, and releases that somebody else made.

use serde_json::json;
use testbed::tools::{self, Tool};

use crate::site::{HELMS, Site, echo, held};

#[test]
fn variables_of_helms_send_it_nowhere_else() {
    for helm in HELMS {
        let site = Site::new("helm-variables");
        let deployment = site.push("new");
        site.helm_apply(helm, deployment)
            .release(&echo(json!({})))
            .env("HELM_KUBECONTEXT", "production")
            .env("HELM_NAMESPACE", "default")
            .env("HELM_KUBEAPISERVER", "https://127.0.0.1:1")
            .env("HELM_KUBETOKEN", "another")
            .env("HELM_DRIVER", "secret")
            .run()
            .ends_with(0);
        assert_eq!(
            site.namespace.release_revisions("hey-new"),
            [(1, "deployed".into())]
        );
    }
}

#[test]
fn another_storage_than_secrets_is_refused() {
    let site = Site::new("helm-driver");
    let deployment = site.push("new");
    let program = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})));
    program
        .env("HELM_DRIVER", "configmap")
        .run()
        .refuses(2, "HELM_DRIVER is configmap");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_helm_that_is_missing_or_unknown_is_refused() {
    let site = Site::new("no-helm");
    let deployment = site.push("new");
    let run = |helm: &str| {
        let program = site
            .helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({})));
        program.args(["--helm", helm]).run()
    };
    run("/nowhere/helm").refuses(
        2,
        "there is no Helm at `/nowhere/helm`: install Helm 3 (3.13 or later) or 4",
    );
    let two = site.script("helm", "#!/bin/sh\necho v2.17.0\n");
    run(two.to_str().unwrap()).refuses(2, "is Helm v2.17.0: versions 3 and 4 are known");
    let old = site.script("helm", "#!/bin/sh\necho v3.12.3\n");
    let says = "is Helm v3.12.3: 3.13 is the first that can be used (--labels)";
    run(old.to_str().unwrap()).refuses(2, says);
    let middle = site.script("helm", "#!/bin/sh\necho v3.16.4\n");
    let adopts = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})));
    let adopts = adopts.args(["--adopt", "--helm", middle.to_str().unwrap()]);
    adopts.run().refuses(2, "--adopt needs 3.17 or a later one");
    let none = site.script("helm", "#!/bin/sh\nexit 3\n");
    run(none.to_str().unwrap()).refuses(1, "does not tell its version");
    assert_eq!(site.namespace.inventory(), Vec::<String>::new());
}

#[test]
fn a_release_of_somebody_else_is_taken_over_only_when_asked_for() {
    for helm in HELMS {
        let site = Site::new("adopt");
        site.install_by_hand(helm, "hey-new");
        let before = site.namespace.inventory();
        let deployment = site.push("new");
        let program = || site.helm_apply(helm, deployment).release(&echo(json!({})));
        program()
            .run()
            .ends_with(2)
            .says("the release hey-new exists (revision 1, deployed) and bears no labels of ours")
            .says("--adopt");
        assert_eq!(site.namespace.inventory(), before);

        program()
            .args(["--adopt"])
            .run()
            .ends_with(0)
            .says("adopting the release hey-new: revision 1, deployed");
        assert_eq!(site.namespace.release_revisions("hey-new").len(), 2);
        let again = site.push("new");
        site.helm_apply(helm, again)
            .release(&echo(json!({})))
            .run()
            .ends_with(0);
    }
}

#[test]
fn a_team_may_change_its_helm_at_any_time() {
    let site = Site::new("both-helms");
    let run = |helm: Tool, values: serde_json::Value| {
        let deployment = site.push("new");
        let program = site.helm_apply(helm, deployment).release(&echo(values));
        program.args(["--helm-timeout", "5s"]).run()
    };
    let given = |number| json!({"web": true, "given": number});
    run(Tool::Helm3, given(1)).ends_with(0);
    run(Tool::Helm4, given(2)).ends_with(0);
    run(Tool::Helm3, given(3)).ends_with(0);
    run(Tool::Helm3, held()).ends_with(4);
    run(Tool::Helm4, given(4))
        .ends_with(0)
        .says("rolling back to revision 3");
    assert_eq!(site.echoed("hey-new", "given"), 4);
}

/// A Helm that tells all it knows, as one does with `--debug`.
const TALKATIVE: &str = r#"#!/bin/sh
env >&2
[ "$1" = upgrade ] || exec "$HELM" "$@"
echo "Error: $(env | tr '\n' ' ')" >&2
exit 1
"#;

/// Every test's output is searched for the token; here it would be there.
#[test]
fn helm_is_told_no_secret_that_it_could_tell() {
    let site = Site::new("secret");
    let deployment = site.push("new");
    site.helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})))
        .env("HELM", tools::get(Tool::Helm3).unwrap())
        .env("GH_TOKEN", &site.token)
        .env("BRANCH_DEPLOYS_HELM", site.script("helm", TALKATIVE))
        .run()
        .ends_with(1)
        .says("HOME=");
    let words = site.last_words(deployment);
    assert!(!words.contains(&site.token), "{words}");
    let lease = site.namespace.get("Lease", "hey-new").to_string();
    assert!(!lease.contains(&site.token), "{lease}");
}
