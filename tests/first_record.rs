//! A record of the first format, as the first of these programs wrote it: all later ones read it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use testbed::tools::Tool;

use crate::{
    past::Seed,
    site::{HELMS, Site, companion, echo},
};

const TEXT: &str = include_str!("fixtures/first-record.json");
const NAME: &str = "hey-new";

/// What was deployed so long ago, with the record of then.
fn up_since(hint: &str, age: TimeDelta) -> Site {
    let site = Site::new(hint);
    let seed = Seed::new("new", age).companions(&["redis"]);
    site.push_and_seed(&[seed]);
    let ours = format!("\"repository_id\": {}", site.repository.id());
    let text = TEXT.replace("\"repository_id\": 7", &ours);
    assert_ne!(text, TEXT, "the fixture is another repository's");
    let record = "branch-deploys/record";
    site.namespace.annotate("Lease", NAME, record, Some(&text));
    site
}

#[test]
fn a_record_of_the_first_format_is_deployed_over_and_what_it_tells_stays() {
    for helm in HELMS {
        let site = up_since("first-record", TimeDelta::days(1));
        let deployment = site.push("new");
        site.helm_apply(helm, deployment)
            .release(&companion("redis", json!({})))
            .release(&echo(json!({})))
            .run()
            .ends_with(0);
        let record = site.record(NAME);
        assert_eq!(record["deployed"], deployment, "{record}");
        assert_eq!(record["keep_until"], "2099-12-01T00:00:00Z", "{record}");
        assert_eq!(record["version"], 1, "{record}");
    }
}

#[test]
fn a_record_of_the_first_format_is_listed_and_kept() {
    let site = up_since("first-record-listed", TimeDelta::days(1));
    let environments = |arguments: [&str; 3]| {
        let program = site.program(env!("CARGO_BIN_EXE_environments"));
        program.args(arguments).run().ends_with(0)
    };
    let listed = environments(["list", "--output", "json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let one = &listed[0];
    assert_eq!(one["branch"], "new", "{listed}");
    assert_eq!(one["url"], "https://new.beta.example.com", "{listed}");
    assert_eq!(one["deployed-by"], "jo", "{listed}");
    environments(["keep", "new", "--for=30d"]);
    let record = site.record(NAME);
    assert_eq!(record["deployed"], 5, "{record}");
    assert_ne!(record["keep_until"], "2099-12-01T00:00:00Z", "{record}");
}

#[test]
fn a_record_of_the_first_format_is_swept_and_heeded() {
    let site = up_since("first-record-swept", TimeDelta::days(9));
    let before = site.namespace.inventory();
    // It is old, and told to be kept.
    site.sweep_stale(Tool::Helm3).run().ends_with(0);
    assert_eq!(site.namespace.inventory(), before);
    site.repository.delete_branch("new");
    site.sweep_deleted(Tool::Helm4, "new").run().ends_with(0);
    assert_eq!(site.namespace.inventory(), [""; 0]);
}
