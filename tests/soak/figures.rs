//! What a soak has measured.

use std::{collections::BTreeMap, fmt, ops::AddAssign};

/// How often something happened, by what it was.
pub type Counts = BTreeMap<String, usize>;

/// Counted, none taken for granted.
#[derive(Debug, Default)]
pub struct Figures {
    pub seeds: usize,
    pub operations: usize,
    pub programs: usize,
    /// How programs were interfered with.
    pub met: Counts,
    /// What went wrong at which door.
    pub mishaps: Counts,
    /// How programs ended.
    pub ends: Counts,
    /// Objects that had to be there, each time that they were looked for, and those that were not.
    pub looked_for: usize,
    pub wrongly_deleted: usize,
    /// Objects that were there once all was quiet, and those of them that should not have been.
    pub found: usize,
    pub left_over: usize,
    /// Deployments that were asked for, and those without a final status in the end.
    pub deployments: usize,
    pub without_final_status: usize,
    /// Environments of branches that are there in the end, and those of them where no commit is up.
    pub wanted: usize,
    pub without_commit: usize,
}

impl Figures {
    pub fn count(counts: &mut Counts, what: impl Into<String>) {
        *counts.entry(what.into()).or_default() += 1;
    }

    /// Objects that had to be there, of which some were not.
    pub fn looked(&mut self, all: usize, missing: usize) {
        self.looked_for += all;
        self.wrongly_deleted += missing;
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        for (counts, more) in [
            (&mut self.met, other.met),
            (&mut self.mishaps, other.mishaps),
            (&mut self.ends, other.ends),
        ] {
            for (what, number) in more {
                *counts.entry(what).or_default() += number;
            }
        }
        self.seeds += other.seeds;
        self.operations += other.operations;
        self.programs += other.programs;
        self.looked_for += other.looked_for;
        self.wrongly_deleted += other.wrongly_deleted;
        self.found += other.found;
        self.left_over += other.left_over;
        self.deployments += other.deployments;
        self.without_final_status += other.without_final_status;
        self.wanted += other.wanted;
        self.without_commit += other.without_commit;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = |counts: &Counts| {
            let each = counts
                .iter()
                .map(|(what, number)| format!("{what}: {number}"));
            each.collect::<Vec<_>>().join(", ")
        };
        let sum = |counts: &Counts| counts.values().sum::<usize>();
        writeln!(
            f,
            "{} operations of {} seeds, {} programs run",
            self.operations, self.seeds, self.programs
        )?;
        writeln!(f, "  programs interfered with: {}", all(&self.met))?;
        let (mishaps, doors) = (sum(&self.mishaps), all(&self.mishaps));
        writeln!(f, "  mishaps at a door, {mishaps}: {doors}")?;
        writeln!(f, "  ends, {}: {}", sum(&self.ends), all(&self.ends))?;
        writeln!(
            f,
            "  objects that had to be there {}, wrongly deleted {}",
            self.looked_for, self.wrongly_deleted
        )?;
        writeln!(
            f,
            "  objects found in the end {}, left over {}",
            self.found, self.left_over
        )?;
        writeln!(
            f,
            "  deployments {}, without a final status {}",
            self.deployments, self.without_final_status
        )?;
        write!(
            f,
            "  environments of branches that are there {}, without a commit {}",
            self.wanted, self.without_commit
        )
    }
}
