//! Who is asked where a host is.

use std::net::{IpAddr, SocketAddr};

use clap::{Args, ValueEnum};

/// Who is asked where a host is.
#[derive(Debug, Clone, Args)]
pub struct DnsOptions {
    /// Who tells where the address's host is: its zone's name servers, or the Ingress alone
    #[arg(long, value_enum, default_value = "name-servers")]
    pub lookup: Lookup,
    /// Resolver that tells who the name servers are, as in 10.0.0.2 [default: this machine's]
    #[arg(long, value_name = "ADDRESS", value_parser = resolver)]
    pub resolver: Option<SocketAddr>,
    /// Port at which name servers answer
    #[arg(long, value_name = "PORT", default_value = "53")]
    pub name_server_port: u16,
}

/// Who tells where a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Lookup {
    /// The name servers of its zone; the Ingress where nobody can ask them.
    NameServers,
    /// The Ingress, for zones that this machine does not see.
    Ingress,
}

/// The port is DNS's own where none is given.
fn resolver(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse();
    let address = address.or_else(|_| Ok(SocketAddr::new(text.parse::<IpAddr>()?, 53)));
    address.map_err(|_: std::net::AddrParseError| {
        "a resolver is given by its IP address, as in 10.0.0.2 or 10.0.0.2:53".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_is_an_ip_address() {
        assert_eq!(resolver("10.0.0.2"), Ok(([10, 0, 0, 2], 53).into()));
        assert_eq!(resolver("10.0.0.2:5353"), Ok(([10, 0, 0, 2], 5353).into()));
        assert_eq!(resolver("[fd00::2]:53").unwrap().port(), 53);
        assert!(resolver("fd00::2").unwrap().is_ipv6());
        assert!(
            resolver("resolver.example.com")
                .unwrap_err()
                .contains("10.0.0.2")
        );
    }
}
