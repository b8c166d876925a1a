use std::time::Duration;

use clap::Parser;
use glob::{MatchOptions, Pattern};

use super::{AppOptions, GitHubOptions, OrderOptions, RunOptions};
use crate::model::{Branch, Template};

/// Asks GitHub for the deployment of a branch, which starts its deploy build
#[derive(Debug, Parser)]
#[command(name = "queue-deploy", version, max_term_width = 100)]
pub struct QueueDeploy {
    #[command(flatten)]
    pub(crate) app: AppOptions,
    #[command(flatten)]
    pub(crate) github: GitHubOptions,
    #[command(flatten)]
    pub(crate) order: OrderOptions,
    /// Branches that are not deployed, as in dependabot/**; repeat it, or give a list
    #[arg(long, default_value = "gh-readonly-queue/**", value_name = "GLOB")]
    pub(crate) skip_branch: Vec<Pattern>,
    /// Address, as in https://{slug}.beta.example.com, to be told beforehand
    #[arg(long)]
    pub(crate) url: Option<Template>,
    /// Wait until the deploy has ended, and end as it did
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait for the deploy's end
    #[arg(long, default_value = "30m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

impl QueueDeploy {
    /// The pattern by which `branch` is not deployed.
    pub fn skips(&self, branch: &Branch) -> Option<&Pattern> {
        self.skip_branch
            .iter()
            .find(|pattern| covers(pattern, branch.as_str()))
    }
}

/// Whether a branch matches: `*` is one part of its path, `**` any number of them.
fn covers(pattern: &Pattern, branch: &str) -> bool {
    let options = MatchOptions {
        require_literal_separator: true,
        ..MatchOptions::new()
    };
    pattern.matches_with(branch, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_part_of_a_branch_and_two_are_all_that_follow() {
        let covers = |pattern: &str, branch| covers(&pattern.parse().unwrap(), branch);
        assert!(covers("dependabot/**", "dependabot/npm/left-pad-1.0"));
        assert!(covers("renovate/*", "renovate/serde"));
        assert!(!covers("renovate/*", "renovate/serde/2"));
        assert!(covers(
            "gh-readonly-queue/**",
            "gh-readonly-queue/main/pr-5-0abc"
        ));
        assert!(!covers("dependabot/**", "my-dependabot/x"));
        assert!(covers("**/wip", "a/b/wip"));
        assert!(!covers("dependabot/**", "dependabot"));
    }
}
