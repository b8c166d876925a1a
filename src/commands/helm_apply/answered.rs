//! From releases that go up to an address that answers.

use anyhow::anyhow;
use futures::future::join_all;

use super::{
    super::{
        address,
        explain::{Suspect, explain},
        releases::{self, Planned, Seen},
        site::Site,
    },
    gather::Gathered,
};
use crate::{
    decide::Awaited,
    model::{ANSWERING, Object, State, Trouble},
};

/// Brings the releases up and waits for the address; how it answered, for people.
pub(super) async fn answered(
    gathered: &Gathered,
    site: &Site<'_>,
    seen: &Seen<'_>,
) -> anyhow::Result<String> {
    let plan = &gathered.plan;
    releases::bring_up(site, &plan.releases, plan.manner, seen).await?;
    match &plan.answer {
        Some(expected) => {
            let words = format!("{ANSWERING} {}", expected.url);
            let statuses = gathered.statuses();
            let posted = statuses.post(State::InProgress, &words, None);
            // For those who look on: the deploy does not hang on it.
            if let Err(error) = site.stop.unless(posted).await? {
                site.report.warn(&error.to_string());
            }
            let ingresses = gathered.cluster.ingresses();
            let objects = plan.releases.iter().flat_map(|it| &it.objects);
            let objects: Vec<Object> = objects.cloned().collect();
            let (objects, name) = (site.here(&objects), plan.environment.name());
            let restarts = plan.manner.max_restarts;
            let answer = tokio::select! {
                answer = address::wait_for(site, &ingresses, expected) => answer.map_err(|error| (error, None)),
                trouble = seen.rollout.lost(site, &name, &objects, restarts, Awaited::Answer) => {
                    let url = &expected.url;
                    Err((anyhow!("{url} is given up, since this does not heal by itself"), Some(trouble)))
                }
            };
            match answer {
                Ok(answer) => Ok(answer),
                Err((error, lost)) => Err(unanswered(gathered, site, error, lost, seen).await),
            }
        }
        None => Ok("every release is ready".to_owned()),
    }
}

/// Why the address does not answer, as far as the releases tell, which were ready before.
async fn unanswered(
    gathered: &Gathered,
    site: &Site<'_>,
    error: anyhow::Error,
    lost: Option<Trouble>,
    seen: &Seen<'_>,
) -> anyhow::Error {
    if site.ready().is_err() {
        return error;
    }
    // Where it was given up for one of them, the others have nothing to do with it.
    let is_lost = |planned: &&Planned| {
        let has = |lost: &Trouble| {
            let mut objects = planned.objects.iter();
            objects.any(|object| object.key.to_string() == lost.workload)
        };
        lost.as_ref().is_none_or(has)
    };
    let releases = gathered.plan.releases.iter().filter(is_lost);
    let searches = releases.map(async |planned| {
        let suspect = Suspect {
            release: &planned.release.name,
            objects: &planned.objects,
            helm: None,
            before: 0,
            waited: true,
            lost: lost.as_ref(),
        };
        explain(site, &suspect, seen.rollout).await
    });
    let explanations = join_all(searches).await.into_iter().flatten();
    explanations.fold(error, |error, explanation| {
        site.report
            .failed(&format!("{}: {}", explanation.release, explanation.summary));
        site.report.explain(&explanation);
        let words = format!("{}: {}", explanation.release, explanation.summary);
        seen.found.add(explanation);
        error.context(words)
    })
}
