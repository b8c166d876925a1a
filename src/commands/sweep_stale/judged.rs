//! A verdict in words.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{super::survey::Found, gather::Entry};
use crate::{
    clients::github::RepositoryFacts,
    decide::{Deployed, Spared, Stay, Verdict, Why},
    report::{Judged, Word, span},
};

/// What a person is told of an environment; `warn_before` is how long before it goes that is told.
pub(super) fn judged(
    entry: &Entry,
    verdict: &Verdict,
    now: DateTime<Utc>,
    warn_before: Duration,
) -> Judged {
    let (word, why, reason) = match verdict {
        Verdict::Goes(why) => (Word::Goes, name(why), sentence(why, now)),
        Verdict::Stays(stay) => {
            let (why, reason) = stays(stay, entry, now);
            (Word::Stays, why, reason)
        }
        Verdict::Unknown(reason) => (Word::Unknown, "unknown", reason.clone()),
    };
    let looked_up = match &entry.deployed {
        Deployed::At(time) => Some(*time),
        Deployed::NotBefore(_) | Deployed::Empty(_) | Deployed::Unknown(_) => None,
    };
    Judged {
        environment: entry.found.name.clone(),
        branch: entry.branch.as_ref().ok().map(ToString::to_string),
        last_deployed: looked_up,
        verdict: word,
        why,
        reason,
        soon: verdict.goes_within(warn_before, now),
        goes: verdict.goes_at(),
        ..Judged::default()
    }
}

/// The same of what another repository has up. It is nobody's here to remove, and it is told, since a
/// repository that was made anew under its old name is another one.
pub(super) fn of_another(found: &Found, repository: &RepositoryFacts) -> Judged {
    Judged {
        environment: found.name.clone(),
        verdict: Word::Stays,
        why: "another-repository",
        reason: format!(
            "it is of the repository with the id {}, and {} has the id {}: if that was made anew, \
             remove it by hand",
            found.repository, repository.full_name, repository.id
        ),
        ..Judged::default()
    }
}

fn name(why: &Why) -> &'static str {
    match why {
        Why::BranchGone => "branch-gone",
        Why::Age(_) => "age",
        Why::Unfinished => "unfinished",
        Why::Empty(_) => "empty",
    }
}

fn sentence(why: &Why, now: DateTime<Utc>) -> String {
    match why {
        Why::BranchGone => "its branch is gone".into(),
        Why::Age(_) => "nobody deployed it since".into(),
        Why::Unfinished => "its removal began before, and did not end".into(),
        Why::Empty(since) => format!(
            "nothing of it is left but its record, for {}",
            since_then(*since, now)
        ),
    }
}

fn stays(stay: &Stay, entry: &Entry, now: DateTime<Utc>) -> (&'static str, String) {
    match stay {
        Stay::Spared(Spared::Default) => ("default-branch", "it is the default branch".into()),
        Stay::Spared(Spared::Protected) => ("protected", "its branch is protected".into()),
        Stay::Spared(Spared::Kept(glob)) => ("keep", format!("--keep {glob} covers it")),
        Stay::Busy => ("busy", "it is due, but a job is at work on it".into()),
        Stay::Young(goes) => ("young", format!("goes in {}", since_then(now, *goes))),
        Stay::KeptUntil(goes) => {
            let record = entry.found.record.as_ref().ok().and_then(Option::as_ref);
            let because = record.and_then(|record| record.kept_because.as_deref());
            let because = because.map(|because| format!(": {because}"));
            let day = goes.format("%Y-%m-%d %H:%M UTC");
            (
                "kept-until",
                format!("kept until {day}{}", because.unwrap_or_default()),
            )
        }
        Stay::BranchThere => ("branch-there", "its branch is there".into()),
        Stay::AgeUnknown => ("no-age", "nothing goes by age in this run".into()),
        Stay::NoneMay => (
            "max-deletions",
            "it is due, but --max-deletions 0 lets nothing go".into(),
        ),
        Stay::NextTime => (
            "next-time",
            "it is due, but no more may go at once: older ones first".into(),
        ),
    }
}

fn since_then(since: DateTime<Utc>, then: DateTime<Utc>) -> String {
    span((then - since).to_std().unwrap_or_default())
}
