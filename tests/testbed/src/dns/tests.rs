use std::net::Ipv4Addr;

use hickory_server::{
    net::runtime::TokioRuntimeProvider,
    proto::rr::RecordType,
    resolver::{
        Resolver,
        config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    },
};

use super::*;
use crate::{Cluster, wait_until};

/// What a resolver in between, which remembers nothing, is told by the one of the testbed.
fn ask(dns: &Dns, name: &str) -> Option<Vec<IpAddr>> {
    let mut connection = ConnectionConfig::udp();
    connection.port = dns.resolver().port();
    let server = NameServerConfig::new(dns.resolver().ip(), true, vec![connection]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().cache_size = 0;
    Cluster::shared().block_on(async {
        let resolver = builder.build().expect("the settings are right");
        let found = resolver.lookup(format!("{name}."), RecordType::A).await.ok()?;
        let addresses = found.answers().iter().filter_map(|record| record.data.ip_addr());
        Some(addresses.collect())
    })
}

#[test]
fn a_name_that_is_asked_for_too_early_is_not_there_for_everybody() {
    let dns = Cluster::shared().dns();
    let host = "early.slow.example.test";
    assert_eq!(ask(dns, host), None);
    dns.release_name(host, &[Ipv4Addr::LOCALHOST.into()]);
    assert_eq!(ask(dns, host), None, "for 15 minutes");
    assert_eq!(dns.asked(host).len(), 2);
}

#[test]
fn a_wildcard_knows_every_name() {
    let dns = Cluster::shared().dns();
    let found = ask(dns, "any.wild.example.test");
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
    let known = || ask(cluster.dns(), "named.beta.example.test");
    wait_until("the name is there", || known().ok_or("it is not"));
    namespace.delete("Ingress", "named");
    wait_until("the name is gone", || match known() {
        None => Ok(()),
        Some(_) => Err("it is still there"),
    });
}
