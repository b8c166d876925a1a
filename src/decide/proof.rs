use crate::model::ObjectKey;

/// What the cluster tells of an object that stood in a release's manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks<'a> {
    /// `meta.helm.sh/release-name`, which Helm writes on all but hooks.
    pub release: Option<&'a str>,
    /// `meta.helm.sh/release-namespace`.
    pub namespace: Option<&'a str>,
    /// `helm.sh/hook`.
    pub hook: Option<&'a str>,
    /// `helm.sh/resource-policy`.
    pub policy: Option<&'a str>,
    /// `app.kubernetes.io/instance`: by custom, the release, on hooks too.
    pub instance: Option<&'a str>,
}

/// What is done with an object that a removed release left, or seems to have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is ours and goes.
    Goes,
    /// Its chart asks that it stays.
    Kept,
    /// Nothing proves that it is ours: it has our object's name and another's marks.
    Stranger,
}

/// The fate of the object `key`, which the manifests of `releases` in `namespace` name.
///
/// A volume claim that was made for a StatefulSet bears no mark of Helm's: it was found by the set's
/// name and labels. One that a manifest names bears them, else somebody made it by hand.
pub fn fate(key: &ObjectKey, marks: Marks<'_>, releases: &[&str], namespace: &str) -> Fate {
    if marks.policy == Some("keep") {
        return Fate::Kept;
    }
    match (marks.release, marks.namespace) {
        (Some(release), Some(found)) if releases.contains(&release) && found == namespace => {
            Fate::Goes
        }
        (None, None) if marks.hook.is_some() && is_anothers(marks, releases) => Fate::Stranger,
        (None, None) if marks.hook.is_some() || key.set.is_some() => Fate::Goes,
        _ => Fate::Stranger,
    }
}

/// Whether the label tells of a release that is none of `releases`: two branches' hooks can have
/// one name.
fn is_anothers(marks: Marks<'_>, releases: &[&str]) -> bool {
    marks
        .instance
        .is_some_and(|instance| !releases.contains(&instance))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Marks<'_> = Marks {
        release: None,
        namespace: None,
        hook: None,
        policy: None,
        instance: None,
    };

    fn of(kind: &str, marks: Marks<'_>) -> Fate {
        let key = ObjectKey::new("v1", kind, "x");
        fate(&key, marks, &["hey-new"], "betas")
    }

    #[test]
    fn what_helm_marked_as_of_our_release_goes() {
        let marks = Marks {
            release: Some("hey-new"),
            namespace: Some("betas"),
            ..NONE
        };
        assert_eq!(of("Service", marks), Fate::Goes);
        assert_eq!(
            of(
                "Service",
                Marks {
                    policy: Some("keep"),
                    ..marks
                }
            ),
            Fate::Kept
        );
        assert_eq!(
            of(
                "Service",
                Marks {
                    release: Some("hey-other"),
                    ..marks
                }
            ),
            Fate::Stranger
        );
        assert_eq!(
            of(
                "Service",
                Marks {
                    namespace: Some("prod"),
                    ..marks
                }
            ),
            Fate::Stranger
        );
    }

    #[test]
    fn a_hook_that_another_release_labelled_stays() {
        let hook = Marks {
            hook: Some("pre-install"),
            ..NONE
        };
        assert_eq!(
            of(
                "Job",
                Marks {
                    instance: Some("hey-new"),
                    ..hook
                }
            ),
            Fate::Goes
        );
        assert_eq!(
            of(
                "Job",
                Marks {
                    instance: Some("hey-other"),
                    ..hook
                }
            ),
            Fate::Stranger
        );
    }

    #[test]
    fn hooks_and_claims_of_a_set_go_and_what_is_unmarked_stays() {
        assert_eq!(
            of(
                "Job",
                Marks {
                    hook: Some("pre-install"),
                    ..NONE
                }
            ),
            Fate::Goes
        );
        assert_eq!(of("PersistentVolumeClaim", NONE), Fate::Stranger);
        let claim = ObjectKey {
            api_version: "v1".into(),
            kind: "PersistentVolumeClaim".into(),
            name: "disk-db-0".into(),
            namespace: None,
            set: Some("db".into()),
        };
        assert_eq!(fate(&claim, NONE, &["hey-new"], "betas"), Fate::Goes);
        assert_eq!(of("Service", NONE), Fate::Stranger);
        let others = Marks {
            release: Some("other"),
            hook: Some("pre-install"),
            ..NONE
        };
        assert_eq!(of("Job", others), Fate::Stranger);
    }
}
