use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::leaving::aged;

/// By what a sweep judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The time.
    pub now: DateTime<Utc>,
    /// Whether environments go by age.
    pub age: Age,
    /// Whether environments go whose branch is gone.
    pub orphans: bool,
}

/// Whether environments go by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// So long after their last deploy.
    After(Duration),
    /// Nobody asked for it.
    Unasked,
    /// No age is known, since the clocks disagree.
    Unknown,
}

/// What is known of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Whether its branch is there.
    pub branch: Head,
    /// Why nothing removes it, if anything says so.
    pub spared: Option<Spared>,
    /// Whether somebody holds its lock at present.
    pub held: bool,
    /// Whether a removal has begun and did not end.
    pub removing: bool,
    /// When it was last deployed.
    pub deployed: Deployed,
    /// Age removes nothing before.
    pub keep_until: Option<DateTime<Utc>>,
}

/// Whether a branch is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// It is.
    There,
    /// It is gone, by the proofs.
    Gone,
    /// Nobody knows, for this reason.
    Unknown(String),
    /// Nobody asked.
    Unasked,
}

/// When an environment was last deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployed {
    /// Then, by Helm's record.
    At(DateTime<Utc>),
    /// Then or later: its newest Secret was made then.
    NotBefore(DateTime<Utc>),
    /// There is no release; its lock was last held then.
    Empty(DateTime<Utc>),
    /// Nobody knows, for this reason.
    Unknown(String),
}

/// Why nothing removes an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spared {
    /// Its branch is the default one.
    Default,
    /// Its branch is protected at GitHub.
    Protected,
    /// The settings keep it, by this pattern.
    Kept(String),
}

/// What a sweep does with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes.
    Goes(Why),
    /// It stays.
    Stays(Stay),
    /// It stays, since something could not be known.
    Unknown(String),
}

/// Why an environment goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its branch is gone.
    BranchGone,
    /// It was last deployed then, too long ago.
    Age(DateTime<Utc>),
    /// A removal has begun, and did not end.
    Unfinished,
    /// Nothing of it is left but its record, since then.
    Empty(DateTime<Utc>),
}

/// Why an environment stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stay {
    /// Nothing removes it.
    Spared(Spared),
    /// It would go, but somebody is at work on it.
    Busy,
    /// Until then, if nobody deploys it before.
    Young(DateTime<Utc>),
    /// Until then, as somebody asked.
    KeptUntil(DateTime<Utc>),
    /// Its branch is there, and age is not asked for.
    BranchThere,
    /// Its age is not known.
    AgeUnknown,
    /// It would go, and older ones go first.
    NextTime,
    /// It would go, and the settings let none go.
    NoneMay,
}

impl Verdict {
    /// When the environment goes by age, where it stays until then.
    pub fn goes_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Stays(Stay::Young(time) | Stay::KeptUntil(time)) => Some(*time),
            Self::Goes(_) | Self::Stays(_) | Self::Unknown(_) => None,
        }
    }

    /// Whether it stays, and goes by age within this time.
    pub fn goes_within(&self, time: Duration, now: DateTime<Utc>) -> bool {
        let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
        self.goes_at().is_some_and(|goes| goes - now <= time)
    }
}

/// What a sweep does with an environment that looks like this.
///
/// Age asks nothing of the branch, so one that could not be read goes by age all the same.
pub fn judge(candidate: &Candidate, rules: &Rules) -> Verdict {
    if let Some(spared) = &candidate.spared {
        return Verdict::Stays(Stay::Spared(spared.clone()));
    }
    if rules.orphans && candidate.branch == Head::Gone {
        return Verdict::Goes(Why::BranchGone);
    }
    let by_age = match rules.age {
        Age::After(max_age) => by_age(candidate, max_age, rules.now),
        Age::Unasked => Verdict::Stays(Stay::BranchThere),
        Age::Unknown => Verdict::Stays(Stay::AgeUnknown),
    };
    match (&candidate.branch, by_age) {
        (_, Verdict::Goes(_)) if candidate.held => Verdict::Stays(Stay::Busy),
        (Head::Unknown(reason), Verdict::Stays(_)) => Verdict::Unknown(reason.clone()),
        (_, verdict) => verdict,
    }
}

