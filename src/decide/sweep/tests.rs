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
