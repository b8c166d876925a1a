//! What is printed of a measurement.

use std::{fmt, time::Duration};

/// One row of the table: what was measured, and whether it is within its limit.
pub struct Figure {
    pub what: String,
    pub ours: String,
    pub helms: String,
    pub limit: String,
    pub within: bool,
}

impl Figure {
    pub const HEAD: &str =
        "                                                ours        helm             limit";

    /// A time, beside Helm's where that was measured.
    pub fn time(what: String, ours: Duration, helms: Option<Duration>, most: Duration) -> Self {
        Self {
            what,
            ours: seconds(ours),
            helms: helms.map(seconds).unwrap_or_default(),
            limit: format!("at most {}", seconds(most)),
            within: ours <= most,
        }
    }

    /// A peak of memory, in KiB.
    pub fn memory(what: String, ours: u64, helms: Option<u64>, most: u64) -> Self {
        Self {
            what,
            ours: mebibytes(ours),
            helms: helms.map(mebibytes).unwrap_or_default(),
            limit: format!("at most {}", mebibytes(most)),
            within: ours <= most,
        }
    }

    /// How many times faster than Helm.
    pub fn ratio(what: String, ours: Duration, helms: Duration, least: f64) -> Self {
        let ratio = helms.as_secs_f64() / ours.as_secs_f64();
        Self {
            what,
            ours: format!("{ratio:.1} times"),
            helms: String::new(),
            limit: format!("at least {least} times"),
            within: ratio >= least,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            ours,
            helms,
            limit,
            within,
        } = self;
        write!(f, "{what:<40} {ours:>11} {helms:>11} {limit:>17}")?;
        if *within {
            Ok(())
        } else {
            f.write_str("  missed")
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn mebibytes(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}
