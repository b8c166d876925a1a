//! What a program needs of the cluster.

use super::rights::{Need, Place, Right};
use crate::model::{Fact, IngressClass, Line, ObjectKey};

/// What was found of the cluster.
#[derive(Debug, Clone)]
pub struct ClusterFacts {
    /// The namespace.
    pub namespace: String,
    /// Whether the API server answers, and knows the account.
    pub reached: Fact<()>,
    /// Whether the namespace is there; none where that is not shown.
    pub has_namespace: Option<bool>,
    /// Each right, and whether it is granted, verb by verb.
    pub rights: Vec<Granted>,
    /// What is wrong with the clocks, if anything is.
    pub skew: Option<String>,
}

/// A right, and whether each of its verbs is granted.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The right.
    pub right: Right,
    /// In the order of its verbs.
    pub verbs: Vec<Fact<bool>>,
}

/// The lines about the cluster.
pub fn cluster(facts: &ClusterFacts) -> Vec<Line> {
    let (what, namespace) = ("Cluster", &facts.namespace);
    if let Fact::Refused(words) | Fact::Silent(words) = &facts.reached {
        let advice =
            "look at --kubeconfig and --kube-context, and whether this machine may connect";
        return vec![Line::missing(what, words, advice)];
    }
    let mut lines = vec![match facts.has_namespace {
        Some(false) => Line::missing(
            what,
            format!("there is no namespace {namespace}"),
            format!("kubectl create namespace {namespace}"),
        ),
        Some(true) | None => Line::there(what, "it answers, and knows the account"),
    }];
    let skew = facts.skew.as_ref();
    lines.extend(skew.map(|words| Line::doubtful("Cluster: clock", words, "set this clock right")));
    lines.extend(rights(namespace, &facts.rights));
    lines
}

fn rights(namespace: &str, all: &[Granted]) -> Vec<Line> {
    let mut lines: Vec<_> = all.iter().filter_map(|it| lack(it, namespace)).collect();
    let verbs = || all.iter().flat_map(|it| &it.verbs);
    let granted = verbs().filter(|fact| matches!(fact, Fact::Told(true)));
    let what = format!("Cluster: rights in {namespace}");
    if lines.is_empty() && granted.clone().count() == verbs().count() {
        let found = format!("all {} are granted", granted.count());
        lines.push(Line::there(&what, found));
    }
    let untold = verbs().find_map(|fact| match fact {
        Fact::Told(_) => None,
        Fact::Refused(words) | Fact::Silent(words) => Some(words),
    });
    lines.extend(untold.map(|why| Line::unknown(what, why)));
    lines
}

/// The line about a right of which something lacks.
fn lack(granted: &Granted, namespace: &str) -> Option<Line> {
    let Granted { right, verbs } = granted;
    let each = right.verbs.iter().zip(verbs);
    let lacking = each.filter(|(_, fact)| **fact == Fact::Told(false));
    let lacking: Vec<_> = lacking.map(|(verb, _)| *verb).collect();
    if lacking.is_empty() {
        return None;
    }
    let name = match right.group.as_str() {
        "" => right.resource.clone(),
        group => format!("{}.{group}", right.resource),
    };
    let place = match &right.place {
        Place::Here => format!("in {namespace}"),
        Place::Namespace(other) => format!("in {other}"),
        Place::Cluster => "in the whole cluster".to_owned(),
    };
    let what = format!("Cluster: {name}");
    let found = format!("the account may not {} them {place}", lacking.join(", "));
    let advice = "grant it that, as examples/rbac.yaml does for what charts usually make";
    Some(match right.need {
        Need::Needed => Line::missing(what, found, advice),
        Need::Wished => Line::doubtful(what, found, advice),
    })
}

/// The line about a kind of object that a chart makes, and that the cluster did not tell us to serve.
pub fn unserved(key: &ObjectKey, need: Need, found: &Fact<()>) -> Line {
    let what = format!("Cluster: kind {}", key.kind);
    match found {
        Fact::Told(()) => {
            let found = format!("the cluster serves no {} {}", key.api_version, key.kind);
            let advice = "install what brings the kind, or take it out of the chart";
            match need {
                Need::Needed => Line::missing(what, found, advice),
                Need::Wished => Line::doubtful(what, found, advice),
            }
        }
        Fact::Refused(words) | Fact::Silent(words) => Line::unknown(what, words),
    }
}

