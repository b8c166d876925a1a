use std::collections::BTreeMap;

use crate::model::{Environment, Record, labels};

/// Whether the Lease with these labels and this record may be used for `environment`; the reason
/// if not.
///
/// Two branches can have one slug, two apps one name (`hey` with `foo-bar`, `hey-foo` with
/// `bar`), and anybody can make a Lease: labels and record name app, tier, repository and branch,
/// or nothing is touched.
pub fn claim(
    found: &BTreeMap<String, String>,
    record: Option<&Record>,
    environment: &Environment,
) -> Result<(), String> {
    let name = environment.name();
    if found.get(labels::MANAGED_BY).map(String::as_str) != Some(labels::MANAGER) {
        return Err(format!(
            "the lease {name} is not ours: {} is missing",
            labels::MANAGED_BY
        ));
    }
    for (key, value) in environment.record_labels() {
        let found = found.get(&key).map_or("nothing", String::as_str);
        if found != value {
            return Err(format!(
                "the name {name} is taken: its {key} is {found}, not {value}"
            ));
        }
    }
    match record {
        Some(record) if record.branch != environment.branch => Err(format!(
            "the name {name} is taken by branch {}: rename one of the two branches",
            record.branch
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(branch: &str) -> Environment {
        Environment {
            app: "hey".parse().unwrap(),
            tier: "beta".into(),
            branch: branch.parse().unwrap(),
            repository_id: 7,
        }
    }

    #[test]
    fn our_own_lease_is_claimed() {
        let environment = environment("new");
        let record = Record::new(&environment, "acme/hey");
        assert_eq!(
            claim(&environment.record_labels(), Some(&record), &environment),
            Ok(())
        );
        assert_eq!(
            claim(&environment.record_labels(), None, &environment),
            Ok(())
        );
    }

    #[test]
    fn a_lease_that_differs_in_one_thing_is_not() {
        let environment = environment("new");
        for key in environment.record_labels().keys() {
            let mut found = environment.record_labels();
            found.insert(key.clone(), "other".into());
            assert!(claim(&found, None, &environment).is_err(), "{key}");
        }
        assert!(claim(&BTreeMap::new(), None, &environment).is_err());
    }

    #[test]
    fn another_branch_with_the_same_slug_is_refused_by_name() {
        let mut record = Record::new(&environment("new"), "acme/hey");
        record.branch = "other".parse().unwrap();
        let environment = environment("new");
        let error = claim(&environment.record_labels(), Some(&record), &environment).unwrap_err();
        assert!(error.contains("branch other"), "{error}");
    }
}
