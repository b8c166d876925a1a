//! Why an Ingress has no load balancer.

use serde_json::Value;

use super::{
    Look, bare,
    told::{about, newest},
};
use crate::model::{Scene, Trouble, What};

/// What its controller says of it last, if that is a refusal.
pub(super) fn refused(look: &Look<'_>, live: &Value) -> Option<Trouble> {
    let mut events = about(look.scene, "Ingress", live);
    let balancers = live["status"]["loadBalancer"]["ingress"].as_array();
    let has_address = balancers.is_some_and(|them| !them.is_empty());
    let uid = live["metadata"]["uid"].as_str().unwrap_or_default();
    let stands = !has_address && !look.scene.changed.contains(uid);
    // The controller asks again more and more rarely: its last word stands as long as there is no address.
    events.retain(|event| stands || look.is_now(event));
    let last = newest(&events, |event| {
        event.reason == "SuccessfullyReconciled" || is_refusal(&event.reason)
    })?;
    if !is_refusal(&last.reason) {
        return None;
    }
    let mut trouble = bare(What::Ingress {
        reason: last.reason.clone(),
        message: last.message.clone(),
        culprit: culprit(look.scene, &last.message),
    });
    trouble.events = events;
    Some(trouble)
}

/// As the AWS Load Balancer Controller says that a rule or its load balancer cannot be made.
fn is_refusal(reason: &str) -> bool {
    matches!(reason, "FailedBuildModel" | "FailedDeployModel")
}

/// The Ingress of somebody else that is at fault: those of a group share their load balancer, and what is
/// wrong with one is said of each. The controller names the Ingress (its pull request 1637), or a host of it.
fn culprit(scene: &Scene, message: &str) -> Option<String> {
    if let Some(named) = after(message, "ingress: ").filter(|it| it.contains('/')) {
        let is_ours = |ours: &Value| {
            let of = |key: &str| ours["metadata"][key].as_str().unwrap_or_default();
            named.split_once('/') == Some((of("namespace"), of("name")))
        };
        let is_others = !scene.of_kind("Ingress").any(is_ours);
        return is_others.then(|| format!("Ingress {named}"));
    }
    let host = after(message, "for host: ")?;
    let is_others = !scene.of_kind("Ingress").any(|ours| has_host(ours, host));
    is_others.then(|| format!("an Ingress for {host}"))
}

/// The name, or two with a slash between, that stands behind these words.
fn after<'a>(message: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(words)?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-./*".contains(c);
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let named = rest[..end].trim_end_matches('.');
    (!named.is_empty()).then_some(named)
}

/// Whether a rule of it is for the host, or its certificate.
fn has_host(ingress: &Value, host: &str) -> bool {
    let all = |list: &str| {
        let list = ingress["spec"][list].as_array();
        list.into_iter().flatten()
    };
    all("rules").any(|rule| rule["host"] == host)
        || all("tls").any(|tls| {
            let hosts = tls["hosts"].as_array();
            hosts.is_some_and(|hosts| hosts.iter().any(|it| it == host))
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Change;

    #[test]
    fn an_ingress_of_somebody_else_that_is_at_fault_is_known_by_its_name_or_its_host() {
        let ours = json!({"metadata": {"namespace": "betas", "name": "hey-new"},
            "spec": {"rules": [{"host": "new.beta.example.com"}, {}],
                "tls": [{"hosts": ["more.beta.example.com"]}]}});
        let mut scene = Scene::default();
        scene.apply(Change::There(("Ingress".into(), "hey-new".into()), ours));
        for (said, expected) in [
            ("ingress: betas/hey-new: Service \"web\" not found", None),
            (
                "ingress: betas/hey-old: Service \"web\" not found",
                Some("Ingress betas/hey-old"),
            ),
            ("ingress: other/hey-new: oh", Some("Ingress other/hey-new")),
            (
                "ingress: InvalidIngress: no certificate found for host: new.beta.example.com",
                None,
            ),
            ("no certificate found for host: more.beta.example.com", None),
            (
                "no certificate found for host: old.beta.example.com.",
                Some("an Ingress for old.beta.example.com"),
            ),
            ("couldn't auto-discover subnets", None),
            ("ingress: ", None),
        ] {
            let message = format!("Failed build model due to {said}");
            assert_eq!(culprit(&scene, &message).as_deref(), expected, "{said}");
        }
    }

    #[test]
    fn a_refusal_stands_as_long_as_there_is_no_address_however_old_it_is() {
        let said = crate::model::Event {
            kind: "Ingress".into(),
            object: "hey-new".into(),
            reason: "FailedBuildModel".into(),
            at: chrono::DateTime::from_timestamp(1, 0),
            ..crate::model::Event::default()
        };
        let mut scene = Scene::default();
        scene.apply(Change::Said(said));
        let look = Look {
            scene: &scene,
            since: chrono::DateTime::from_timestamp(2, 0),
        };
        let mut live = json!({"metadata": {"name": "hey-new", "uid": "1"}});
        assert!(refused(&look, &live).is_some());
        let mut changed = scene.clone();
        changed.changed.insert("1".into());
        let since = look.since;
        assert!(
            refused(
                &Look {
                    scene: &changed,
                    since
                },
                &live
            )
            .is_none()
        );
        live["status"] = json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}});
        assert!(refused(&look, &live).is_none());
    }
}
