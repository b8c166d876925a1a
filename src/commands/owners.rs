//! Whose a release is: by its labels, and by the branch in the values of its newest revision.

use anyhow::bail;

use super::site::Site;
use crate::{
    clients::cluster::{ClusterError, Storage},
    decide::{Owner, owner},
    model::{Environment, Revision},
};

/// Whose the release with these kept revisions is.
pub(super) async fn owner_of(
    storage: &Storage,
    revisions: &[Revision],
    environment: &Environment,
) -> Result<Owner, ClusterError> {
    let body = match revisions.last() {
        Some(newest) => storage.body(newest).await?,
        None => None,
    };
    let branch = body.and_then(|body| body.branch);
    Ok(owner(revisions, branch.as_deref(), environment))
}

/// Fails if a release that bears this environment's labels is another branch's: to be asked before a
/// record that was lost is made anew.
pub(super) async fn check_labelled(site: &Site<'_>) -> anyhow::Result<()> {
    let labels = site.environment.release_labels();
    let labelled = site.storage.labelled(&labels).await?;
    for revisions in labelled.chunk_by(|one, next| one.release == next.release) {
        if let Owner::Another(reason) = owner_of(&site.storage, revisions, site.environment).await?
        {
            let release = &revisions[0].release;
            bail!("the release {release} is another environment's, and left alone: {reason}");
        }
    }
    Ok(())
}
