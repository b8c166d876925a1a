use std::collections::BTreeMap;

use super::{App, Branch, Slug};

/// Keys of the labels that tell what is ours: on records and on Helm's storage Secrets.
pub mod labels {
    /// Who made an object: [`MANAGER`] on a record.
    pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
    /// Our name under [`MANAGED_BY`].
    pub const MANAGER: &str = "branch-deploys";
    /// The app.
    pub const APP: &str = "branch-deploys/app";
    /// The tier.
    pub const TIER: &str = "branch-deploys/tier";
    /// The slug.
    pub const SLUG: &str = "branch-deploys/slug";
    /// The repository's numeric id, which a rename leaves as it is.
    pub const REPOSITORY: &str = "branch-deploys/repository-id";
}

/// All that is up for one branch of one app, by what identifies it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The app.
    pub app: App,
    /// GitHub's environment name that all branches of the app share, as in `beta`.
    pub tier: String,
    /// The branch.
    pub branch: Branch,
    /// The repository's numeric id.
    pub repository_id: u64,
}

impl Environment {
    /// The branch as a DNS label.
    pub fn slug(&self) -> Slug {
        Slug::of(&self.branch)
    }

    /// The name of the record and of the main release: `<app>-<slug>`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.app, self.slug())
    }

    /// The name of a companion release: a slug holds no `--`, so no branch's main release
    /// is another's companion.
    pub fn companion(&self, name: &str) -> String {
        format!("{}--{name}", self.name())
    }

    /// What Helm's storage Secrets of the environment's releases are labelled with.
    pub fn release_labels(&self) -> BTreeMap<String, String> {
        let mut labels = place_labels(&self.app, &self.tier);
        labels.insert(labels::REPOSITORY.into(), self.repository_id.to_string());
        labels.insert(labels::SLUG.into(), self.slug().to_string());
        labels
    }

    /// What the environment's record is labelled with.
    pub fn record_labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.release_labels();
        labels.insert(labels::MANAGED_BY.into(), labels::MANAGER.into());
        labels
    }
}

/// The labels that all environments of one app on one tier have in common, whatever their repository.
pub fn place_labels(app: &App, tier: &str) -> BTreeMap<String, String> {
    let pairs = [
        (labels::APP, app.to_string()),
        (labels::TIER, tier.to_owned()),
    ];
    let pairs = pairs.into_iter();
    pairs.map(|(key, value)| (key.to_owned(), value)).collect()
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
    fn a_companion_never_meets_another_branch() {
        assert_eq!(environment("foo").companion("redis"), "hey-foo--redis");
        assert_eq!(environment("foo-redis").name(), "hey-foo-redis");
        assert!(!environment("foo--redis").name().contains("--"));
    }

    #[test]
    fn the_longest_names_fit_helm() {
        let mut longest = environment(&"x".repeat(250));
        longest.app = "abcdefghij".parse().unwrap();
        assert!(longest.companion("abcdefghij").len() <= 53);
    }
}
