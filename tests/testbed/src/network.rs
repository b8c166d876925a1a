//! Addresses of its own for each testbed of the machine.

use std::{
    net::{IpAddr, Ipv4Addr, TcpListener},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
};

use anyhow::{Context, Result};

/// One of the loopback networks 127.N.0.0/16, claimed for as long as this lives: the lower half is
/// for pods, the upper for the cluster's own processes. Two testbeds at once never meet.
///
/// The API server refuses loopback addresses as endpoints. What it knows as 10.N.x.y is at
/// 127.N.x.y in truth, see [`reachable`].
pub(crate) struct Network {
    number: u8,
    _claim: UnixListener,
}

impl Network {
    /// Claims the first network that nobody holds.
    ///
    /// The claim is an abstract socket: it is known exactly where the loopback addresses are (in
    /// the same network namespace), to every user, and it ends with its process.
    pub(crate) fn claim() -> Result<Self> {
        (1..=254)
            .find_map(|number| {
                let name = format!("branch-deploys-testbed-127.{number}");
                let address = SocketAddr::from_abstract_name(name).ok()?;
                let claim = UnixListener::bind_addr(&address).ok()?;
                Some(Self {
                    number,
                    _claim: claim,
                })
            })
            .context("all 254 loopback networks are taken by testbeds")
    }

    /// Where the cluster's processes listen.
    pub(crate) fn host(&self) -> IpAddr {
        Ipv4Addr::new(127, self.number, 255, 1).into()
    }

    /// The node's address, as the API server knows it.
    pub(crate) fn node(&self) -> IpAddr {
        Ipv4Addr::new(10, self.number, 255, 1).into()
    }

    /// The pods' addresses, as the API server knows them.
    pub(crate) fn pods(&self) -> String {
        format!("10.{}.0.0/17", self.number)
    }

    /// Where a name server listens, of which there are some.
    pub(crate) fn name_server(&self, number: u8) -> IpAddr {
        Ipv4Addr::new(127, self.number, 254, number).into()
    }

    /// Ports that are free now. Nobody else uses the address, so that only a process that listens
    /// on all addresses could come in between.
    pub(crate) fn free_ports<const N: usize>(&self) -> Result<[u16; N]> {
        let mut listeners = Vec::with_capacity(N);
        let mut ports = [0; N];
        for port in &mut ports {
            let listener = TcpListener::bind((self.host(), 0))?;
            *port = listener.local_addr()?.port();
            listeners.push(listener);
        }
        Ok(ports)
    }
}

/// Where somebody can listen and connect for an address that the API server knows.
pub(crate) fn reachable(known: IpAddr) -> IpAddr {
    match known {
        IpAddr::V4(address) => {
            let [_, number, high, low] = address.octets();
            Ipv4Addr::new(127, number, high, low).into()
        }
        IpAddr::V6(_) => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_claims_get_two_networks() {
        let (one, other) = (Network::claim().unwrap(), Network::claim().unwrap());
        assert_ne!(one.pods(), other.pods());
    }
}
