use std::{fmt, net::IpAddr, str::FromStr};

/// The name of an image in a registry, as in `registry.example.com/hey:4f2a91c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageName {
    /// Host and port of the registry, as Docker's configuration names it.
    pub registry: String,
    /// The repository in it.
    pub repository: String,
    /// A tag, or a digest as in `sha256:…`.
    pub reference: String,
}

/// Docker Hub, as images without a registry name it.
const HUB: &str = "docker.io";

impl FromStr for ImageName {
    type Err = String;

    /// Reads the name as Docker does: what precedes the first `/` is a registry if it looks like a
    /// host. The tag has to be given: `latest` is no commit's.
    fn from_str(name: &str) -> Result<Self, String> {
        let is_host = |text: &str| text.contains(['.', ':']) || text == "localhost";
        let (registry, rest) = match name.split_once('/') {
            Some((host, rest)) if is_host(host) => (host, rest.to_owned()),
            Some(_) => (HUB, name.to_owned()),
            None => (HUB, format!("library/{name}")),
        };
        let (repository, reference) = match rest.split_once('@') {
            Some((name, digest)) => (name.split(':').next().unwrap_or_default(), digest),
            None => rest
                .rsplit_once(':')
                .ok_or("an image is given with its tag, as in registry.example.com/hey:{commit}")?,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let part = |part: &str| {
            let low = |c: char| plain(c) && !c.is_ascii_uppercase();
            part.starts_with(|c: char| c.is_ascii_alphanumeric()) && part.chars().all(low)
        };
        if !repository.split('/').all(part) {
            return Err(format!("`{repository}` is no repository of a registry"));
        }
        let tag = reference.strip_prefix("sha256:").unwrap_or(reference);
        if tag.is_empty()
            || tag.len() > 128
            || !tag.chars().all(plain)
            || tag.starts_with(['.', '-'])
        {
            return Err(format!("`{reference}` is no tag and no digest"));
        }
        if !registry.chars().all(|c| plain(c) || ":[]".contains(c)) {
            return Err(format!("`{registry}` is no registry's host"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            reference: reference.to_owned(),
        })
    }
}

impl ImageName {
    /// The base address of the registry's API: by plain HTTP on this machine alone, as Docker does.
    pub fn base_url(&self) -> String {
        let scheme = if self.is_local() { "http" } else { "https" };
        let host = match self.registry.as_str() {
            HUB => "registry-1.docker.io",
            host => host,
        };
        format!("{scheme}://{host}")
    }

    /// Whether the registry is on this machine.
    pub fn is_local(&self) -> bool {
        let without_port = self.registry.rsplit_once(':');
        let host = without_port.map_or(self.registry.as_str(), |(host, _)| host);
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let between = if self.reference.contains(':') {
            '@'
        } else {
            ':'
        };
        write!(
            f,
            "{}/{}{between}{}",
            self.registry, self.repository, self.reference
        )
    }
}

/// What an image runs on, as in `linux/amd64` or `linux/arm/v7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The operating system, as Go calls it.
    pub os: String,
    /// The architecture, as Go calls it.
    pub architecture: String,
    /// The architecture's variant; any will do where none is asked for.
    pub variant: Option<String>,
}

impl Platform {
    /// Whether what is made for `self` serves one who asked for `wanted`.
    pub fn serves(&self, wanted: &Self) -> bool {
        let variant = wanted.variant.is_none() || wanted.variant == self.variant;
        self.os == wanted.os && self.architecture == wanted.architecture && variant
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        match parts[..] {
            [os, architecture, ref variant @ ..]
                if parts.iter().all(plain) && variant.len() <= 1 =>
            {
                Ok(Self {
                    os: os.to_owned(),
                    architecture: architecture.to_owned(),
                    variant: variant.first().map(|&variant| variant.to_owned()),
                })
            }
            _ => Err("a platform is given as os/architecture, as in linux/amd64".into()),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// An image that a registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The digest of its manifest or index, as in `sha256:…`.
    pub digest: String,
    /// What it runs on, where that was asked for.
    pub platforms: Vec<Platform>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> (String, String, String) {
        let name: ImageName = name.parse().unwrap();
        (name.base_url(), name.repository, name.reference)
    }

    #[test]
    fn a_name_is_read_as_docker_reads_it() {
        let expect = |base: &str, repository: &str, reference: &str| {
            (base.to_owned(), repository.to_owned(), reference.to_owned())
        };
        let digest = format!("sha256:{}", "a".repeat(64));
        for (name, expected) in [
            (
                "registry.example.com/team/hey:1",
                expect("https://registry.example.com", "team/hey", "1"),
            ),
            (
                "localhost:5000/hey:1",
                expect("http://localhost:5000", "hey", "1"),
            ),
            ("[::1]:5000/hey:1", expect("http://[::1]:5000", "hey", "1")),
            (
                "127.0.0.1.example.com/hey:1",
                expect("https://127.0.0.1.example.com", "hey", "1"),
            ),
            (
                "acme/hey:1",
                expect("https://registry-1.docker.io", "acme/hey", "1"),
            ),
            (
                "hey:1",
                expect("https://registry-1.docker.io", "library/hey", "1"),
            ),
            (
                &format!("r.example.com/hey:1@{digest}"),
                expect("https://r.example.com", "hey", &digest),
            ),
        ] {
            assert_eq!(read(name), expected, "{name}");
        }
    }

    #[test]
    fn a_name_that_would_lead_elsewhere_is_refused() {
        for bad in [
            "",
            "r.example.com/hey",
            "r.example.com/../x:1",
            "r.example.com/hey:../x",
            "r.example.com/Hey:1",
            "r.example.com/hey:a b",
            "r.example.com/hey?x:1",
            "u@r.example.com/hey:1",
            "https://r.example.com/hey:1",
        ] {
            assert!(bad.parse::<ImageName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_variant_matters_to_one_who_asks_for_it() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        assert!(platform("linux/arm64/v8").serves(&platform("linux/arm64")));
        assert!(!platform("linux/arm/v6").serves(&platform("linux/arm/v7")));
        assert!(!platform("linux/arm64").serves(&platform("linux/amd64")));
        for bad in ["", "linux", "linux/", "linux/arm/v7/x", "Linux/amd64"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }
}
