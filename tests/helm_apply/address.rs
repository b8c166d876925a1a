//! Where the address is, and what counts as its answer.

mod answers;
mod places;

use serde_json::json;
use testbed::{Cluster, Dns, tools::Tool};

use crate::site::{Program, Ran, Site, echo};

fn dns() -> &'static Dns {
    Cluster::shared().dns()
}

/// An address that the load balancer answers.
fn url(host: &str) -> String {
    let port = Cluster::shared().load_balancer().port();
    format!("http://{host}:{port}")
}

/// Deploys a branch to an address in a zone.
fn deploy(site: &Site, branch: &str, zone: &str) -> Program {
    let deployment = site.push(branch);
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &url(&format!("{{slug}}.{zone}"))])
        .env("BRANCH_DEPLOYS_ADDRESS_TIMEOUT", "60s")
}

fn lands(ran: Ran) -> Ran {
    ran.ends_with(0)
}
