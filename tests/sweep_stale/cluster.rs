//! A cluster that holds what cannot be read, refuses, is slow, or breaks off.

use std::io::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::TimeDelta;
use flate2::{Compression, write::GzEncoder};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;
use testbed::{
    Cluster, Front,
    faults::{Effect, Gate, Matcher},
    tools::Tool::Helm3,
};

use super::{Swept, nothing_wrong, of, program, sweep, up, with};
use crate::{
    objects::{config_map, hook, objects},
    past::{Seed, secret_name},
    site::{Program, RIGHTS, Site},
};

const SECRETS: &str = "/api/v1/namespaces/*/secrets";
const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/*/leases";

/// What the API server says to one who goes on from where it kept nothing.
fn expired() -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "The provided continue parameter is too old to display a consistent list result.",
        "reason": "Expired", "code": 410,
    })
}

/// A site whose programs come by way of a front.
fn behind_front(hint: &str, seeds: &[Seed]) -> (Site, Front) {
    let site = with(hint, seeds);
    let front = site.namespace.front(&site.kubeconfig);
    (site, front)
}

fn through(site: &Site, front: &Front) -> Program {
    program(site, &[]).env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
}

#[test]
fn a_record_that_cannot_be_read_is_left_alone_and_holds_up_no_other() {
    let site = with(
        "cluster-record",
        &[of("newer", 9), of("broken", 9), of("gone", 9), of("old", 9)],
    );
    site.repository.delete_branch("gone");
    let newer = json!({"version": 2, "branch": "newer"}).to_string();
    for (name, text) in [
        ("hey-newer", newer.as_str()),
        ("hey-broken", "{\"version\": 1, \"pha"),
        ("hey-gone", "[]"),
    ] {
        let annotation = "branch-deploys/record";
        site.namespace
            .annotate("Lease", name, annotation, Some(text));
    }
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([
            ("hey-newer", "unknown: unknown"),
            ("hey-broken", "unknown: unknown"),
            ("hey-gone", "unknown: unknown"),
            ("hey-old", "removed: age"),
        ])
        .reasons("hey-newer", "it is of version 2");
    assert_eq!(up(&site), ["hey-broken", "hey-gone", "hey-newer"]);
}

#[test]
fn a_release_that_cannot_be_read_is_left_alone_and_holds_up_no_other() {
    let branches = [
        "noise", "text", "bomb", "cut", "empty", "timeless", "odd", "old",
    ];
    let site = with("cluster-body", &branches.map(|branch| of(branch, 9)));
    let bodies = [
        ("noise", base64(b"no base64 at all!")),
        ("text", twice(b"no JSON")),
        ("bomb", twice(&bomb())),
        ("cut", twice(&bomb()[..200])),
        ("empty", json!("")),
    ];
    for (branch, body) in bodies {
        let secret = json!({"data": {"release": body}});
        let name = secret_name(&format!("hey-{branch}"), 1);
        let mut whole = site.namespace.get("Secret", &name);
        whole["data"] = secret["data"].clone();
        site.namespace.store([whole]);
    }
    let of_timeless = secret_name("hey-timeless", 1);
    site.rewrite(&of_timeless, |body| {
        body["info"]["last_deployed"] = json!("")
    });
    let odd = json!({"metadata": {"labels": {"status": "hibernating"}}});
    site.namespace
        .patch("Secret", &secret_name("hey-odd", 1), &odd);
    let swept = sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([("hey-old", "removed: age")])
        .reasons("hey-bomb", "64 MiB")
        .reasons("hey-odd", "hibernating");
    for branch in &branches[..7] {
        let judged = swept.judged(&format!("hey-{branch}"));
        assert_eq!(judged["verdict"], "unknown", "{judged}");
    }
    assert_eq!(up(&site).len(), 7);
}

#[test]
fn a_status_that_nobody_knows_is_left_alone_however_young() {
    let site = with(
        "cluster-status",
        &[of("odd", 1).status("hibernating"), of("old", 9)],
    );
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([("hey-odd", "unknown: unknown"), ("hey-old", "removed: age")]);
    assert_eq!(up(&site), ["hey-odd"]);
}

/// More revisions than a page of the listing holds (1,000), of 11 environments.
fn more_than_a_page(days: i64) -> Vec<Seed> {
    let branches = (0..11).map(|it| format!("b{it}"));
    branches.map(|it| of(&it, days).revisions(100)).collect()
}

#[test]
fn without_a_whole_listing_nothing_is_removed() {
    let (site, front) = behind_front("cluster-listing", &more_than_a_page(9));
    let all = site.namespace.inventory();
    for (matcher, effect) in [
        (Matcher::get(SECRETS), Effect::status(500)),
        (Matcher::get(SECRETS), Effect::html(200)),
        (Matcher::get(SECRETS), Effect::broken_json()),
        (Matcher::get(SECRETS), Effect::truncated_body()),
        (Matcher::get(SECRETS).after(1), Effect::status(500)),
        (Matcher::get(SECRETS).nth(2), Effect::truncated_body()),
        (Matcher::get(SECRETS).nth(2), Effect::cut_before()),
        (Matcher::get(LEASES), Effect::status(500)),
        (Matcher::get(LEASES), Effect::html(404)),
        (Matcher::get(LEASES), Effect::broken_json()),
    ] {
        println!("{matcher:?}: {effect:?}");
        front.faults().clear();
        front.faults().when(matcher).then(effect);
        through(&site, &front)
            .run()
            .refuses(1, "nothing is removed: ");
        assert_eq!(site.namespace.inventory(), all);
        nothing_wrong();
    }
}

#[test]
fn a_listing_whose_next_page_is_gone_each_time_removes_nothing() {
    let (site, front) = behind_front("cluster-gone", &more_than_a_page(9));
    let all = site.namespace.inventory();
    // Page 1 comes, and page 2 does not, however often the listing is begun anew.
    for second in (2..40).step_by(2) {
        let gone = Effect::status(410).body(&expired().to_string());
        front
            .faults()
            .when(Matcher::get(SECRETS).nth(second))
            .then(gone);
    }
    through(&site, &front)
        .run()
        .refuses(1, "nothing is removed: ");
    assert_eq!(site.namespace.inventory(), all);
}

#[test]
fn a_listing_whose_next_page_is_gone_once_is_begun_anew() {
    let (site, front) = behind_front("cluster-gone-once", &more_than_a_page(1));
    for path in [SECRETS, LEASES] {
        // Of the Leases there is one page, which does not come.
        let nth = if path == SECRETS { 2 } else { 1 };
        let gone = Effect::status(410).body(&expired().to_string());
        front.faults().when(Matcher::get(path).nth(nth)).then(gone);
        let swept = Swept::of(through(&site, &front)).ends_with(0, "nothing");
        assert_eq!(
            swept.told["environments"].as_array().map(Vec::len),
            Some(11)
        );
        front.faults().clear();
    }
}

#[test]
fn a_listing_that_is_empty_by_mistake_removes_nothing_that_is_deployed() {
    let kept = json!({"keep_until": "2100-01-01T00:00:00Z"});
    for (path, state) in [(SECRETS, "nothing"), (LEASES, "swept")] {
        let seeds = [
            of("live", 1),
            of("old", 9),
            of("kept", 9).record(kept.clone()),
        ];
        let (site, front) = behind_front("cluster-empty", &seeds);
        let empty = if path == SECRETS {
            empty_metadata()
        } else {
            empty_leases()
        };
        let empty = Effect::status(200).body(&empty);
        front.faults().when(Matcher::get(path).once()).then(empty);
        let swept = Swept::of(through(&site, &front)).ends_with(0, state);
        for name in ["hey-live", "hey-kept"] {
            assert_ne!(swept.judged(name)["outcome"], "removed", "{path}");
            let release = site.namespace.release_revisions(name);
            assert_eq!(release.len(), 1, "{path}: {name}");
            assert!(up(&site).contains(&name.to_owned()), "{path}: {name}");
        }
        nothing_wrong();
    }
}

fn empty_leases() -> String {
    json!({
        "kind": "LeaseList", "apiVersion": "coordination.k8s.io/v1",
        "metadata": {"resourceVersion": "1"}, "items": [],
    })
    .to_string()
}

/// In the API server's own encoding: `runtime.Unknown` with the kind, and a list of no more than its
/// resource version.
fn empty_metadata() -> String {
    let field = |tag: u8, text: &str| {
        let length = u8::try_from(text.len()).expect("it is short");
        format!("{}{}{text}", char::from(tag << 3 | 2), char::from(length))
    };
    let kind = field(1, "meta.k8s.io/v1") + &field(2, "PartialObjectMetadataList");
    let list = field(1, &field(2, "1"));
    format!("k8s\0{}{}", field(1, &kind), field(2, &list))
}

#[test]
fn a_body_that_does_not_come_whole_is_not_judged() {
    let (site, front) = behind_front("cluster-get", &[of("new", 9), of("old", 9)]);
    let path = format!("{SECRETS}/{}", secret_name("hey-new", 1));
    for effect in [
        Effect::status(500),
        Effect::html(200),
        Effect::broken_json(),
        Effect::truncated_body(),
        Effect::cut_before(),
    ] {
        println!("{effect:?}");
        site.seed(&[of("old", 9)]);
        front.faults().clear();
        front.faults().when(Matcher::get(&path)).then(effect);
        Swept::of(through(&site, &front))
            .ends_with(1, "failed")
            .judges([("hey-new", "unknown: unknown"), ("hey-old", "removed: age")]);
        assert_eq!(up(&site), ["hey-new"]);
    }
}

#[test]
fn an_api_server_that_is_slow_is_waited_for() {
    let (site, front) = behind_front("cluster-slow", &[of("live", 1), of("old", 9)]);
    let slow = Duration::from_millis(1500);
    front
        .faults()
        .when(Matcher::get(SECRETS))
        .then(Effect::trickling_body(slow));
    front
        .faults()
        .when(Matcher::get(LEASES))
        .then(Effect::late_answer(slow));
    Swept::of(through(&site, &front))
        .ends_with(0, "swept")
        .judges([("hey-old", "removed: age")]);
    assert_eq!(up(&site), ["hey-live"]);
}

#[test]
fn an_api_server_that_is_lost_in_the_middle_fails_the_sweep_and_the_next_one_goes_on() {
    let seeds = [of("gone", 1), of("old", 9), of("older", 10)];
    let (site, front) = behind_front("cluster-lost", &seeds);
    site.repository.delete_branch("gone");
    let gate = Gate::default();
    let protected = Matcher::get("/repos/acme/hey/branches");
    site.github
        .faults()
        .when(protected)
        .then(Effect::hold_before(&gate));
    let sweep = through(&site, &front).args(["--output", "json"]).start();
    gate.reached();
    front
        .faults()
        .when(Matcher::any("/**"))
        .then(Effect::cut_before());
    gate.open();
    Swept::from(sweep.end()).ends_with(1, "failed").judges([
        ("hey-gone", "failed: branch-gone"),
        ("hey-old", "failed: age"),
        ("hey-older", "failed: age"),
    ]);
    assert_eq!(up(&site), ["hey-gone", "hey-old", "hey-older"]);
    front.faults().clear();
    Swept::of(through(&site, &front)).ends_with(0, "swept");
    assert_eq!(site.namespace.inventory(), [""; 0]);
}

#[test]
fn without_the_api_servers_time_nothing_is_old() {
    let (site, front) = behind_front("cluster-clock", &[of("old", 9), of("gone", 1)]);
    site.repository.delete_branch("gone");
    let time = Matcher::get("/version").once();
    front.faults().when(time).then(Effect::cut_before());
    Swept::of(through(&site, &front))
        .ends_with(5, "refused")
        .says("nothing goes by age")
        .judges([("hey-gone", "removed: branch-gone")]);
    assert_eq!(up(&site), ["hey-old"]);
}

#[test]
fn a_lock_that_is_lost_stops_its_own_removal_and_no_other() {
    let site = with("cluster-lock", &[of("old", 9)]);
    let drain = hook("drain", "pre-delete", "testbed/hold");
    site.helm_apply(Helm3, site.push("new"))
        .release(&objects(&[config_map("a"), drain]))
        .run()
        .ends_with(0);
    site.age("hey-new", TimeDelta::days(9));
    let sweep = program(&site, &["--output", "json"]).start();
    site.wait_for_pod();
    let another = json!({"spec": {"holderIdentity": "somebody"}});
    site.namespace.patch("Lease", "hey-new", &another);
    Swept::from(sweep.end())
        .ends_with(1, "failed")
        .judges([("hey-new", "failed: age"), ("hey-old", "removed: age")])
        .reasons("hey-new", "the lock is lost");
    assert_eq!(site.holder("hey-new"), "somebody");
    assert!(site.namespace.find("ConfigMap", "a").is_some());
}

#[test]
fn a_release_that_cannot_be_deleted_holds_up_no_other() {
    let (site, front) = behind_front("cluster-delete", &[of("new", 9), of("old", 9)]);
    let path = format!("{SECRETS}/{}", secret_name("hey-new", 1));
    let delete = Matcher::any(&path).method(Method::DELETE);
    front.faults().when(delete).then(Effect::status(500));
    Swept::of(through(&site, &front))
        .ends_with(1, "failed")
        .judges([("hey-new", "failed: age"), ("hey-old", "removed: age")]);
    assert_eq!(up(&site), ["hey-new"]);
    assert!(site.is_free("hey-new"));
    front.faults().clear();
    Swept::of(through(&site, &front)).ends_with(0, "swept");
    assert_eq!(site.namespace.inventory(), [""; 0]);
}

#[test]
fn without_the_rights_to_look_nothing_is_removed() {
    for (resource, says) in [("leases", "leases"), ("secrets", "secrets")] {
        let site = Site::with_rights("cluster-blind", &without(resource));
        site.push_and_seed(&[of("old", 9), of("live", 1)]);
        let all = site.namespace.inventory();
        let ran = program(&site, &[]).run();
        ran.says(says).says("nothing is removed").ends_with(1);
        assert_eq!(site.namespace.inventory(), all);
    }
}

#[test]
fn without_the_rights_to_one_kind_what_has_none_of_it_goes() {
    let site = Site::with_rights("cluster-rights", &without("configmaps, services"));
    site.helm_apply(Helm3, site.push("new"))
        .release(&objects(&[config_map("a")]))
        .env("BRANCH_DEPLOYS_KUBECONFIG", Cluster::shared().kubeconfig())
        .run()
        .ends_with(0);
    site.age("hey-new", TimeDelta::days(9));
    site.push_and_seed(&[of("old", 9), of("live", 1)]);
    sweep(&site, &[])
        .ends_with(1, "failed")
        .judges([("hey-new", "failed: age"), ("hey-old", "removed: age")]);
    assert_eq!(up(&site), ["hey-live", "hey-new"]);
    assert!(site.namespace.find("ConfigMap", "a").is_some());
}

/// The rights without those to some kinds.
fn without(resources: &str) -> String {
    let rights = RIGHTS.replace(&format!("resources: [{resources}]"), "resources: [nothing]");
    assert_ne!(rights, RIGHTS, "{resources} are a rule of their own");
    rights
}

/// More than is ever unpacked, in a hundred kilobytes.
fn bomb() -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b' '; 1 << 20];
    for _ in 0..65 {
        gzip.write_all(&megabyte).unwrap();
    }
    gzip.finish().unwrap()
}

fn base64(bytes: &[u8]) -> Value {
    json!(BASE64.encode(bytes))
}

/// As Helm and the API both do.
fn twice(bytes: &[u8]) -> Value {
    base64(BASE64.encode(bytes).as_bytes())
}
