//! What goes, what stays, and what could not be known.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};

use super::{
    super::{Start, branches::look_for},
    gather::{Entry, Gathered},
};
use crate::{
    decide::{
        Candidate, Head, Presence, Rules, Spared, Stay, Verdict, Why, brake, judge, lost, most,
        oldest_first,
    },
    model::{Branch, Phase, Seen},
    settings::{Selection, SweepStale},
};

/// How many branches are proven gone at a time.
const AT_ONCE: usize = 4;

/// What a sweep is to do.
pub(super) struct Plan {
    /// What becomes of each environment, in the order of the entries.
    pub verdicts: Vec<Verdict>,
    /// Why none of those goes whose branch is gone, if a brake holds.
    pub brake: Option<String>,
    /// Deployments that nobody took up, or ended, within a day.
    pub lost: Vec<u64>,
}

impl Plan {
    /// Whether this verdict is carried out.
    pub(super) fn carries_out(&self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Goes(Why::BranchGone) => self.brake.is_none(),
            Verdict::Goes(Why::Age(_) | Why::Unfinished | Why::Empty(_)) => true,
            Verdict::Stays(_) | Verdict::Unknown(_) => false,
        }
    }
}

pub(super) async fn plan(start: &Start<SweepStale>, gathered: &Gathered) -> Plan {
    let settings = &start.settings;
    let by_age = settings.removes(Selection::Age) && gathered.no_age.is_none();
    let rules = Rules {
        now: gathered.now,
        max_age: by_age.then_some(settings.age.max_age),
        orphans: settings.removes(Selection::Orphans),
    };
    let judged =
        stream::iter(&gathered.entries).map(|entry| verdict(gathered, settings, entry, &rules));
    let mut verdicts: Vec<Verdict> = judged.buffered(AT_ONCE).collect().await;
    let up = gathered.entries.len();
    let most = most(up, settings.max_deletions);
    let orphans = verdicts
        .iter()
        .filter(|it| **it == Verdict::Goes(Why::BranchGone));
    let brake = brake(orphans.count(), up, most);
    if brake.is_some() {
        take_by_age(gathered, settings, &mut verdicts, &rules);
    }
    spare_protected(gathered, settings, &mut verdicts).await;
    oldest_first(&mut verdicts, most);
    let lost_ones = match (&gathered.deployments, by_age) {
        (Ok(listed), true) => lost(listed, settings.app.place(), gathered.now, |branch| {
            let of_it = |entry: &&Entry| entry.branch.as_ref() == Ok(branch);
            gathered
                .entries
                .iter()
                .find(of_it)
                .is_some_and(|it| it.held)
        }),
        _ => Vec::new(),
    };
    Plan {
        brake,
        verdicts,
        lost: lost_ones,
    }
}

/// Judges one environment; what only seems to have no branch is asked for once more.
async fn verdict(
    gathered: &Gathered,
    settings: &SweepStale,
    entry: &Entry,
    rules: &Rules,
) -> Verdict {
    let branch = match &entry.branch {
        Ok(branch) => branch,
        Err(reason) => return Verdict::Unknown(reason.clone()),
    };
    let mut candidate = candidate(gathered, settings, entry, branch);
    if judge(&candidate, rules) == Verdict::Goes(Why::BranchGone) {
        candidate.branch = proven(gathered, branch).await;
    }
    judge(&candidate, rules)
}

/// What the listings tell of an environment.
fn candidate(
    gathered: &Gathered,
    settings: &SweepStale,
    entry: &Entry,
    branch: &Branch,
) -> Candidate {
    let record = entry.record();
    Candidate {
        branch: head(gathered, branch),
        spared: spared(gathered, settings, branch),
        held: entry.held,
        removing: record.is_some_and(|record| record.phase == Phase::Removing),
        deployed: entry.deployed.clone(),
        keep_until: record.and_then(|record| record.keep_until),
    }
}

/// What the brake holds goes all the same where it is old, or half removed.
fn take_by_age(
    gathered: &Gathered,
    settings: &SweepStale,
    verdicts: &mut [Verdict],
    rules: &Rules,
) {
    let rules = Rules {
        orphans: false,
        ..*rules
    };
    let entries = gathered.entries.iter().zip(verdicts);
    for (entry, verdict) in entries.filter(|(_, it)| **it == Verdict::Goes(Why::BranchGone)) {
        let Ok(branch) = &entry.branch else { continue };
        let by_age = judge(&candidate(gathered, settings, entry, branch), &rules);
        if matches!(by_age, Verdict::Goes(_)) {
            *verdict = by_age;
        }
    }
}

fn head(gathered: &Gathered, branch: &Branch) -> Head {
    match gathered.heads.get(branch) {
        None => Head::Unasked,
        Some(Seen::At(_)) => Head::There,
        Some(Seen::Absent) => Head::Gone,
        Some(Seen::Unknown(reason)) => Head::Unknown(reason.clone()),
    }
}

/// What the two proofs tell of a branch that one listing did not show.
async fn proven(gathered: &Gathered, branch: &Branch) -> Head {
    let default = &gathered.repository.default_branch;
    match look_for(&gathered.github, branch, default).await {
        Ok(Presence::Gone) => Head::Gone,
        Ok(Presence::There) => {
            Head::Unknown("GitHub's listing does not show the branch, but its ref is there".into())
        }
        Ok(Presence::Unproven(reason)) => Head::Unknown(reason),
        Err(error) => Head::Unknown(error.to_string()),
    }
}

fn spared(gathered: &Gathered, settings: &SweepStale, branch: &Branch) -> Option<Spared> {
    if *branch == gathered.repository.default_branch {
        return Some(Spared::Default);
    }
    let keeps = settings.keeps(branch);
    keeps.map(|pattern| Spared::Kept(pattern.to_string()))
}

/// Spares the environments of protected branches. GitHub is asked only where one would go, or is
/// about to be announced: a branch that is gone is not protected any more.
async fn spare_protected(gathered: &Gathered, settings: &SweepStale, verdicts: &mut [Verdict]) {
    let is_due = |verdict: &Verdict| match verdict {
        Verdict::Goes(why) => *why != Why::BranchGone,
        _ => verdict.goes_within(settings.warn_before, gathered.now),
    };
    if !verdicts.iter().any(is_due) {
        return;
    }
    let protected = gathered.github.protected_branches().await;
    let entries = gathered.entries.iter().zip(verdicts);
    for (entry, verdict) in entries.filter(|(_, verdict)| is_due(verdict)) {
        match &protected {
            Ok(protected) if is_protected(entry, protected) => {
                *verdict = Verdict::Stays(Stay::Spared(Spared::Protected));
            }
            Ok(_) => {}
            Err(error) => {
                *verdict = Verdict::Unknown(format!("whether its branch is protected: {error}"));
            }
        }
    }
}

fn is_protected(entry: &Entry, protected: &BTreeSet<Branch>) -> bool {
    entry
        .branch
        .as_ref()
        .is_ok_and(|branch| protected.contains(branch))
}
