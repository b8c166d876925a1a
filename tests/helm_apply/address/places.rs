//! Where the address is.

use std::{net::Ipv4Addr, time::Duration};

use serde_json::json;
use testbed::{
    Cluster,
    faults::{Effect, Matcher},
    github::DeploymentState,
    tools::Tool,
    wait_until, wait_until_within,
};

use super::{deploy, dns, lands, url};
use crate::site::{Site, echo};

#[test]
fn nobodys_resolver_is_asked_for_a_name_that_is_not_there_yet() {
    let (site, host) = (Site::new("unspoilt"), "unspoilt.beta.example.test");
    dns().hold_name(host);
    let running = deploy(&site, "unspoilt", "beta.example.test").start();
    wait_until("all name servers to be asked, and again", || {
        let asked = dns().asked_directly(host);
        (asked.len() > 6).then_some(()).ok_or("not yet")
    });
    assert_eq!(dns().asked(host), [""; 0]);
    dns().release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    let ran = lands(running.end());
    ran.says("the name servers of beta.example.test do not know unspoilt.beta.example.test yet")
        .says("at 127.0.0.1, say beta.example.test's name servers");
    // For both kinds of addresses, once.
    let mut asked = dns().asked(host);
    asked.sort_unstable();
    assert_eq!(asked, [format!("A {host}"), format!("AAAA {host}")]);
}

#[test]
fn a_name_server_that_does_not_know_it_yet_is_waited_for() {
    let (site, host) = (Site::new("lagging"), "lagging.beta.example.test");
    dns().hold_name(host);
    let here = [Ipv4Addr::LOCALHOST.into()];
    dns().set_apart(host, [&here, &[]]);
    let running = deploy(&site, "lagging", "beta.example.test").start();
    wait_until("both name servers to be asked, and again", || {
        let asked = dns().asked_directly(host);
        (asked.len() > 6).then_some(()).ok_or("not yet")
    });
    dns().release_name(host, &here);
    lands(running.end()).says("ns2.example.test does not know it yet");
}

/// Whose resolver asks the one that lags is sent to where the branch was before.
#[test]
fn name_servers_that_do_not_agree_are_told_until_all_lead_to_the_app() {
    let (site, host) = (Site::new("apart"), "apart.beta.example.test");
    dns().hold_name(host);
    let (here, before) = (
        [Ipv4Addr::LOCALHOST.into()],
        [Ipv4Addr::new(127, 0, 0, 9).into()],
    );
    dns().set_apart(host, [&here, &before]);
    let running = deploy(&site, "apart", "beta.example.test").start();
    wait_until("both name servers to be asked, and again", || {
        let asked = dns().asked_directly(host);
        (asked.len() > 6).then_some(()).ok_or("not yet")
    });
    dns().release_name(host, &here);
    let refused = "it refuses connections: nobody listens there";
    let says = "(at 127.0.0.9, says ns2.example.test: its name servers do not agree)";
    lands(running.end())
        .says(&format!("{refused} {says}"))
        .says("at 127.0.0.1, say beta.example.test's name servers");
}

#[test]
fn each_alias_that_name_servers_tell_has_to_lead_to_the_app() {
    let (site, host) = (Site::new("aliases"), "aliases.beta.example.test");
    dns().hold_name(host);
    let before = "before.beta.example.test";
    dns().hold_name(before);
    dns().release_name(before, &[Ipv4Addr::new(127, 0, 0, 9).into()]);
    dns().set_alias_apart(host, ["balancer.wild.example.test", before]);
    let program = deploy(&site, "aliases", "beta.example.test");
    let refused = "it refuses connections: nobody listens there";
    program
        .args(["--address-timeout", "2s"])
        .run()
        .ends_with(4)
        .says(&format!("{refused} (at 127.0.0.9, says ns2.example.test:"));
}

/// Its own name servers are asked by whoever asks for the host.
#[test]
fn an_alias_whose_own_name_servers_do_not_agree_has_to_lead_to_the_app_by_each() {
    let (here, before) = (
        [Ipv4Addr::LOCALHOST.into()],
        [Ipv4Addr::new(127, 0, 0, 9).into()],
    );
    // The load balancer's name is the host's alias, or what its Ingress tells.
    for (branch, lookup) in [("of-apart", "name-servers"), ("at-apart", "ingress")] {
        let (site, balancer) = (Site::new(branch), format!("{branch}-lb.beta.example.test"));
        let host = format!("{branch}.beta.example.test");
        dns().hold_name(&host);
        dns().hold_name(&balancer);
        dns().set_apart(&balancer, [&here, &before]);
        dns().set_alias(&host, &balancer);
        Cluster::shared()
            .load_balancer()
            .name_addresses(site.namespace.name(), &balancer);
        deploy(&site, branch, "beta.example.test")
            .args(["--address-timeout", "2s", "--lookup", lookup])
            .run()
            .ends_with(4)
            .says("(at 127.0.0.9, says ns2.example.test: its name servers do not agree)");
    }
}

