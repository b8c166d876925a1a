//! What counts as its answer.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};
use testbed::{
    Cluster,
    faults::{Effect, Matcher},
    tools::Tool,
};

use super::{deploy, dns, lands, url};
use crate::site::{Ran, Site, echo};

#[test]
fn the_health_path_is_what_is_asked_for() {
    let (site, host) = (Site::new("health"), "health.beta.example.test");
    let faults = Cluster::shared().load_balancer().faults(host);
    faults.when(Matcher::get("/")).then(Effect::status(500));
    let program = deploy(&site, "health", "beta.example.test");
    lands(program.args(["--health-path", "up"]).run()).says("/up answers 200");
}

#[test]
fn a_look_that_takes_long_does_not_outlast_the_wait() {
    let (site, host) = (Site::new("long-look"), "long-look.beta.example.test");
    let faults = Cluster::shared().load_balancer().faults(host);
    faults
        .when(Matcher::get("/").once())
        .then(Effect::status(500));
    let late = Effect::late_answer(Duration::from_secs(30));
    faults.when(Matcher::get("/")).then(late);
    let program = deploy(&site, "long-look", "beta.example.test");
    program
        .args(["--address-timeout", "3s"])
        .run()
        .ends_with(4)
        .says("does not answer: it answers 500");
}

#[test]
fn what_a_load_balancer_answers_by_itself_is_told_apart() {
    let (site, host) = (
        Site::new("balancer-says"),
        "balancer-says.beta.example.test",
    );
    let faults = Cluster::shared().load_balancer().faults(host);
    let answers = [
        (
            Effect::status(503),
            "it answers 503: no pod is ready behind it",
        ),
        (
            Effect::status(502),
            "it answers 502: the load balancer has no answer of a pod",
        ),
        (
            Effect::status(504),
            "it answers 504: the load balancer has no answer of a pod",
        ),
        (
            Effect::late_answer(Duration::from_secs(12)),
            "no answer within 10 s",
        ),
    ];
    for (number, (answer, _)) in answers.iter().enumerate() {
        let look = Matcher::get("/").nth(number + 1);
        faults.when(look).then(answer.clone());
    }
    let ran = lands(deploy(&site, "balancer-says", "beta.example.test").run());
    let told = |ran: Ran, (_, words): &(Effect, &str)| ran.says(words);
    answers.iter().fold(ran, told);
}

#[test]
fn an_upgrades_old_pods_do_not_count() {
    let (site, host) = (Site::new("commit"), "of-commit.beta.example.test");
    let deploy = |header: &str| {
        let deployment = site.push("of-commit");
        site.helm_apply(Tool::Helm3, deployment)
            .release(&echo(json!({"web": true, "tellsCommit": true})))
            .args(["--url", &url("{slug}.beta.example.test")])
            .args(["--expect-header", header, "--address-timeout", "20s"])
    };
    lands(deploy("x-commit: {commit}").run());
    let faults = Cluster::shared().load_balancer().faults(host);
    let old = Effect::status(200)
        .header("x-commit", "0123abc")
        .body("an old pod");
    faults.when(Matcher::get("/").once()).then(old);
    lands(deploy("X-Commit: {commit}").run())
        .says("another answers still: its x-commit is \"0123abc\"");
}

#[test]
fn an_app_that_answers_once_and_then_fails_is_not_up() {
    let (site, host) = (Site::new("flapping"), "flapping.beta.example.test");
    let faults = Cluster::shared().load_balancer().faults(host);
    faults
        .when(Matcher::get("/").nth(2))
        .then(Effect::status(500));
    let program = deploy(&site, "flapping", "beta.example.test");
    lands(program.args(["--expect-times", "3"]).run())
        .says("which is to be seen 3 times in a row")
        .says("it answers 500");
}

#[test]
fn the_body_has_to_hold_the_text_and_may_not_hold_up_the_deploy() {
    let (site, host) = (Site::new("text"), "text.beta.example.test");
    let with_text = |text: &str| {
        let program = deploy(&site, "text", "beta.example.test");
        program
            .args(["--expect-text", text, "--address-timeout", "1s"])
            .run()
    };
    lands(with_text("namespace: text"));
    with_text("no such words")
        .ends_with(4)
        .says("its body does not hold");
    let faults = Cluster::shared().load_balancer().faults(host);
    faults
        .when(Matcher::any("/**"))
        .then(Effect::trickling_body(Duration::from_secs(3600)));
    with_text("namespace")
        .ends_with(4)
        .says("no answer within 10 s");
}

#[test]
fn a_login_in_front_of_the_app_is_told_how_to_take() {
    let (site, host) = (Site::new("login"), "login.beta.example.test");
    let faults = Cluster::shared().load_balancer().faults(host);
    faults.when(Matcher::any("/**")).then(Effect::status(401));
    let deploy = |more: &[&str]| {
        let mut program = deploy(&site, "login", "beta.example.test");
        program.0.args(more);
        program.args(["--address-timeout", "1s"]).run()
    };
    deploy(&[])
        .ends_with(4)
        .says("`expect-status: 200-399,401` takes it");
    lands(deploy(&["--expect-status", "200-399,401"]));
}

