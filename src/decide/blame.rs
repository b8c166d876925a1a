//! What of all that is wrong may have failed a release.

use super::hope::has_enough;
use crate::model::{Object, Scene, Trouble, What};

/// By whom a release failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedBy {
    /// Helm refused it of itself.
    Refusal,
    /// Helm had waited for it.
    Wait,
    /// Its address did not answer.
    Address,
}

/// Those of the troubles that may have failed the release, the most likely first. What Helm refuses of itself no
/// pod explains, but a hook that failed; and a workload that has pods enough, for a Helm that `spares` some or
/// none, explains nothing.
pub fn to_blame(
    scene: &Scene,
    objects: &[Object],
    mut troubles: Vec<Trouble>,
    failed_by: FailedBy,
    spares: bool,
) -> Vec<Trouble> {
    let was_waited_for =
        |trouble: &Trouble| failed_by != FailedBy::Refusal || trouble.hook.is_some();
    troubles
        .retain(|trouble| was_waited_for(trouble) && !has_enough(scene, objects, trouble, spares));
    // Helm waits for no Ingress: its address is waited for later.
    troubles.sort_by_key(|trouble| {
        failed_by != FailedBy::Address && matches!(trouble.what, What::Ingress { .. })
    });
    troubles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(what: What, hook: Option<&str>) -> Trouble {
        Trouble {
            what,
            workload: "Deployment/web".into(),
            hook: hook.map(str::to_owned),
            ready: None,
            pod: None,
            container: None,
            events: Vec::new(),
        }
    }

    fn blamed(troubles: &[Trouble], failed_by: FailedBy) -> Vec<What> {
        let scene = Scene::default();
        let blamed = to_blame(&scene, &[], troubles.to_vec(), failed_by, true);
        blamed.into_iter().map(|trouble| trouble.what).collect()
    }

    #[test]
    fn what_helm_refuses_a_hook_alone_explains_and_an_ingress_least_what_it_waits_for() {
        let refused = || What::Ingress {
            reason: "FailedBuildModel".into(),
            message: String::new(),
            culprit: None,
        };
        let unmade = || What::NotMade("no".into());
        let all = [
            trouble(refused(), None),
            trouble(unmade(), None),
            trouble(What::Runs, Some("pre-upgrade")),
        ];
        assert_eq!(blamed(&all, FailedBy::Refusal), [What::Runs]);
        assert_eq!(
            blamed(&all, FailedBy::Wait),
            [unmade(), What::Runs, refused()]
        );
        let unanswered = [refused(), unmade(), What::Runs];
        assert_eq!(blamed(&all, FailedBy::Address), unanswered);
    }
}
