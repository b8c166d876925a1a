use reqwest::Url;

/// An address beside `url` that no environment has: of another host of the same domain, or of another
/// path where environments share a host. None for a host that is an IP address or a single word.
pub fn stranger_to(url: &Url, number: u32) -> Option<Url> {
    let mut stranger = url.clone();
    let name = format!("nobody-{number:08x}");
    if url.path() == "/" {
        let (_, domain) = url.domain()?.split_once('.')?;
        stranger.set_host(Some(&format!("{name}.{domain}"))).ok()?;
    } else {
        stranger.set_path(&name);
    }
    Some(stranger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_differs_in_what_tells_environments_apart() {
        for (url, stranger) in [
            (
                "https://new.beta.example.com",
                Some("https://nobody-0000000a.beta.example.com/"),
            ),
            (
                "http://new.example.com:81/",
                Some("http://nobody-0000000a.example.com:81/"),
            ),
            (
                "https://beta.example.com/new",
                Some("https://beta.example.com/nobody-0000000a"),
            ),
            (
                "http://127.0.0.1:81/new/",
                Some("http://127.0.0.1:81/nobody-0000000a"),
            ),
            ("http://127.0.0.1", None),
            ("http://localhost", None),
        ] {
            let url: Url = url.parse().unwrap();
            let found = stranger_to(&url, 10).map(String::from);
            assert_eq!(found.as_deref(), stranger);
        }
    }
}
