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

/// One deploy whose name its name servers know once they have been asked so many times; how long
/// `success` took from then on.
fn lag(site: &Site, branch: &str, questions: usize) -> Duration {
    let dns = Cluster::shared().dns();
    let host = format!("{branch}.beta.example.test");
    dns.hold_name(&host);
    let deployment = site.push(branch);
    let port = Cluster::shared().load_balancer().port();
    let url = format!("http://{{slug}}.beta.example.test:{port}");
    let running = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &url])
        .start();
    wait_until("the name servers to be asked so often", || {
        let asked = dns.asked_directly(&host).len();
        (asked >= questions).then_some(()).ok_or(asked)
    });
    dns.release_name(&host, &[Ipv4Addr::LOCALHOST.into()]);
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

/// From soon to late: two name servers are asked for two kinds of addresses at each look, and the looks
/// become rare.
#[test]
fn success_is_posted_soon_after_the_address_answers() {
    let site = Site::new("lag");
    let one = |number: usize| lag(&site, &format!("lag-{number}"), 4 + number * 10);
    let mut lags: Vec<Duration> = thread::scope(|scope| {
        let running = [0, 1, 2, 3, 4, 5, 6].map(|number| scope.spawn(move || one(number)));
        running.map(|it| it.join().expect("it landed")).to_vec()
    });
    lags.sort();
    let (median, worst) = (lags[lags.len() / 2], lags[lags.len() - 1]);
    println!("from the address's answer to `success`: median {median:.1?}, worst {worst:.1?}");
    assert!(median <= MEDIAN, "{lags:?}");
}