#[test]
fn an_alias_in_a_circle_is_told() {
    let (site, host) = (Site::new("circle"), "circle.beta.example.test");
    let other = "circle.wild.example.test";
    dns().hold_name(host);
    dns().set_alias(host, other);
    dns().set_alias(other, host);
    let program = deploy(&site, "circle", "beta.example.test");
    program
        .args(["--address-timeout", "1s"])
        .run()
        .ends_with(4)
        .says("is an alias in a circle");
}

#[test]
fn of_a_host_of_two_labels_nobodys_resolver_is_asked_before_it_is_there() {
    let (site, host) = (Site::new("short"), "short.corp");
    dns().hold_name(host);
    let running = deploy(&site, "short", "corp").start();
    wait_until("all name servers to be asked, and again", || {
        let asked = dns().asked_directly(host);
        (asked.len() > 6).then_some(()).ok_or("not yet")
    });
    assert_eq!(dns().asked(host), [""; 0]);
    dns().release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    lands(running.end())
        .says("the name servers of corp do not know short.corp yet")
        .says("at 127.0.0.1, say corp's name servers");
}

#[test]
fn a_wildcard_and_a_path_are_addresses_too() {
    let site = Site::new("wildcard");
    lands(deploy(&site, "any", "wild.example.test").run())
        .says("at 127.0.0.1, say wild.example.test's name servers");
    let deployment = site.push("below");
    let address = format!("{}/{{slug}}", url("paths.wild.example.test"));
    let program = site
        .helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({"web": true})))
        .args(["--url", &address]);
    lands(program.run()).says("paths.wild.example.test");
}

#[test]
fn an_alias_is_followed_into_its_own_zone() {
    let (site, host) = (Site::new("alias"), "alias.beta.example.test");
    dns().hold_name(host);
    dns().set_alias(host, "balancer.wild.example.test");
    lands(deploy(&site, "alias", "beta.example.test").run()).says("at 127.0.0.1");
    assert_eq!(dns().asked("balancer.wild.example.test"), [""; 0]);
}

#[test]
fn a_name_server_that_does_not_answer_holds_up_nothing() {
    let site = Site::new("half");
    let host = "one.half.example.test";
    dns().hold_name(host);
    let running = deploy(&site, "one", "half.example.test").start();
    wait_until("the other name server to be asked", || {
        let asked = dns().asked_directly(host);
        (asked.len() > 2).then_some(()).ok_or("not yet")
    });
    dns().release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    lands(running.end()).says("ns3.example.test: no answer within 2 s");
}

#[test]
fn where_no_name_server_answers_the_ingress_tells() {
    let site = Site::new("dead");
    lands(deploy(&site, "none", "dead.example.test").run())
        .says("no name server of dead.example.test answers")
        .says("whether that name is there is not known")
        .says("(at 127.0.0.1,");
    // It may not be there yet for those who ask a resolver.
    assert_eq!(dns().asked("none.dead.example.test"), [""; 0]);
}

#[test]
fn name_servers_that_tell_later_are_asked_for_the_host_though_an_ingress_is_there() {
    let (site, host) = (Site::new("tardy"), "tardy.beta.example.test");
    let balancers = Cluster::shared().load_balancer();
    balancers.hold_addresses(site.namespace.name());
    dns().hold_name(host);
    // On the way to its zone, at first and once again.
    dns().stumble(host, 2);
    let running = deploy(&site, "tardy", "beta.example.test").start();
    wait_until_within(Duration::from_secs(60), "them to be asked", || {
        let asked = dns().asked_directly(host);
        (asked.len() > 6).then_some(()).ok_or("not yet")
    });
    balancers.release_addresses(site.namespace.name());
    dns().release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    lands(running.end())
        .says("the Ingress tells where tardy.beta.example.test is")
        .says("at 127.0.0.1, say beta.example.test's name servers");
}

#[test]
fn where_neither_a_name_server_nor_an_ingress_tells_nobodys_resolver_is_asked() {
    let site = Site::new("nowhere");
    let deployment = site.push("nowhere");
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .args(["--url", &url("{slug}.dead.example.test")])
        .args(["--address-timeout", "1s"])
        .run()
        .ends_with(4)
        .says("no name server of dead.example.test answers")
        .says("and no Ingress is for nowhere.dead.example.test");
    assert_eq!(dns().asked("nowhere.dead.example.test"), [""; 0]);
}

