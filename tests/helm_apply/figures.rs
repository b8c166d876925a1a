//! How long after its address answers a deploy is said to have landed.

use std::{
    net::Ipv4Addr,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use testbed::{Cluster, github::DeploymentState, tools::Tool, wait_until};

use crate::site::{Site, echo};

const MEDIAN: Duration = Duration::from_secs(2);

/// One deploy that waits for a name, which its name servers know once they have been asked for it so many
/// times; how long `success` took from then on.
fn lag(site: &Site, branch: &str, zone: &str, name: &str, questions: usize) -> Duration {
    let dns = Cluster::shared().dns();
    dns.hold_name(name);
    let deployment = site.push(branch);
    let port = Cluster::shared().load_balancer().port();
    let url = format!("http://{{slug}}.{zone}:{port}");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &url])
        .start();
    wait_until("the name servers to be asked so often", || {
        let asked = dns.asked_directly(name).len();
        (asked >= questions).then_some(()).ok_or(asked)
    });
    dns.release_name(name, &[Ipv4Addr::LOCALHOST.into()]);
    let answers = Instant::now();
    wait_until("success to be posted", || {
        let last = site.states(deployment).pop();
        let is_posted = last == Some(DeploymentState::Success);
        is_posted.then_some(()).ok_or(format!("{last:?}"))
    });
    let lag = answers.elapsed();
    running.end().ends_with(0);
    lag
}

/// Several of them, side by side, from soon to late: each of so many name servers is asked for two kinds of
/// addresses at each look, and the looks become rare.
fn lags(way: &str, servers: usize, one: impl Fn(usize, usize) -> Duration + Sync) {
    let mut lags: Vec<Duration> = thread::scope(|scope| {
        let one = &one;
        let numbers = [0, 1, 2, 3, 4, 5, 6];
        let running =
            numbers.map(|number| scope.spawn(move || one(number, servers * (2 + number * 5))));
        running.map(|it| it.join().expect("it landed")).to_vec()
    });
    lags.sort();
    let (median, worst) = (lags[lags.len() / 2], lags[lags.len() - 1]);
    println!(
        "from the address's answer to `success` {way}: median {median:.1?}, worst {worst:.1?}"
    );
    assert!(median <= MEDIAN, "{lags:?}");
}

#[test]
fn success_is_posted_soon_after_the_address_answers() {
    let site = Site::new("lag");
    lags("by name servers", 2, |number, questions| {
        let branch = format!("lag-{number}");
        let host = format!("{branch}.beta.example.test");
        lag(&site, &branch, "beta.example.test", &host, questions)
    });
}

#[test]
fn success_is_posted_soon_after_the_address_answers_though_a_name_server_is_silent() {
    let site = Site::new("lag-half");
    lags("beside a silent name server", 1, |number, questions| {
        let branch = format!("lag-half-{number}");
        let host = format!("{branch}.half.example.test");
        lag(&site, &branch, "half.example.test", &host, questions)
    });
}

#[test]
fn success_is_posted_soon_after_a_load_balancer_behind_an_ingress_answers() {
    let balancers = Cluster::shared().load_balancer();
    lags("by the Ingress", 2, |number, questions| {
        let branch = format!("lag-lb-{number}");
        let site = Site::new(&branch);
        let name = format!("{branch}.beta.example.test");
        balancers.name_addresses(site.namespace.name(), &name);
        lag(&site, &branch, "zoneless.invalid", &name, questions)
    });
}
