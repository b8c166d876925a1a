//! Of claims that get no disk.

use super::*;

#[test]
fn a_claim_without_a_disk_explains_more_than_the_pod_that_waits_for_it() {
    let waits = json!({"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
        "status": {"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "pod has unbound PersistentVolumeClaims"}]}});
    let events = [event(
        "PersistentVolumeClaim",
        "data",
        "ProvisioningFailed",
        "no class",
        1,
    )];
    let objects = [
        ("StatefulSet", "db", json!({})),
        ("Pod", "db-0", of("db", waits)),
        (
            "PersistentVolumeClaim",
            "data",
            json!({"status": {"phase": "Pending"}}),
        ),
    ];
    let scene = scene(&objects, &events);
    let found = troubles(&scene, &[object("StatefulSet", "db")], None);
    let what = What::Claim {
        name: "data".into(),
        reason: "ProvisioningFailed".into(),
        message: "no class".into(),
    };
    assert_eq!(found[0].what, what);
}

#[test]
fn a_claim_that_names_no_class_where_none_is_the_default_gets_no_disk() {
    let says = |reason: &str, warns, at| Event {
        warns,
        ..event(
            "PersistentVolumeClaim",
            "data",
            reason,
            "no class is set",
            at,
        )
    };
    let found = |events: &[Event]| {
        let claim = json!({"status": {"phase": "Pending"}});
        let scene = scene(&[("PersistentVolumeClaim", "data", claim)], events);
        let troubles = troubles(&scene, &[object("PersistentVolumeClaim", "data")], None);
        troubles.into_iter().next().map(|it| it.what)
    };
    let unbound = says("FailedBinding", false, 2);
    let what = What::Claim {
        name: "data".into(),
        reason: "FailedBinding".into(),
        message: "no class is set".into(),
    };
    assert_eq!(found(std::slice::from_ref(&unbound)), Some(what.clone()));
    // What was said before, and with it, takes nothing back.
    let earlier = [1, 2].map(|at| says("ExternalProvisioning", false, at));
    let [before, with] = earlier;
    assert_eq!(found(&[before, unbound.clone(), with]), Some(what));
    for reason in [
        "WaitForFirstConsumer",
        "ExternalProvisioning",
        "Provisioning",
    ] {
        let later = says(reason, false, 3);
        assert_eq!(found(std::slice::from_ref(&later)), None, "{reason}");
        assert_eq!(found(&[unbound.clone(), later]), None, "{reason}");
        // A provisioner says so at each new try.
        let failed = says("ProvisioningFailed", true, 2);
        assert!(
            found(&[failed, says(reason, false, 3)]).is_some(),
            "{reason}"
        );
    }
}

#[test]
fn a_claim_that_two_pods_wait_for_is_told_once_and_in_place_of_their_wait() {
    let waits = || {
        json!({"spec": {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]},
            "status": {"conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "pod has unbound PersistentVolumeClaims"}]}})
    };
    let failed = event(
        "PersistentVolumeClaim",
        "data",
        "ProvisioningFailed",
        "no class",
        1,
    );
    let objects = [
        ("StatefulSet", "db", json!({"spec": {"replicas": 2}})),
        ("Pod", "db-0", of("db", waits())),
        ("Pod", "db-1", of("db", waits())),
        (
            "PersistentVolumeClaim",
            "data",
            json!({"status": {"phase": "Pending"}}),
        ),
    ];
    let found = |events: &[Event]| {
        troubles(
            &scene(&objects, events),
            &[object("StatefulSet", "db")],
            None,
        )
    };
    let told = found(&[failed]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(matches!(told[0].what, What::Claim { .. }), "{told:?}");
    assert_eq!(found(&[]).len(), 2, "nobody says why");
}

#[test]
fn the_same_claim_is_known_whichever_workload_waits_for_it() {
    let claim = |workload: &str, name: &str| Trouble {
        workload: workload.into(),
        ..bare(What::Claim {
            name: name.into(),
            reason: String::new(),
            message: String::new(),
        })
    };
    let data = claim("StatefulSet/db", "data");
    assert!(is_same(&data, &claim("PersistentVolumeClaim/data", "data")));
    assert!(!is_same(&data, &claim("StatefulSet/db", "wal")));
}

/// As long as nobody says why a disk does not come, the wait for it explains least of what is not soft.
#[test]
fn a_wait_for_disks_comes_after_what_is_refused() {
    let waits = json!({"status": {"conditions": [{"type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": "pod has unbound PersistentVolumeClaims"}]}});
    let quota = event("StatefulSet", "web", "FailedCreate", "exceeded quota", 1);
    let objects = [
        ("StatefulSet", "web", json!({"spec": {"replicas": 2}})),
        ("Pod", "web-0", of("web", waits)),
    ];
    let found = troubles(
        &scene(&objects, &[quota]),
        &[object("StatefulSet", "web")],
        None,
    );
    let [first, second] = &found[..] else {
        panic!("{found:?}");
    };
    assert!(matches!(first.what, What::NotMade(_)), "{found:?}");
    assert!(matches!(second.what, What::Unschedulable(_)), "{found:?}");
}
