use crate::model::{Branch, Reading};

/// What is proven of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there.
    There,
    /// It is gone.
    Gone,
    /// Nothing is proven, for this reason: then nothing is deleted.
    Unproven(String),
}

/// What three readings with one token, in this order, prove of `branch`: the default branch, the
/// branch, the default branch again.
///
/// A token that lost access gets 404 for everything, so a 404 counts only between two readings
/// that found the default branch through the same endpoint.
pub fn presence(
    branch: &Branch,
    default_branch: &Branch,
    [before, reading, after]: [&Reading; 3],
) -> Presence {
    let head = |branch: &Branch| format!("refs/heads/{branch}");
    match reading {
        Reading::Found(found) if *found == head(branch) => Presence::There,
        Reading::Found(found) => {
            Presence::Unproven(format!("GitHub answered with {found} for {branch}"))
        }
        Reading::Missing => {
            let found = Reading::Found(head(default_branch));
            match (*before == found, *after == found) {
                (true, true) => Presence::Gone,
                _ => Presence::Unproven(format!(
                    "GitHub does not show the default branch {default_branch} either: does the \
                     token still have access (contents: read)?"
                )),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(branch: &str) -> Reading {
        Reading::Found(format!("refs/heads/{branch}"))
    }

    fn of(before: Reading, reading: Reading, after: Reading) -> Presence {
        let branch = "new".parse().unwrap();
        presence(
            &branch,
            &"main".parse().unwrap(),
            [&before, &reading, &after],
        )
    }

    #[test]
    fn a_branch_is_gone_only_between_two_sights_of_the_default_branch() {
        use Reading::Missing;
        assert_eq!(of(found("main"), Missing, found("main")), Presence::Gone);
        for (before, after) in [
            (Missing, Missing),
            (found("main"), Missing),
            (Missing, found("main")),
            (found("trunk"), found("main")),
            (found("main"), found("trunk")),
        ] {
            assert!(matches!(of(before, Missing, after), Presence::Unproven(_)));
        }
    }

    #[test]
    fn a_branch_that_answers_is_there_and_a_renamed_one_proves_nothing() {
        assert_eq!(
            of(found("main"), found("new"), found("main")),
            Presence::There
        );
        assert_eq!(
            of(Reading::Missing, found("new"), Reading::Missing),
            Presence::There
        );
        assert!(matches!(
            of(found("main"), found("newer"), found("main")),
            Presence::Unproven(_)
        ));
    }
}
