//! Branches that a pattern covers.

use glob::{MatchOptions, Pattern};

use crate::model::Branch;

/// The first of `patterns` that covers `branch`.
pub fn covering<'a>(patterns: &'a [Pattern], branch: &Branch) -> Option<&'a Pattern> {
    let mut patterns = patterns.iter();
    patterns.find(|pattern| covers(pattern, branch.as_str()))
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
