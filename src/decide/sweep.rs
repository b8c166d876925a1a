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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    fn day(number: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(number * DAY as i64, 0).unwrap()
    }

    /// The sixth day of the year: what was last deployed on the first is five days old.
    fn rules() -> Rules {
        Rules {
            now: day(6),
            age: Age::After(Duration::from_secs(5 * DAY)),
            orphans: true,
        }
    }

    fn deployed(deployed: Deployed) -> Candidate {
        Candidate {
            branch: Head::There,
            spared: None,
            held: false,
            removing: false,
            deployed,
            keep_until: None,
        }
    }

    fn old() -> Candidate {
        deployed(Deployed::At(day(1)))
    }

    fn of(candidate: &Candidate) -> Verdict {
        judge(candidate, &rules())
    }

    #[test]
    fn what_goes_by_age_tells_when_and_whether_that_is_soon() {
        let stays = Verdict::Stays(Stay::KeptUntil(day(8)));
        assert_eq!(stays.goes_at(), Some(day(8)));
        let kept = |until| young(day(1), Duration::from_secs(5 * DAY), Some(day(until)));
        assert_eq!(kept(6), Verdict::Stays(Stay::Young(day(6))));
        assert_eq!(kept(7), Verdict::Stays(Stay::KeptUntil(day(7))));
        assert_eq!(Verdict::Stays(Stay::Young(day(7))).goes_at(), Some(day(7)));
        let within = |days| stays.goes_within(Duration::from_secs(days * DAY), day(6));
        assert_eq!([within(1), within(2), within(3)], [false, true, true]);
        for never in [Verdict::Goes(Why::BranchGone), Verdict::Stays(Stay::Busy)] {
            assert_eq!(never.goes_at(), None);
            assert!(!never.goes_within(Duration::MAX, day(6)));
        }
    }

    #[test]
    fn age_counts_from_the_last_deploy() {
        assert_eq!(of(&old()), Verdict::Goes(Why::Age(day(1))));
        let second = DateTime::from_timestamp(DAY as i64 + 1, 0).unwrap();
        let young = deployed(Deployed::At(second));
        assert!(matches!(of(&young), Verdict::Stays(Stay::Young(_))));
    }

    #[test]
    fn a_secret_that_is_young_enough_is_proof_and_an_old_one_is_none() {
        let young = deployed(Deployed::NotBefore(day(5)));
        assert_eq!(of(&young), Verdict::Stays(Stay::Young(day(10))));
        let unread = deployed(Deployed::NotBefore(day(0)));
        assert!(matches!(of(&unread), Verdict::Stays(_)));
    }

    #[test]
    fn keep_until_holds_against_age_alone() {
        let kept = Candidate {
            keep_until: Some(day(20)),
            ..old()
        };
        assert_eq!(of(&kept), Verdict::Stays(Stay::KeptUntil(day(20))));
        let orphan = Candidate {
            branch: Head::Gone,
            ..kept
        };
        assert_eq!(of(&orphan), Verdict::Goes(Why::BranchGone));
        let over = Candidate {
            keep_until: Some(day(6)),
            ..old()
        };
        assert_eq!(of(&over), Verdict::Goes(Why::Age(day(1))));
    }

    #[test]
    fn what_is_spared_stays_whatever_else_holds() {
        for spared in [Spared::Default, Spared::Protected, Spared::Kept("x".into())] {
            let candidate = Candidate {
                branch: Head::Gone,
                spared: Some(spared.clone()),
                removing: true,
                ..old()
            };
            assert_eq!(of(&candidate), Verdict::Stays(Stay::Spared(spared)));
        }
    }

    #[test]
    fn a_job_at_work_holds_off_age_and_not_the_end_of_the_branch() {
        let busy = Candidate {
            held: true,
            ..old()
        };
        assert_eq!(of(&busy), Verdict::Stays(Stay::Busy));
        let sweeping = Candidate {
            removing: true,
            ..busy.clone()
        };
        assert_eq!(of(&sweeping), Verdict::Stays(Stay::Busy));
        let orphan = Candidate {
            branch: Head::Gone,
            ..busy
        };
        assert_eq!(of(&orphan), Verdict::Goes(Why::BranchGone));
    }

    #[test]
    fn what_was_begun_is_ended_and_a_record_alone_grows_old_too() {
        let begun = Candidate {
            removing: true,
            ..deployed(Deployed::Unknown("x".into()))
        };
        assert_eq!(of(&begun), Verdict::Goes(Why::Unfinished));
        let empty = |since| deployed(Deployed::Empty(day(since)));
        assert_eq!(of(&empty(1)), Verdict::Goes(Why::Empty(day(1))));
        assert!(matches!(of(&empty(2)), Verdict::Stays(Stay::Young(_))));
    }

    #[test]
    fn an_unknown_branch_is_told_unless_age_takes_it() {
        let unknown = |candidate| Candidate {
            branch: Head::Unknown("no answer".into()),
            ..candidate
        };
        assert_eq!(of(&unknown(old())), Verdict::Goes(Why::Age(day(1))));
        let young = unknown(deployed(Deployed::At(day(5))));
        assert_eq!(of(&young), Verdict::Unknown("no answer".into()));
    }

    #[test]
    fn each_reason_can_be_asked_for_alone() {
        let orphan = Candidate {
            branch: Head::Gone,
            ..old()
        };
        let by_age = Rules {
            orphans: false,
            ..rules()
        };
        assert_eq!(judge(&orphan, &by_age), Verdict::Goes(Why::Age(day(1))));
        let orphans = Rules {
            age: Age::Unasked,
            ..rules()
        };
        assert_eq!(judge(&old(), &orphans), Verdict::Stays(Stay::BranchThere));
        assert_eq!(judge(&orphan, &orphans), Verdict::Goes(Why::BranchGone));
    }

    #[test]
    fn the_brake_holds_above_three_and_a_quarter() {
        for (up, orphans, held) in [(3, 3, false), (4, 4, true), (16, 4, false), (16, 5, true)] {
            let brake = brake(orphans, up, most(up, None));
            assert_eq!(brake.is_some(), held, "{orphans} of {up}");
        }
        assert_eq!(brake(30, 40, most(40, Some(30))), None);
        assert!(brake(31, 40, most(40, Some(30))).is_some());
        assert!(brake(1, 40, most(40, Some(0))).is_some());
    }

    #[test]
    fn the_oldest_go_first() {
        let mut verdicts: Vec<Verdict> = [3, 1, 4, 2]
            .map(|at| Verdict::Goes(Why::Age(day(at))))
            .into();
        verdicts.push(Verdict::Goes(Why::BranchGone));
        oldest_first(&mut verdicts, 2);
        let goes: Vec<_> = verdicts
            .iter()
            .map(|it| matches!(it, Verdict::Goes(_)))
            .collect();
        assert_eq!(goes, [false, true, false, true, true]);
        assert_eq!(verdicts[0], Verdict::Stays(Stay::NextTime));
    }

    #[test]
    fn clocks_that_are_more_than_five_minutes_apart_tell_no_age() {
        let at = |minutes| day(6) + TimeDelta::minutes(minutes);
        assert_eq!(skew(day(6), at(5)), None);
        assert_eq!(skew(day(6), at(-5)), None);
        assert!(skew(day(6), at(60)).unwrap().contains("60 min behind"));
        assert!(skew(day(6), at(-6)).unwrap().contains("6 min ahead of"));
    }

    #[test]
    fn where_none_may_go_nothing_is_finished_either() {
        let whys = [Why::Unfinished, Why::Age(day(1)), Why::Empty(day(1))];
        let mut verdicts = whys.map(Verdict::Goes).to_vec();
        oldest_first(&mut verdicts, 0);
        assert_eq!(verdicts, vec![Verdict::Stays(Stay::NoneMay); 3]);
    }

    #[test]
    fn without_a_clock_only_what_has_no_branch_goes() {
        let rules = Rules {
            age: Age::Unknown,
            ..rules()
        };
        assert_eq!(judge(&old(), &rules), Verdict::Stays(Stay::AgeUnknown));
        let orphan = Candidate {
            branch: Head::Gone,
            ..old()
        };
        assert_eq!(judge(&orphan, &rules), Verdict::Goes(Why::BranchGone));
    }

    fn heads() -> impl Strategy<Value = Head> {
        prop_oneof![
            Just(Head::There),
            Just(Head::Gone),
            Just(Head::Unknown("x".into())),
            Just(Head::Unasked),
        ]
    }

    fn deploys() -> impl Strategy<Value = Deployed> {
        (0..9_i64, 0..4).prop_map(|(at, kind)| match kind {
            0 => Deployed::At(day(at)),
            1 => Deployed::NotBefore(day(at)),
            2 => Deployed::Empty(day(at)),
            _ => Deployed::Unknown("x".into()),
        })
    }

    proptest! {
        /// No live environment goes: one whose branch is not proven gone, that was deployed within
        /// the age or is kept, or is worked on.
        #[test]
        fn nothing_live_goes(
            branch in heads(), deployed in deploys(), held: bool, removing: bool,
            keep in proptest::option::of(0..9_i64),
        ) {
            let candidate = Candidate {
                branch: branch.clone(), spared: None, held, removing, deployed: deployed.clone(),
                keep_until: keep.map(day),
            };
            if let Verdict::Goes(why) = of(&candidate) {
                let is_old = matches!(deployed, Deployed::At(at) | Deployed::Empty(at) if at <= day(1));
                let is_kept = keep.is_some_and(|keep| keep > 6);
                let by_age = !held && (removing || (is_old && !is_kept));
                prop_assert!(branch == Head::Gone || by_age, "{why:?}");
            }
        }
    }
}
