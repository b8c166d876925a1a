//! Asking the resolver, as somebody's browser does.

use std::net::{IpAddr, SocketAddr};

use hickory_server::{
    net::runtime::TokioRuntimeProvider,
    proto::rr::RecordType,
    resolver::{
        Resolver,
        config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    },
};

/// What the resolver says; nothing is remembered on the way.
pub(super) async fn resolver(resolver: SocketAddr, name: &str) -> Option<Vec<IpAddr>> {
    let mut connection = ConnectionConfig::udp();
    connection.port = resolver.port();
    let server = NameServerConfig::new(resolver.ip(), true, vec![connection]);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().cache_size = 0;
    let asking = builder.build().expect("the settings are right");
    let found = asking
        .lookup(format!("{name}."), RecordType::A)
        .await
        .ok()?;
    let addresses = found
        .answers()
        .iter()
        .filter_map(|record| record.data.ip_addr());
    Some(addresses.collect())
}
