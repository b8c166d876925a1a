//! What counts as an answer of the address.

use std::{str::FromStr, time::Duration};

use clap::Args;
use http::HeaderName;

use super::DnsOptions;
use crate::model::{StatusRange, Template};

/// What counts as an answer of the address, and how long it is waited for.
#[derive(Debug, Clone, Args)]
pub struct AddressOptions {
    /// Path below the address that is asked for
    #[arg(long, default_value = "/", value_name = "PATH")]
    pub health_path: String,
    /// HTTP statuses that count as an answer, after the host's own redirects; with 401, an app behind a login
    #[arg(
        long,
        default_value = "200-399",
        value_delimiter = ',',
        value_name = "STATUS"
    )]
    pub expect_status: Vec<StatusRange>,
    /// Header of the answer, as in 'x-commit: {commit}': so an upgrade's old pods do not count
    #[arg(long, value_name = "HEADER")]
    pub expect_header: Option<HeaderTemplate>,
    /// Text that the answer's body has to hold
    #[arg(long, value_name = "TEXT")]
    pub expect_text: Option<String>,
    /// So many answers in a row
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub expect_times: u32,
    /// How long to wait for the address to answer
    #[arg(long, default_value = "5m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub address_timeout: Duration,
    /// Who is asked where the address's host is.
    #[command(flatten)]
    pub dns: DnsOptions,
}

/// A header, whose value may hold placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTemplate {
    /// In lower case.
    pub name: String,
    /// What it has to be.
    pub value: Template,
}

impl FromStr for HeaderTemplate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once(':')
            .ok_or("a header is given as name: value, as in 'x-commit: {commit}'")?;
        let name = HeaderName::from_str(name.trim())
            .map_err(|_| format!("`{}` is no name of a header", name.trim()))?;
        Ok(Self {
            name: name.as_str().to_owned(),
            value: value.trim().parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let header: HeaderTemplate = "X-Commit: {commit}".parse().unwrap();
        assert_eq!(header.name, "x-commit");
        for bad in ["x-commit", ": a", "x commit: a", "x-commit: {commmit}"] {
            assert!(bad.parse::<HeaderTemplate>().is_err(), "{bad}");
        }
    }
}
