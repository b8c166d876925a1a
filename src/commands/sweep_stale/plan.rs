//! What goes, what stays, and what could not be known.

use std::collections::BTreeSet;

use futures::{StreamExt as _, stream};

use super::{
    super::{Start, branches::look_for},
    gather::{Entry, Gathered},
};
use crate::{
    decide::{
        Age, Candidate, Head, Presence, Rules, Spared, Stay, Verdict, Why, brake, judge, lost,
        most, oldest_first, replaced,
    },
    model::{Branch, Phase, Seen, Told},
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
    /// Deployments that are shown as reachable though a newer one is up.
    pub replaced: Vec<u64>,
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
    let age = match (settings.removes(Selection::Age), &gathered.no_age) {
        (true, None) => Age::After(settings.age.max_age),
        (true, Some(_)) => Age::Unknown,
        (false, _) => Age::Unasked,
    };
    let rules = Rules {
        now: gathered.now,
        age,
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
    let (lost, replaced) = match (&gathered.deployments, age) {
        (Ok(listed), Age::After(_)) => unended(gathered, settings, listed),
        (Ok(_), Age::Unasked | Age::Unknown) | (Err(_), _) => Default::default(),
    };
    Plan {
        brake,
        verdicts,
        lost,
        replaced,
    }
}

/// The deployments that nobody will end: those that are lost, and those that are replaced.
fn unended(gathered: &Gathered, settings: &SweepStale, listed: &[Told]) -> (Vec<u64>, Vec<u64>) {
    let (place, now) = (settings.app.place(), gathered.now);
    let entry = |branch: &Branch| {
        let mut entries = gathered.entries.iter();
        entries.find(|entry| entry.branch.as_ref() == Ok(branch))
    };
    let is_at_work = |branch: &Branch| entry(branch).is_some_and(|it| it.held);
    let up = |branch: &Branch| {
        let free = entry(branch).filter(|it| !it.held)?;
        free.record()?.deployed
    };
    let lost = lost(listed, place, now, is_at_work);
    (lost, replaced(listed, place, now, up))
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