#[test]
fn outside_of_every_zone_the_ingress_tells() {
    let site = Site::new("zoneless");
    lands(deploy(&site, "none", "zoneless.invalid").run())
        .says("in no zone that the resolver knows")
        .says("(at 127.0.0.1,");
}

#[test]
fn who_wants_it_asks_no_name_server() {
    let site = Site::new("ingress");
    let program = deploy(&site, "asked-not", "beta.example.test").args(["--lookup", "ingress"]);
    lands(program.run()).says("(at 127.0.0.1,");
    let host = "asked-not.beta.example.test";
    assert_eq!(dns().asked(host), [""; 0]);
    assert_eq!(dns().asked_directly(host), [""; 0]);
}

#[test]
fn an_ingress_that_alone_is_to_tell_is_waited_for_without_a_question_to_anybody() {
    let (site, host) = (Site::new("ingress-alone"), "alone.beta.example.test");
    let deployment = site.push("alone");
    site.helm_apply(Tool::Helm3, deployment)
        .release(&echo(json!({})))
        .args(["--url", &url(host), "--lookup", "ingress"])
        .args(["--address-timeout", "1s"])
        .run()
        .ends_with(4)
        .says("does not answer: no Ingress is for alone.beta.example.test");
    assert_eq!(dns().asked(host), [""; 0]);
    assert_eq!(dns().asked_directly(host), [""; 0]);
}

/// A load balancer of AWS has a name that is there some time after the Ingress tells it.
#[test]
fn a_load_balancers_own_young_name_is_asked_of_its_name_servers() {
    for (branch, zone) in [("young-a", "beta"), ("young-b", "dead")] {
        let site = Site::new(branch);
        let balancer = format!("{branch}-lb.beta.example.test");
        Cluster::shared()
            .load_balancer()
            .name_addresses(site.namespace.name(), &balancer);
        let mut program = deploy(&site, branch, &format!("{zone}.example.test"));
        if zone == "beta" {
            program = program.args(["--lookup", "ingress"]);
        }
        let running = program.start();
        wait_until("its name servers to be asked, and again", || {
            let asked = dns().asked_directly(&balancer);
            (asked.len() > 6).then_some(()).ok_or("not yet")
        });
        dns().release_name(&balancer, &[Ipv4Addr::LOCALHOST.into()]);
        lands(running.end())
            .says(&format!("do not know {balancer} yet"))
            .says(&format!("(at {balancer},"));
        assert_eq!(dns().asked(&balancer), [""; 0], "{branch}");
    }
}

/// As where port 53 is closed on the way to them.
#[test]
fn a_load_balancer_whose_name_servers_do_not_answer_is_found_by_the_ordinary_resolver() {
    let (site, balancer) = (Site::new("deaf-lb"), "deaf-lb.dead.example.test");
    dns().release_name(balancer, &[Ipv4Addr::LOCALHOST.into()]);
    Cluster::shared()
        .load_balancer()
        .name_addresses(site.namespace.name(), balancer);
    let program = deploy(&site, "deaf", "zoneless.invalid");
    lands(program.run()).says("(at deaf-lb.dead.example.test,");
    let host = "of-deaf.beta.example.test";
    dns().hold_name(host);
    dns().set_alias(host, balancer);
    let program = deploy(&site, "of-deaf", "beta.example.test");
    lands(program.run()).says("at 127.0.0.1, say beta.example.test's name servers");
    assert!(!dns().asked(balancer).is_empty());
}

#[test]
fn name_servers_that_did_not_answer_at_first_are_asked_again() {
    let (site, balancer) = (Site::new("late-lb"), "late-lb.late.example.test");
    Cluster::shared()
        .load_balancer()
        .name_addresses(site.namespace.name(), balancer);
    let running = deploy(&site, "late", "zoneless.invalid").start();
    wait_until("the ordinary resolver to be asked in their place", || {
        let asked = dns().asked(balancer);
        (!asked.is_empty()).then_some(()).ok_or("not yet")
    });
    dns().start_late();
    wait_until_within(Duration::from_secs(30), "them to be asked", || {
        let asked = dns().asked_late(balancer);
        (!asked.is_empty()).then_some(()).ok_or("not yet")
    });
    dns().release_name(balancer, &[Ipv4Addr::LOCALHOST.into()]);
    lands(running.end()).says("(at late-lb.late.example.test,");
}

