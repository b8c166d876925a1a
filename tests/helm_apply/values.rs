//! What a chart is told.

use serde_json::json;
use testbed::tools::Tool;

use crate::site::{Site, chart, echo};

#[test]
fn a_chart_is_told_of_the_branch() {
    let site = Site::new("branch-values");
    site.repository.push("feature/New");
    let asked = json!({"migrate": true, "deployed_by": "jo"});
    let deployment = site.queue_with("feature/New", asked);
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .release(&json!({"name": "bare", "chart": chart("echo"), "branch-values": false}))
        .args([
            "--url",
            "http://127.0.0.1:1/{slug}",
            "--address-timeout",
            "0s",
        ])
        .run()
        .ends_with(4);
    let [name] = site.namespace.objects("Lease").try_into().unwrap();
    let slug = name.trim_start_matches("hey-");
    assert_eq!(
        site.echoed(&name, "branch"),
        json!({
            "app": "hey",
            "branch": "feature/New",
            "slug": slug,
            "commit": site.repository.head("feature/New"),
            "host": "127.0.0.1",
            "url": format!("http://127.0.0.1:1/{slug}"),
            "tier": "beta",
            "migrate": true,
            "deployedBy": "jo",
        })
    );
    assert!(site.echoed(&format!("{name}--bare"), "branch").is_null());
}

#[test]
fn inline_values_keep_their_types_and_their_placeholders_are_filled_once() {
    let site = Site::new("values");
    let branch = "{commit}";
    let deployment = site.push(branch);
    let given = json!({
        "number": 2, "float": 1.5, "yes": true, "word": "true", "digits": "007",
        "list": [1, "{app}", {"deep": "{tier}"}],
        "text": "{branch} at {short-commit}", "json": "{\"a\": {}}",
    });
    site.helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({"given": given})))
        .run()
        .ends_with(0);
    let commit = site.repository.head(branch).unwrap();
    let [name] = site.namespace.objects("Lease").try_into().unwrap();
    assert_eq!(
        site.echoed(&name, "given"),
        json!({
            "number": 2, "float": 1.5, "yes": true, "word": "true", "digits": "007",
            "list": [1, "hey", {"deep": "beta"}],
            "text": format!("{{commit}} at {}", &commit[..7]), "json": "{\"a\": {}}",
        })
    );
}

#[test]
fn inline_values_win_over_files_and_later_ones_over_earlier() {
    let site = Site::new("value-files");
    let deployment = site.push("new");
    let file = site.kubeconfig.with_extension("values.yaml");
    std::fs::write(&file, "given: {file: 1, both: file, list: [1]}").unwrap();
    let values = [
        json!(file),
        json!({"given": {"both": "inline", "list": [2, 3], "twice": 1}}),
        json!({"given": {"twice": 2}}),
    ];
    site.helm_apply(Tool::Helm4, deployment)
        .release(&json!({"chart": chart("echo"), "values": values}))
        .run()
        .ends_with(0);
    assert_eq!(
        site.echoed("hey-new", "given"),
        json!({"file": 1, "both": "inline", "list": [2, 3], "twice": 2})
    );
}

#[test]
fn values_of_an_earlier_deploy_are_not_kept() {
    let site = Site::new("no-old-values");
    for given in [json!({"old": 1}), json!({"new": 1})] {
        let deployment = site.push("new");
        site.helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({"given": given})))
            .run()
            .ends_with(0);
    }
    assert_eq!(site.echoed("hey-new", "given"), json!({"new": 1}));
}
