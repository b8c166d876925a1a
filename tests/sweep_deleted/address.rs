//! The address of what was removed answers no more, or the sweep says so.

use serde_json::json;
use testbed::{
    Cluster,
    faults::{Effect, Matcher},
    tools::Tool::{Helm3, Helm4},
};

use super::is_empty;
use crate::site::{Program, Site, echo};

/// Up at an address that the load balancer answers.
fn up_at(site: &Site, branch: &str, address: &str) {
    let port = Cluster::shared().load_balancer().port();
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let url = format!("http://{host}.beta.example.test:{port}/{path}");
    let deploy = site.helm_apply(Helm4, site.push(branch));
    let deploy = deploy.release(&echo(json!({"web": true})));
    deploy.args(["--url", &url]).run().ends_with(0);
}

fn swept(site: &Site, branch: &str) -> Program {
    site.repository.delete_branch(branch);
    site.sweep_deleted(Helm3, branch)
}

#[test]
fn an_address_is_seen_to_answer_no_more() {
    let site = Site::new("farewell");
    up_at(&site, "farewell", "{slug}");
    let ran = swept(&site, "farewell").run().ends_with(0);
    ran.says("/ answers no more (at 127.0.0.1)");
    is_empty(&site);
}

#[test]
fn an_address_that_still_answers_is_told() {
    let site = Site::new("no-farewell");
    up_at(&site, "no-farewell", "{slug}");
    let host = "no-farewell.beta.example.test";
    let faults = Cluster::shared().load_balancer().faults(host);
    faults.when(Matcher::any("/**")).then(Effect::status(200));
    let sweep = swept(&site, "no-farewell").env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s");
    let ran = sweep.run().ends_with(0);
    let ran = ran.says("hey-no-farewell is gone, 4 objects of it; but http://no-farewell.");
    ran.says("still answers 200 at 127.0.0.1");
    is_empty(&site);
}

/// The host that both have goes on to answer, for any path.
#[test]
fn of_a_host_that_others_have_too_only_the_environments_own_path_counts() {
    let site = Site::new("shared-host");
    up_at(&site, "stays", "shared-host/{slug}");
    up_at(&site, "goes", "shared-host/{slug}");
    let ran = swept(&site, "goes").run().ends_with(0);
    ran.says("/goes answers no more (at 127.0.0.1)");
}

#[test]
fn that_nothing_tells_where_the_address_was_is_told() {
    let site = Site::new("no-ingress");
    up_at(&site, "no-ingress", "{slug}");
    site.namespace.delete("Ingress", "hey-no-ingress");
    testbed::wait_until("it is gone", || {
        let ingress = site.namespace.find("Ingress", "hey-no-ingress");
        ingress.map_or(Ok(()), |_| Err("it is there"))
    });
    let ran = swept(&site, "no-ingress").run().ends_with(0);
    ran.says("that its address answers no more is not known: no Ingress tells where");
    is_empty(&site);
}
