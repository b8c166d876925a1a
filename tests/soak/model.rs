//! What may be up, by all that happened. Pure: it never saw a cluster.

use std::collections::BTreeMap;

use super::plan::Place;

/// A moment: how many things had happened before.
pub type Moment = usize;

/// All that happened so far.
#[derive(Debug, Default)]
pub struct History {
    /// When each branch came and went: whether it was there from then on.
    branches: BTreeMap<usize, Vec<(Moment, bool)>>,
    runs: BTreeMap<Place, Vec<Run>>,
    aged: BTreeMap<Place, Moment>,
}

/// A deploy that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub deployment: u64,
    pub began: Moment,
    pub ended: Moment,
    pub told: Told,
}

/// What a deploy told at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It brought its deployment up.
    Landed,
    /// Its deployment was up already.
    WasUp,
    /// Another one's turn, or the branch is gone.
    Superseded,
    /// It failed, or was not able to tell.
    Unclear,
}

/// What has to be up of an environment, once all is quiet and what failed was run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Nothing,
    /// This deployment.
    Up(u64),
    /// This deployment, or nothing: a sweep may have met it rightly.
    Either(u64),
    /// Nothing, or what landed before this deployment: its branch was gone when it was its turn, and may
    /// have come back before any sweep.
    Before(u64),
}

impl History {
    pub fn came(&mut self, branch: usize, at: Moment) {
        self.branches.entry(branch).or_default().push((at, true));
    }

    pub fn went(&mut self, branch: usize, at: Moment) {
        self.branches.entry(branch).or_default().push((at, false));
    }

    pub fn aged(&mut self, place: Place, at: Moment) {
        self.aged.insert(place, at);
    }

    pub fn ended(&mut self, place: Place, run: Run) {
        self.runs.entry(place).or_default().push(run);
    }

    /// Whether the branch is there.
    pub fn is_there(&self, branch: usize) -> bool {
        let moves = self.branches.get(&branch);
        moves.and_then(|moves| moves.last()).is_some_and(|it| it.1)
    }

    /// Whether the branch was there at any time since a moment.
    pub fn was_there_since(&self, branch: usize, since: Moment) -> bool {
        self.was_since(branch, since, true)
    }

    /// Whether the branch was missing at any time since a moment.
    pub fn was_gone_since(&self, branch: usize, since: Moment) -> bool {
        self.was_since(branch, since, false)
    }

    fn was_since(&self, branch: usize, since: Moment, there: bool) -> bool {
        let moves = self.branches.get(&branch).map_or(&[][..], Vec::as_slice);
        let before = moves.iter().rev().find(|(at, _)| *at < since);
        let before = before.is_some_and(|(_, there)| *there);
        before == there || moves.iter().any(|it| it.0 >= since && it.1 == there)
    }

    /// Whether nobody may have removed it since a moment: it was up before, and neither its branch went
    /// nor did it grow old.
    pub fn is_live_since(&self, place: Place, moment: Moment) -> bool {
        let landed = |run: &&Run| run.told == Told::Landed && run.ended < moment;
        self.runs_of(place)
            .iter()
            .rev()
            .find(landed)
            .is_some_and(|run| {
                let gone = self.was_gone_since(place.branch, run.began);
                !gone && self.aged.get(&place).is_none_or(|aged| *aged < run.began)
            })
    }

    fn runs_of(&self, place: Place) -> &[Run] {
        self.runs.get(&place).map_or(&[], Vec::as_slice)
    }

    /// Whether a deployment's build is to be run again, as a person would: it did not come to its end.
    pub fn is_unfinished(&self, place: Place, deployment: u64) -> bool {
        let of_it = |run: &&Run| run.deployment == deployment;
        let last = self.runs_of(place).iter().rev().find(of_it);
        last.is_none_or(|run| run.told == Told::Unclear)
    }

    /// What has to be up, if `newest` is the newest deployment that was asked for.
    pub fn expected(&self, place: Place, newest: Option<u64>) -> Expected {
        let Some(newest) = newest.filter(|_| self.is_there(place.branch)) else {
            return Expected::Nothing;
        };
        let is_up =
            |run: &&Run| run.deployment == newest && matches!(run.told, Told::Landed | Told::WasUp);
        let Some(up) = self.runs_of(place).iter().rev().find(is_up) else {
            // Superseded by nobody newer: the branch was gone when it was its turn.
            return Expected::Before(newest);
        };
        let aged = self.aged.get(&place).copied();
        let is_old = aged.is_some_and(|aged| aged > up.began);
        let may_be_old = aged.is_some() && up.told == Told::WasUp;
        if is_old && !self.ran_since(place, aged.unwrap_or_default()) {
            return Expected::Nothing;
        }
        if is_old || may_be_old || self.was_gone_since(place.branch, up.began) {
            return Expected::Either(newest);
        }
        Expected::Up(newest)
    }

