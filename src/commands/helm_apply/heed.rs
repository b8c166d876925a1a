//! What a deploy hears of others while it works.

use std::time::Duration;

use super::{
    super::{branches::look_for, hooks, site::Site, stop::Reason},
    gather::Gathered,
};
use crate::{
    decide::Presence,
    model::{Revision, Wish},
};

/// Hears what others want, and that the lock is lost, for as long as the work goes on.
pub(super) async fn heed(gathered: &Gathered, site: &Site<'_>) -> std::convert::Infallible {
    let (mut wishes, mut losses) = (site.lock.wishes(), site.lock.losses());
    loop {
        tokio::select! {
            lost = losses.wait_for(Option::is_some) => {
                let reason = lost.ok().and_then(|lost| lost.clone()).unwrap_or_default();
                site.stop.ask(Reason::LockLost(reason));
                return std::future::pending().await;
            }
            changed = wishes.changed() => {
                let wish = wishes.borrow_and_update().clone();
                if let (Ok(()), Some(reason)) = (changed, heeded(gathered, wish).await) {
                    yield_to(gathered, site, reason).await;
                }
            }
        }
    }
}

/// The reason to stop that a wish is, if it is one: a higher deployment, or a branch that is
/// really gone.
async fn heeded(gathered: &Gathered, wish: Option<Wish>) -> Option<Reason> {
    match wish? {
        Wish::Deploy(id) if gathered.plan.deployment.is_some_and(|mine| id > mine) => {
            Some(Reason::Superseded(id))
        }
        Wish::Deploy(_) => None,
        Wish::Remove => {
            let branch = &gathered.plan.environment.branch;
            let default = &gathered.repository.default_branch;
            let presence = look_for(&gathered.github, branch, default).await;
            (presence.ok()? == Presence::Gone).then_some(Reason::BranchGone)
        }
    }
}

/// Stops for somebody else, once no hook runs: a migration is not interrupted.
async fn yield_to(gathered: &Gathered, site: &Site<'_>, reason: Reason) {
    let labels = gathered.plan.environment.release_labels();
    let mut told = false;
    loop {
        if let Err(error) = site.lock.ensure() {
            return site.stop.ask(Reason::LockLost(format!("{error:#}")));
        }
        let running = async {
            let revisions: Vec<Revision> = site.storage.labelled(&labels).await?;
            hooks::running(&site.storage, &site.objects, &revisions).await
        };
        match running.await {
            Ok(None) => return site.stop.ask(reason),
            Ok(Some(hook)) if !told => {
                site.report.note(&format!(
                    "asked to stop; first the hook {hook} is waited for"
                ));
                told = true;
            }
            Ok(Some(_)) | Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
