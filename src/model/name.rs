use std::net::IpAddr;

/// What one name server says of a host name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameAnswer {
    /// It is at these addresses.
    At(Vec<IpAddr>),
    /// It is another name's, of which this server knows nothing.
    Alias(String),
    /// There is no such name, or none with an address.
    Missing,
    /// Nothing, for this reason.
    Silence(String),
}