#[test]
fn a_redirect_within_the_host_is_followed_to_its_answer() {
    let (site, host) = (Site::new("sent"), "sent.beta.example.test");
    let faults = Cluster::shared().load_balancer().faults(host);
    let sent = |to: &str| Effect::status(302).header("location", to);
    faults.when(Matcher::get("/")).then(sent("/login"));
    let broken = Matcher::get("/login").once();
    faults.when(broken).then(Effect::status(500));
    let program = deploy(&site, "sent", "beta.example.test");
    lands(program.run())
        .says(&format!("it answers 500, at {}/login", url(host)))
        .says(&format!("answers 200, at {}/login", url(host)));
    // To a login elsewhere: nobody there is asked.
    faults.clear();
    let elsewhere = sent("http://login.example.test/");
    faults.when(Matcher::get("/")).then(elsewhere);
    let program = deploy(&site, "sent", "beta.example.test");
    lands(program.run()).says("answers 302 (at 127.0.0.1");
    assert_eq!(dns().asked("login.example.test"), [""; 0]);
}

#[test]
fn an_endless_redirect_is_no_success() {
    let (site, host) = (Site::new("circle"), "circle.beta.example.test");
    let faults = Cluster::shared().load_balancer().faults(host);
    let sent = |to: &str| Effect::status(301).header("location", to);
    faults.when(Matcher::get("/")).then(sent("/a"));
    faults.when(Matcher::get("/a")).then(sent("/b"));
    faults.when(Matcher::get("/b")).then(sent("/a"));
    let program = deploy(&site, "circle", "beta.example.test");
    program
        .args(["--address-timeout", "1s"])
        .run()
        .ends_with(4)
        .says("does not answer: it redirects in a circle: /a, /b, /a");
    let program = deploy(&site, "circle", "beta.example.test");
    lands(program.args(["--expect-status", "301"]).run());
}

#[test]
fn what_is_wrong_with_tls_is_told_apart() {
    let (site, host) = (Site::new("tls"), "tls.beta.example.test");
    let cluster = Cluster::shared();
    let deploy = |trusted: bool, address: SocketAddr| {
        dns().hold_name(host);
        dns().release_name(host, &[address.ip()]);
        let url = format!("https://{{slug}}.beta.example.test:{}", address.port());
        let mut program = site
            .helm_apply(Tool::Helm4, site.push("tls"))
            .release(&echo(json!({"web": true})))
            .args(["--address-timeout", "1s", "--url", &url]);
        if trusted {
            program = program.env("SSL_CERT_FILE", cluster.certificates());
        }
        program.run().ends_with(4)
    };
    // Whoever issued it is trusted, and it is for `kubernetes` and the like.
    deploy(true, cluster.api())
        .says("its certificate is not accepted")
        .says("not valid for name \"tls.beta.example.test\"");
    deploy(false, cluster.api()).says("nobody whom this machine trusts has issued it");
    let plain = (Ipv4Addr::LOCALHOST, cluster.load_balancer().port());
    deploy(false, plain.into()).says("TLS fails");
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|it| it.local_addr());
    deploy(false, closed.unwrap()).says("it refuses connections: nobody listens there");
}

/// The API server's certificate, from an authority that is trusted here, is for no name of an app's.
#[test]
fn a_certificate_for_another_name_is_told_from_one_that_nobody_vouches_for() {
    let (site, host) = (Site::new("certificate"), "certificate.beta.example.test");
    let text = std::fs::read(&site.kubeconfig).expect("it can be read");
    let config: Value = serde_json::from_slice(&text).expect("it is JSON");
    let cluster = &config["clusters"][0]["cluster"];
    let server = cluster["server"].as_str().expect("it has an address");
    let server: SocketAddr = server.trim_start_matches("https://").parse().unwrap();
    let authority = cluster["certificate-authority-data"].as_str();
    let authority = BASE64.decode(authority.expect("it has one")).unwrap();
    let trusted = site.kubeconfig.with_extension("pem");
    std::fs::write(&trusted, authority).expect("it can be written");
    dns().hold_name(host);
    dns().release_name(host, &[server.ip()]);
    let deploy = |authorities: &Path| {
        let url = format!("https://{{slug}}.beta.example.test:{}", server.port());
        let program = site.helm_apply(Tool::Helm3, site.push("certificate"));
        let program = program.release(&echo(json!({"web": true})));
        let program = program.args(["--address-timeout", "1s", "--url", &url]);
        program.env("SSL_CERT_FILE", authorities).run().ends_with(4)
    };
    deploy(&trusted).says("its certificate is not accepted: certificate not valid for name");
    deploy(Path::new("/etc/ssl/certs/ca-certificates.crt"))
        .says("its certificate is not accepted: nobody whom this machine trusts has issued it");
}
