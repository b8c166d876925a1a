//! What a deploy needs of Helm and the charts.

use crate::model::{Fact, Line};

/// The line about Helm, of this version.
pub fn helm(version: &Fact<String>) -> Line {
    match version {
        Fact::Told(version) => Line::there("Helm", version),
        Fact::Refused(words) | Fact::Silent(words) => Line::missing(
            "Helm",
            words,
            "install Helm 3 (3.13 or later) or 4, or give its path by --helm",
        ),
    }
}

/// The line about a chart that renders, and does not with what it makes to migrate.
pub fn unmigrated(name: &str, why: &str) -> Line {
    Line::doubtful(
        format!("Chart {name}, to migrate"),
        why,
        "mend what it makes where global.branchDeploy.migrate is true",
    )
}

/// The line about a chart, and how many objects it renders to.
pub fn chart(name: &str, rendered: &Fact<usize>) -> Line {
    let what = format!("Chart {name}");
    match rendered {
        Fact::Told(objects) => Line::there(what, format!("it renders, {objects} objects")),
        Fact::Refused(words) => Line::missing(
            what,
            words,
            "the same as --dry-run says: mend the chart, its values or its address",
        ),
        Fact::Silent(why) => Line::unknown(what, why),
    }
}
