use std::net::Ipv4Addr;

use crate::{Cluster, wait_until};

#[test]
fn a_name_that_is_asked_for_too_early_is_not_there_for_everybody() {
    let dns = Cluster::shared().dns();
    let host = "early.slow.example.test";
    assert_eq!(dns.ask_resolver(host), None);
    dns.release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    assert_eq!(dns.ask_resolver(host), None, "for 15 minutes");
    assert_eq!(dns.asked(host).len(), 2);
}

#[test]
fn a_wildcard_knows_every_name() {
    let dns = Cluster::shared().dns();
    let found = dns.ask_resolver("any.wild.example.test");
    assert_eq!(found, Some(vec![Ipv4Addr::LOCALHOST.into()]));
}

#[test]
fn an_ingress_gets_its_names() {
    let cluster = Cluster::shared();
    let namespace = cluster.namespace("names");
    namespace.apply(
        r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: named}
spec:
  ingressClassName: alb
  rules:
    - host: named.beta.example.test
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
"#,
    );
    let known = || cluster.dns().ask_resolver("named.beta.example.test");
    wait_until("the name is there", || known().ok_or("it is not"));
    namespace.delete("Ingress", "named");
    wait_until("the name is gone", || match known() {
        None => Ok(()),
        Some(_) => Err("it is still there"),
    });
}
