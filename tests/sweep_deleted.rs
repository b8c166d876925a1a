//! A deleted branch's environment goes, all of it, and nothing goes that is not proven unwanted.

mod address;
mod obstacles;
mod proofs;
mod records;
mod signals;
mod teardown;
mod via_buildkite;

use testbed::tools::Tool;

use crate::{
    objects::{config_map, objects},
    site::Site,
};

/// The environment of the branch `new`.
const ENVIRONMENT: &str = "hey-new";

/// A branch that is up, with its deployment.
fn up(hint: &str, helm: Tool) -> (Site, u64) {
    let site = Site::new(hint);
    let deployment = site.push("new");
    let deploy = site
        .helm_apply(helm, deployment)
        .release(&objects(&[config_map("a")]));
    deploy.run().ends_with(0);
    (site, deployment)
}

/// The same, the branch deleted since.
fn deleted(hint: &str, helm: Tool) -> (Site, u64) {
    let (site, deployment) = up(hint, helm);
    site.repository.delete_branch("new");
    (site, deployment)
}

/// Sees that nothing of any environment is left.
#[track_caller]
fn is_empty(site: &Site) {
    assert_eq!(site.namespace.inventory(), [""; 0]);
}