fn by_age(candidate: &Candidate, max_age: Duration, now: DateTime<Utc>) -> Verdict {
    if candidate.removing {
        return Verdict::Goes(Why::Unfinished);
    }
    let (since, why) = match &candidate.deployed {
        Deployed::At(time) => (*time, Why::Age(*time)),
        Deployed::Empty(time) => (*time, Why::Empty(*time)),
        Deployed::NotBefore(time) => return young(*time, max_age, candidate.keep_until),
        Deployed::Unknown(reason) => return Verdict::Unknown(reason.clone()),
    };
    match (aged(since, max_age), candidate.keep_until) {
        (Some(goes), keep) if goes <= now && keep.is_none_or(|keep| keep <= now) => {
            Verdict::Goes(why)
        }
        _ => young(since, max_age, candidate.keep_until),
    }
}

fn young(since: DateTime<Utc>, max_age: Duration, keep: Option<DateTime<Utc>>) -> Verdict {
    let goes = aged(since, max_age).unwrap_or(DateTime::<Utc>::MAX_UTC);
    Verdict::Stays(match keep.filter(|keep| *keep > goes) {
        Some(keep) => Stay::KeptUntil(keep),
        None => Stay::Young(goes),
    })
}

/// How many may go for one reason: as the settings say, or three, or a quarter of what is up.
pub fn most(up: usize, max_deletions: Option<usize>) -> usize {
    max_deletions.unwrap_or_else(|| (up / 4).max(3))
}

/// Why none goes whose branch is gone, where those are more than `most`: rather GitHub has a bad day
/// than so many branches were deleted at once.
pub fn brake(orphans: usize, up: usize, most: usize) -> Option<String> {
    (orphans > most).then(|| {
        format!(
            "the branches of {orphans} of {up} environments are gone, which is more than {most}: \
             none goes for that. If that is right: --max-deletions {orphans}"
        )
    })
}

/// Leaves to the next run what goes by age beyond `most`: the youngest of it. Where none may go, what
/// was half removed stays too.
pub fn oldest_first(verdicts: &mut [Verdict], most: usize) {
    if most == 0 {
        let by_age = |verdict: &&mut Verdict| match verdict {
            Verdict::Goes(Why::Age(_) | Why::Empty(_) | Why::Unfinished) => true,
            Verdict::Goes(Why::BranchGone) | Verdict::Stays(_) | Verdict::Unknown(_) => false,
        };
        let due = verdicts.iter_mut().filter(by_age);
        return due.for_each(|verdict| *verdict = Verdict::Stays(Stay::NoneMay));
    }
    let since = |verdict: &Verdict| match verdict {
        Verdict::Goes(Why::Age(since) | Why::Empty(since)) => Some(*since),
        Verdict::Goes(Why::BranchGone | Why::Unfinished)
        | Verdict::Stays(_)
        | Verdict::Unknown(_) => None,
    };
    let verdicts = verdicts.iter_mut();
    let mut by_age: Vec<_> = verdicts.filter(|it| since(it).is_some()).collect();
    by_age.sort_by_key(|verdict| since(verdict));
    for verdict in by_age.into_iter().skip(most) {
        *verdict = Verdict::Stays(Stay::NextTime);
    }
}

/// How far our clock and the API server's may be apart for ages to mean anything.
pub const MOST_SKEW: TimeDelta = TimeDelta::minutes(5);

/// Why nothing goes by age: the clocks disagree. None where they agree.
pub fn skew(ours: DateTime<Utc>, theirs: DateTime<Utc>) -> Option<String> {
    let apart = ours - theirs;
    (apart.abs() > MOST_SKEW).then(|| {
        let way = if apart > TimeDelta::zero() {
            "ahead of"
        } else {
            "behind"
        };
        format!(
            "this machine's clock is {} min {way} the API server's: nothing goes by age",
            apart.abs().num_minutes()
        )
    })
}

#[cfg(test)]
mod tests;