    fn ran_since(&self, place: Place, moment: Moment) -> bool {
        self.runs_of(place).iter().any(|run| run.began > moment)
    }

    /// The deployment that has to be up at present, if that is sure: nobody came after it.
    pub fn surely_up(&self, place: Place) -> Option<u64> {
        let last = self.runs_of(place).iter().max_by_key(|run| run.began)?;
        let landed = last.told == Told::Landed;
        let alone = self.aged.get(&place).is_none_or(|aged| *aged < last.began);
        let expected = self.expected(place, Some(last.deployment));
        (landed && alone && expected == Expected::Up(last.deployment)).then_some(last.deployment)
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected::*, Told::*, *};

    const PLACE: Place = Place { app: 0, branch: 0 };

    fn run(deployment: u64, began: Moment, told: Told) -> Run {
        Run {
            deployment,
            began,
            ended: began,
            told,
        }
    }

    /// The branch came at the beginning, and these deploys were.
    fn history(runs: &[Run]) -> History {
        let mut history = History::default();
        history.came(0, 0);
        runs.iter().for_each(|run| history.ended(PLACE, *run));
        history
    }

    #[test]
    fn what_landed_last_is_up_and_without_a_branch_nothing_is() {
        let mut history = history(&[run(1, 1, Landed), run(2, 3, Landed)]);
        assert_eq!(history.expected(PLACE, Some(2)), Up(2));
        assert_eq!(history.surely_up(PLACE), Some(2));
        history.went(0, 5);
        assert_eq!(history.expected(PLACE, Some(2)), Nothing);
        assert_eq!(history.surely_up(PLACE), None);
        assert_eq!(History::default().expected(PLACE, None), Nothing);
    }

    #[test]
    fn a_branch_that_came_back_may_have_lost_what_was_up() {
        let mut history = history(&[run(1, 1, Landed)]);
        history.went(0, 2);
        history.came(0, 3);
        assert_eq!(history.expected(PLACE, Some(1)), Either(1));
        history.ended(PLACE, run(2, 4, Landed));
        assert_eq!(history.expected(PLACE, Some(2)), Up(2));
    }

    #[test]
    fn what_is_old_goes_unless_somebody_deployed_it_again() {
        let mut history = history(&[run(1, 1, Landed)]);
        history.aged(PLACE, 2);
        assert!(!history.is_live_since(PLACE, 3));
        assert_eq!(history.expected(PLACE, Some(1)), Nothing);
        history.ended(PLACE, run(1, 3, WasUp));
        assert_eq!(history.expected(PLACE, Some(1)), Either(1));
        history.ended(PLACE, run(2, 4, Landed));
        assert_eq!(history.expected(PLACE, Some(2)), Up(2));
        assert!(history.is_live_since(PLACE, 5));
    }

    #[test]
    fn what_told_nothing_is_run_again_and_what_was_superseded_is_not() {
        let history = history(&[run(1, 1, Superseded), run(2, 2, Landed), run(2, 3, Unclear)]);
        assert!(!history.is_unfinished(PLACE, 1));
        assert!(history.is_unfinished(PLACE, 2));
        assert!(history.is_unfinished(PLACE, 3));
    }

    #[test]
    fn what_landed_before_may_be_up_where_the_branch_was_gone_at_the_newests_turn() {
        let mut history = history(&[run(1, 1, Landed)]);
        history.went(0, 2);
        history.ended(PLACE, run(2, 3, Superseded));
        history.came(0, 4);
        assert_eq!(history.expected(PLACE, Some(2)), Before(2));
    }

    #[test]
    fn a_branch_was_there_or_gone_at_some_time() {
        let mut history = history(&[]);
        assert!(history.was_there_since(0, 2) && !history.was_gone_since(0, 2));
        history.went(0, 4);
        assert!(history.was_there_since(0, 2) && history.was_gone_since(0, 2));
        assert!(!history.was_there_since(0, 5) && history.was_gone_since(0, 5));
    }
}
