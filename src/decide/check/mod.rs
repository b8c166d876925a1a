//! What `--check` makes of what it found: for each thing that a program needs one line, whether it is
//! there and what to do if it is not.

mod buildkite;
mod cluster;
mod dns;
mod github;
mod helm;
mod registry;
mod rights;
mod webhook;

pub use buildkite::{BuildkiteFacts, DeployPipeline, buildkite, deploy_pipeline, useless};
pub use cluster::{ClusterFacts, Granted, cluster, ingress_class, unserved};
pub use dns::{ZoneFacts, dns};
pub use github::{By, GitHubFacts, NOT_SEEN, github, nobody};
pub use helm::{chart, helm, unmigrated};
pub use registry::{pull_secret, pull_secrets, registry, step};
pub use rights::{Need, Place, Right, Served, Use, kinds, rights};
pub use webhook::Hook;

use crate::model::{Ending, Line, Verdict};

/// How a check ends: what is doubtful or unknown fails nothing.
pub fn ending(lines: &[Line]) -> Ending {
    match lines.iter().any(|line| line.verdict == Verdict::Missing) {
        true => Ending::Failed,
        false => Ending::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_fails_a_check() {
        let fine = [
            Line::there("a", "b"),
            Line::doubtful("a", "b", "c"),
            Line::unknown("a", "b"),
        ];
        assert_eq!(ending(&fine), Ending::Done);
        assert_eq!(ending(&[Line::missing("a", "b", "c")]), Ending::Failed);
    }
}
