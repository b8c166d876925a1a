use crate::model::{Environment, Revision, labels};

/// Whose a Helm release is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// There is no such release.
    Nobody,
    /// It bears our labels, for this environment.
    Ours,
    /// It bears no labels of ours: somebody's by hand or by another tool.
    Unclaimed,
    /// It bears our labels for another environment, which is told.
    Another(String),
}

/// Whose the release with these kept revisions is; `branch` is the one in the values of the newest,
/// if it tells one. Two branches can have one slug, so the labels alone do not tell them apart.
///
/// Any kept revision may prove it: a rollback takes the labels of the revision it returns to, so
/// an adopted release can lose them on its newest one. One revision that says otherwise denies it.
pub fn owner(revisions: &[Revision], branch: Option<&str>, environment: &Environment) -> Owner {
    let ours = environment.release_labels();
    let mut owner = if revisions.is_empty() {
        Owner::Nobody
    } else {
        Owner::Unclaimed
    };
    for revision in revisions {
        if revision.labels.get(labels::APP).is_none() {
            continue;
        }
        let differs = ours
            .iter()
            .find(|(key, value)| revision.labels.get(key) != Some(value));
        if let Some((key, value)) = differs {
            let found = revision.labels.get(key).unwrap_or("nothing");
            return Owner::Another(format!("{key} is {found}, not {value}"));
        }
        owner = Owner::Ours;
    }
    match branch {
        Some(branch) if owner == Owner::Ours && branch != environment.branch.as_str() => {
            Owner::Another(format!("it was deployed for the branch {branch}"))
        }
        Some(_) | None => owner,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Status;

    fn environment() -> Environment {
        Environment {
            app: "hey".parse().unwrap(),
            tier: "beta".into(),
            branch: "new".parse().unwrap(),
            repository_id: 7,
        }
    }

    fn revision(labels: BTreeMap<String, String>) -> Revision {
        Revision {
            release: "hey-new".into(),
            version: 1,
            status: Status::Deployed,
            labels: labels.into(),
            secret: String::new(),
            uid: None,
            created: None,
        }
    }

    #[test]
    fn a_release_is_ours_by_its_labels_alone() {
        let ours = revision(environment().release_labels());
        let bare = revision(BTreeMap::from([("owner".into(), "helm".into())]));
        assert_eq!(owner(&[], None, &environment()), Owner::Nobody);
        assert_eq!(
            owner(std::slice::from_ref(&ours), None, &environment()),
            Owner::Ours
        );
        assert_eq!(
            owner(std::slice::from_ref(&bare), None, &environment()),
            Owner::Unclaimed
        );
        assert_eq!(owner(&[ours, bare], None, &environment()), Owner::Ours);
    }

    #[test]
    fn one_label_that_differs_makes_it_anothers() {
        for key in [labels::APP, labels::TIER, labels::SLUG, labels::REPOSITORY] {
            for value in [Some("other"), None] {
                let mut found = environment().release_labels();
                match value {
                    Some(value) => found.insert(key.into(), value.into()),
                    None if key == labels::APP => continue,
                    None => found.remove(key),
                };
                let found = owner(&[revision(found)], None, &environment());
                assert!(
                    matches!(found, Owner::Another(_)),
                    "{key} {value:?}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn a_release_of_another_branch_with_the_same_slug_is_anothers() {
        let ours = [revision(environment().release_labels())];
        assert_eq!(owner(&ours, Some("new"), &environment()), Owner::Ours);
        let other = owner(&ours, Some("New"), &environment());
        assert!(matches!(other, Owner::Another(reason) if reason.contains("branch New")));
    }
}