fn no_ingress_class(class: IngressClass<'_>, what: String) -> Line {
    match class {
        IngressClass::Named(_) => Line::missing(
            what,
            "there is none of that name",
            "install the controller that serves it, or name one of `kubectl get ingressclass`",
        ),
        IngressClass::Annotated(_) => Line::doubtful(
            what,
            "there is none of that name, and the Ingress names it by its annotation alone",
            "see that a controller goes by that word, or name one of `kubectl get ingressclass`",
        ),
        IngressClass::Default => Line::doubtful(
            what,
            "there is none, and an Ingress names no class",
            "name one of `kubectl get ingressclass`, unless a controller takes those without",
        ),
    }
}

/// The line about the class of a chart's Ingress, and whether the cluster has an object for it.
pub fn ingress_class(class: IngressClass<'_>, is_there: &Fact<bool>) -> Line {
    let (what, look) = match class {
        IngressClass::Named(name) | IngressClass::Annotated(name) => (
            format!("Cluster: Ingress class {name}"),
            format!("kubectl get ingressclass {name}"),
        ),
        IngressClass::Default => (
            "Cluster: default Ingress class".to_owned(),
            "kubectl get ingressclass".to_owned(),
        ),
    };
    match is_there {
        Fact::Told(true) => Line::there(what, "it is there"),
        Fact::Told(false) => no_ingress_class(class, what),
        Fact::Refused(_) => {
            let why = "the account may not read Ingress classes, and needs not";
            Line::unknown(what, why).advising(look)
        }
        Fact::Silent(why) => Line::unknown(what, why).advising(look),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::rights, *};
    use crate::{decide::check::Use, model::Verdict};

    fn facts(of: impl Fn(&Right, &str) -> Fact<bool>) -> ClusterFacts {
        let rights = rights::rights(Use::Deploy, None).into_iter();
        let rights = rights.map(|right| Granted {
            verbs: right.verbs.iter().map(|verb| of(&right, verb)).collect(),
            right,
        });
        ClusterFacts {
            namespace: "betas".into(),
            reached: Fact::Told(()),
            has_namespace: None,
            rights: rights.collect(),
            skew: None,
        }
    }

    fn verdicts(facts: &ClusterFacts) -> Vec<Verdict> {
        cluster(facts).iter().map(|line| line.verdict).collect()
    }

    #[test]
    fn a_right_that_lacks_is_told_by_its_kind_and_verbs() {
        let all = facts(|_, _| Fact::Told(true));
        assert_eq!(verdicts(&all), [Verdict::There, Verdict::There]);
        let lacking = |lack: &'static str| {
            cluster(&facts(move |right, verb| {
                Fact::Told(right.resource != lack || verb == "get")
            }))
        };
        let leases = lacking("leases").remove(1);
        assert_eq!(leases.verdict, Verdict::Missing);
        assert_eq!(leases.what, "Cluster: leases.coordination.k8s.io");
        assert!(leases.found.contains("list, create, update, patch, delete"));
        assert_eq!(lacking("events").remove(1).verdict, Verdict::Doubtful);
        assert_eq!(lacking("jobs").remove(1).verdict, Verdict::Doubtful);
    }

    #[test]
    fn rights_that_nobody_tells_are_unknown_once() {
        let silent = facts(|_, _| Fact::Silent("down".into()));
        assert_eq!(verdicts(&silent), [Verdict::There, Verdict::Unknown]);
    }

    #[test]
    fn a_cluster_that_does_not_answer_is_the_one_thing_that_is_missing() {
        let mut facts = facts(|_, _| Fact::Told(true));
        facts.has_namespace = Some(false);
        assert_eq!(verdicts(&facts)[0], Verdict::Missing);
        facts.reached = Fact::Silent("refused".into());
        assert_eq!(verdicts(&facts), [Verdict::Missing]);
    }
}
