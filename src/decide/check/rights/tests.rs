use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;

type Rules = BTreeMap<(String, String), BTreeSet<String>>;

/// The rules of the Role in a manifest.
fn given(manifest: &str) -> Rules {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifest).unwrap();
    let role = documents.iter().find(|it| it["kind"] == "Role").unwrap();
    let texts = |value: &Value| -> Vec<String> {
        serde_json::from_value(value.clone()).expect("a list of texts")
    };
    let mut rules = Rules::new();
    for rule in role["rules"].as_array().unwrap() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                let of = rules.entry((group.clone(), resource)).or_default();
                of.extend(texts(&rule["verbs"]));
            }
        }
    }
    rules
}

fn asked(rights: impl IntoIterator<Item = Right>) -> Rules {
    let mut rules = Rules::new();
    for right in rights {
        let of = rules.entry((right.group, right.resource)).or_default();
        of.extend(right.verbs.iter().map(|verb| (*verb).to_owned()));
    }
    rules
}

#[test]
fn what_is_asked_for_is_what_the_example_grants_and_no_more() {
    let both = [rights(Use::Deploy, None), rights(Use::Sweep, None)].concat();
    assert_eq!(
        asked(both),
        given(include_str!("../../../../examples/rbac.yaml"))
    );
    let viewer = given(include_str!("../../../../examples/rbac-viewer.yaml"));
    assert_eq!(asked(rights(Use::List, None)), viewer);
}

#[test]
fn a_deploy_is_not_asked_for_what_a_sweep_needs_nor_a_sweep_for_what_a_deploy_does() {
    let verbs = |used, resource: &str| {
        let rights = rights(used, None);
        let right = rights.into_iter().find(|it| it.resource == resource);
        right.map(|it| it.verbs)
    };
    assert_eq!(verbs(Use::Deploy, "controllerrevisions"), None);
    assert_eq!(verbs(Use::Sweep, "pods/log"), None);
    assert_eq!(verbs(Use::Deploy, "services").as_deref(), Some(MAKE));
    let claims = "persistentvolumeclaims";
    assert_eq!(verbs(Use::Deploy, claims), Some(vec!["list", "watch"]));
    assert_eq!(verbs(Use::Sweep, claims).as_deref(), Some(TAKE));
    assert_eq!(verbs(Use::Sweep, "services").as_deref(), Some(TAKE));
    assert_eq!(verbs(Use::Sweep, "pods"), Some(vec!["get", "list"]));
}

#[test]
fn of_each_kind_one_object_is_asked_for_in_each_namespace() {
    let key = ObjectKey::new;
    let all = [
        key("v1", "Service", "web"),
        key("v1", "Service", "api"),
        key("apps/v1", "Deployment", "web"),
        key("v1", "ConfigMap", "web"),
        key("example.com/v1", "Service", "web"),
        ObjectKey {
            namespace: Some("monitoring".into()),
            ..key("v1", "Service", "web")
        },
    ];
    let wanted = [&all[0], &all[2], &all[3], &all[4], &all[5]];
    assert_eq!(kinds(all.iter()), wanted);
}

#[test]
fn what_the_charts_make_is_needed_and_the_usual_kinds_no_more() {
    let kind = Served {
        group: "autoscaling".into(),
        resource: "horizontalpodautoscalers".into(),
        place: Place::Here,
        need: Need::Needed,
    };
    let all = rights(Use::Deploy, Some(&[kind]));
    let made = all.iter().find(|it| it.group == "autoscaling").unwrap();
    assert_eq!((made.need, &*made.verbs), (Need::Needed, MAKE));
    assert!(all.iter().all(|it| it.resource != "jobs"));
    assert_eq!(made.place, Place::Here);
    let everywhere = Served {
        group: "rbac.authorization.k8s.io".into(),
        resource: "clusterroles".into(),
        place: Place::Cluster,
        need: Need::Wished,
    };
    let all = rights(Use::Deploy, Some(&[everywhere]));
    let made = all.iter().find(|it| it.resource == "clusterroles").unwrap();
    assert_eq!((made.need, &made.place), (Need::Wished, &Place::Cluster));
}
