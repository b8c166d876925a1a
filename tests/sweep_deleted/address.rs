//! The address of what was removed answers no more, or the sweep says so.

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use serde_json::json;
use testbed::{
    Cluster,
    faults::{Effect, Matcher},
    tools::Tool::{Helm3, Helm4},
    wait_until,
};

use super::is_empty;
use crate::site::{Program, Site, echo};

/// Up at an address that the load balancer answers.
fn up_at(site: &Site, branch: &str, address: &str) {
    deploy_at(site, branch, address).run().ends_with(0);
}

fn deploy_at(site: &Site, branch: &str, address: &str) -> Program {
    let port = Cluster::shared().load_balancer().port();
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let url = format!("http://{host}:{port}/{path}");
    let deploy = site.helm_apply(Helm4, site.push(branch));
    let deploy = deploy.release(&echo(json!({"web": true})));
    deploy.args(["--url", &url])
}

fn swept(site: &Site, branch: &str) -> Program {
    site.repository.delete_branch(branch);
    site.sweep_deleted(Helm3, branch)
}

#[test]
fn an_address_is_seen_to_answer_no_more() {
    let site = Site::new("farewell");
    up_at(&site, "farewell", "{slug}.beta.example.test");
    let ran = swept(&site, "farewell").run().ends_with(0);
    let ran = ran.says("/ answers no more (at 127.0.0.1)");
    ran.says("the name servers of beta.example.test know farewell.beta.example.test no more");
    is_empty(&site);
}

#[test]
fn what_goes_by_age_is_looked_for_at_its_address_too() {
    let site = Site::new("farewell-by-age");
    up_at(&site, "farewell-by-age", "{slug}.beta.example.test");
    site.age("hey-farewell-by-age", TimeDelta::days(6));
    let ran = site.sweep_stale(Helm3).run().ends_with(0);
    let ran = ran.says("/ answers no more (at 127.0.0.1)");
    ran.says("know farewell-by-age.beta.example.test no more");
    is_empty(&site);
}

#[test]
fn an_address_that_still_answers_is_told() {
    let site = Site::new("no-farewell");
    up_at(&site, "no-farewell", "{slug}.beta.example.test");
    let host = "no-farewell.beta.example.test";
    let faults = Cluster::shared().load_balancer().faults(host);
    faults.when(Matcher::any("/**")).then(Effect::status(200));
    let sweep = swept(&site, "no-farewell").env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s");
    let ran = sweep.run().ends_with(0);
    let ran = ran.says("hey-no-farewell is gone, 4 objects of it; but http://no-farewell.");
    ran.says("still answers 200 at 127.0.0.1");
    is_empty(&site);
}

/// External-dns does not take it away, as one does that may only add names.
#[test]
fn a_name_that_stays_is_told_and_no_resolver_is_asked_for_it() {
    let (site, dns) = (Site::new("no-forgetting"), Cluster::shared().dns());
    let host = "no-forgetting.beta.example.test";
    dns.hold_name(host);
    dns.release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    up_at(&site, "no-forgetting", "{slug}.beta.example.test");
    let asked = dns.asked(host);
    let sweep = swept(&site, "no-forgetting").env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s");
    let ran = sweep.run().ends_with(0);
    ran.says("; but no-forgetting.beta.example.test is still known to ns1.example.test, ns2.example.test");
    assert_eq!(dns.asked(host), asked);
    is_empty(&site);
}

/// For a minute otherwise, as long as Helm may take here.
#[test]
fn a_deploy_that_waits_ends_the_wait_for_a_name() {
    let (site, dns) = (Site::new("wanted-back"), Cluster::shared().dns());
    let (host, address) = ("wanted-back.beta.example.test", "{slug}.beta.example.test");
    dns.hold_name(host);
    dns.release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    up_at(&site, "wanted-back", address);
    let sweep = swept(&site, "wanted-back").start();
    wait_until("no more of it is there than its record", || {
        let left = site.namespace.inventory();
        (left == ["Lease/hey-wanted-back"])
            .then_some(())
            .ok_or(format!("{left:?}"))
    });
    let begun = Instant::now();
    let deploy = deploy_at(&site, "wanted-back", address).start();
    sweep
        .end()
        .ends_with(0)
        .says("; but wanted-back.beta.example.test is still known");
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "{:?}",
        begun.elapsed()
    );
    deploy.end().ends_with(0);
}

#[test]
fn a_name_that_every_host_of_the_zone_has_is_nothing_that_stays() {
    let site = Site::new("wildcard");
    up_at(&site, "wildcard", "{slug}.wild.example.test");
    let ran = swept(&site, "wildcard").run().ends_with(0);
    ran.says("know wildcard.wild.example.test no more, or as any other");
    is_empty(&site);
}

#[test]
fn that_no_name_server_tells_is_told() {
    let site = Site::new("dead-zone");
    up_at(&site, "dead-zone", "{slug}.dead.example.test");
    let ran = swept(&site, "dead-zone").run().ends_with(0);
    ran.says("that the name dead-zone.dead.example.test is gone is not known: no name server");
    is_empty(&site);
}

/// The host that both have goes on to answer, for any path.
#[test]
fn of_a_host_that_others_have_too_only_the_environments_own_path_counts() {
    let site = Site::new("shared-host");
    up_at(&site, "stays", "shared-host.beta.example.test/{slug}");
    up_at(&site, "goes", "shared-host.beta.example.test/{slug}");
    let ran = swept(&site, "goes").run().ends_with(0);
    ran.says("/goes answers no more (at 127.0.0.1)");
}

#[test]
fn that_nothing_tells_where_the_address_was_is_told() {
    let site = Site::new("no-ingress");
    up_at(&site, "no-ingress", "{slug}.beta.example.test");
    site.namespace.delete("Ingress", "hey-no-ingress");
    wait_until("it is gone", || {
        let ingress = site.namespace.find("Ingress", "hey-no-ingress");
        ingress.map_or(Ok(()), |_| Err("it is there"))
    });
    let ran = swept(&site, "no-ingress").run().ends_with(0);
    ran.says("that its address answers no more is not known: no Ingress tells where");
    is_empty(&site);
}