#[test]
fn name_servers_that_stumble_once_are_asked_again_before_any_resolver() {
    let (site, balancer) = (Site::new("stumbling"), "stumbling-lb.beta.example.test");
    Cluster::shared()
        .load_balancer()
        .name_addresses(site.namespace.name(), balancer);
    let asked_more = |than: usize| {
        wait_until("its name servers to be asked, and again", || {
            let asked = dns().asked_directly(balancer).len();
            (asked > than + 6).then_some(()).ok_or("not yet")
        });
    };
    // On the way to its zone.
    dns().stumble(balancer, 1);
    let program = deploy(&site, "stumbling", "beta.example.test");
    let running = program.args(["--lookup", "ingress"]).start();
    asked_more(0);
    // And both of those who know the zone.
    dns().stumble(balancer, 2);
    asked_more(dns().asked_directly(balancer).len());
    dns().release_name(balancer, &[Ipv4Addr::LOCALHOST.into()]);
    lands(running.end()).says("it answers Server Failure");
    assert_eq!(dns().asked(balancer), [""; 0]);
}

/// In no zone, behind no Ingress, and in nobody's list.
#[test]
fn a_host_that_nobody_else_tells_of_is_asked_of_the_ordinary_resolver_as_often_as_it_forgets() {
    let (site, host) = (Site::new("nobody"), "nobody.zoneless.invalid");
    let deployment = site.push("nobody");
    site.helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({})))
        .args(["--url", &url("{slug}.zoneless.invalid")])
        .args(["--address-timeout", "3s"])
        .run()
        .ends_with(4)
        .says("no Ingress is for nobody.zoneless.invalid, and there is no nobody.zoneless.invalid");
    let asked = dns().asked(host);
    assert!(asked.len() <= 2, "{asked:?}");
}

#[test]
fn a_zone_whose_missing_names_are_remembered_for_long_is_told() {
    let site = Site::new("slow");
    lands(deploy(&site, "one", "slow.example.test").run())
        .says("slow.example.test lets resolvers remember for 900 s that a name is not there")
        .says("SOA");
}

#[test]
fn somebody_who_asked_too_early_is_told_how_long_it_lasts() {
    let (site, host) = (Site::new("early"), "spoilt.slow.example.test");
    dns().hold_name(host);
    dns().ask_resolver(host);
    dns().release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    lands(deploy(&site, "spoilt", "slow.example.test").run())
        .says("the resolver of this machine does not know spoilt.slow.example.test yet")
        .says("within 15 min 0 s");
}

#[test]
fn of_branches_that_share_a_host_each_waits_for_its_own_ingress() {
    let site = Site::new("shared-host");
    let balancer = Cluster::shared().load_balancer();
    let deploy = |branch: &str, timeout: &str| {
        let deployment = site.push(branch);
        let address = format!("{}/{{slug}}", url("shared.wild.example.test"));
        site.helm_apply(Tool::Helm4, deployment)
            .release(&echo(json!({"web": true})))
            .args(["--url", &address, "--lookup", "ingress"])
            .args(["--address-timeout", timeout])
            .run()
    };
    lands(deploy("a-first", "60s"));
    balancer.hold_addresses(site.namespace.name());
    deploy("new", "1s")
        .ends_with(4)
        .says("the Ingress hey-new has no address yet");
    balancer.release_addresses(site.namespace.name());
    lands(deploy("new", "60s"));
}

#[test]
fn a_cluster_that_does_not_list_ingresses_is_asked_again_until_the_time_is_up() {
    let site = Site::new("unlisted");
    let front = site.namespace.front(&site.kubeconfig);
    let deploy = || {
        let deployment = site.push("unlisted");
        site.helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({"web": true})))
            .args(["--url", &url("{slug}.beta.example.test")])
            .args(["--lookup", "ingress", "--address-timeout", "1s"])
            .env("BRANCH_DEPLOYS_KUBECONFIG", front.kubeconfig())
            .run()
    };
    let listing = Matcher::get("/apis/networking.k8s.io/v1/namespaces/*/ingresses");
    front.faults().when(listing).then(Effect::status(403));
    deploy().ends_with(4).says("list ingresses in namespace");
    front.faults().clear();
    lands(deploy());
}

#[test]
fn an_address_that_comes_never_says_which_name_is_missing() {
    let (site, host) = (Site::new("never"), "never.beta.example.test");
    dns().hold_name(host);
    let deployment = site.push("never");
    let program = site
        .helm_apply(Tool::Helm4, deployment)
        .release(&echo(json!({"web": true})))
        .args([
            "--url",
            &url("{slug}.beta.example.test"),
            "--address-timeout",
            "1s",
        ]);
    program
        .run()
        .ends_with(4)
        .says("do not know never.beta.example.test yet");
    let last = site.states(deployment).pop();
    assert_eq!(last, Some(DeploymentState::Failure));
}
