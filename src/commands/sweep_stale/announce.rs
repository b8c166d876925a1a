//! Tells on a branch's open pull request when its environment goes: in one comment, which is edited.

use std::collections::BTreeMap;

use super::{super::Start, gather::Gathered};
use crate::{
    clients::github::GitHub,
    model::Branch,
    report::{Announcement, Judged, Report},
    settings::SweepStale,
};

/// Announces what goes soon, and says so where an announced one has gone. The names of those that
/// could not be told, with the reason.
pub(super) async fn announce(
    start: &Start<SweepStale>,
    gathered: &Gathered,
    judged: &[Judged],
    report: &Report,
) -> Vec<String> {
    let told = judged.iter().filter(|it| it.soon || has_aged_out(it));
    let told: BTreeMap<Branch, &Judged> = told
        .filter_map(|it| Some((it.branch.as_ref()?.parse().ok()?, it)))
        .collect();
    if told.is_empty() {
        return Vec::new();
    }
    let branches: Vec<Branch> = told.keys().cloned().collect();
    let pulls = match gathered.github.open_pull_requests(&branches).await {
        Ok(pulls) => pulls,
        Err(error) => return vec![format!("no pull request was commented: {error}")],
    };
    let mut problems = Vec::new();
    for (branch, number) in pulls {
        let Some(judged) = told.get(&branch) else {
            continue;
        };
        let number = match number {
            Ok(number) => number,
            Err(error) => {
                problems.push(format!("the pull request of {branch}: {error}"));
                continue;
            }
        };
        let (app, tier) = start.settings.app.place();
        let entry = gathered
            .entries
            .iter()
            .find(|it| it.found.name == judged.environment);
        let url = entry.and_then(|entry| entry.record()?.url.clone());
        let announcement = Announcement {
            app: app.as_str(),
            tier,
            branch: branch.as_str(),
            url: url.as_deref(),
            goes: judged.goes,
            kept: judged.why == "kept-until",
            max_age: start.settings.age.max_age,
        };
        match tell(&gathered.github, number, &announcement).await {
            Ok(true) => report.done(&format!("told on pull request {number} of {branch}")),
            Ok(false) => {}
            Err(error) => problems.push(format!("pull request {number} of {branch}: {error}")),
        }
    }
    problems
}

/// Whether it went by age, perhaps in a second run.
fn has_aged_out(judged: &Judged) -> bool {
    matches!(judged.why, "age" | "unfinished") && judged.outcome == Some("removed")
}

/// Writes the comment, or edits the one that is there; whether anything was to be written. What is
/// gone is told in an announcement that is there, and in no new one.
async fn tell(
    github: &GitHub,
    number: u64,
    announcement: &Announcement<'_>,
) -> Result<bool, crate::clients::github::GitHubError> {
    let text = announcement.text();
    let comments = github.comments(number).await?;
    let ours = comments
        .iter()
        .find(|it| it.body.starts_with(&announcement.mark()));
    match ours {
        Some(comment) if comment.body == text => Ok(false),
        Some(comment) => github.edit_comment(comment.id, &text).await.map(|()| true),
        None if announcement.goes.is_none() => Ok(false),
        None => github.comment(number, &text).await.map(|_| true),
    }
}
