//! Where a redirect leads.

use reqwest::Url;

use crate::model::{Said, StatusRange, beginning};

/// As many redirects are followed.
const MOST: usize = 10;
/// As much of each path is told, in characters.
const TOLD: usize = 60;

/// What becomes of an answer that may be a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// It is the answer.
    Here,
    /// The answer is to be asked for there.
    To(Url),
    /// There never will be one, in these words.
    Endless(String),
}

/// What becomes of the answer to the last of `way`, the addresses that were asked for. A redirect to
/// another host (a login) is an answer, and so is one that `statuses` name as what is expected:
/// `200-399` does not, `302` does.
pub fn course(way: &[Url], said: &Said, statuses: &[StatusRange]) -> Course {
    let is_wanted = |range: &StatusRange| range.is_of_redirects() && range.contains(said.status);
    let Some(next) = target(way, said).filter(|_| !statuses.iter().any(is_wanted)) else {
        return Course::Here;
    };
    let since = way.iter().position(|url| *url == next);
    match since {
        Some(since) => {
            let circle = told(way[since..].iter().chain([&next]));
            Course::Endless(format!("it redirects in a circle: {circle}"))
        }
        None if way.len() > MOST => {
            let last = told(way.iter().chain([&next]));
            Course::Endless(format!("it redirects more than {MOST} times: {last}"))
        }
        None => Course::To(next),
    }
}

/// Where an answer sends a browser, if that is to the same host.
fn target(way: &[Url], said: &Said) -> Option<Url> {
    let from = way.last()?;
    if !matches!(said.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let mut headers = said.headers.iter();
    let (_, location) = headers.find(|(name, _)| name == "location")?;
    let mut target = from.join(location).ok()?;
    // No server learns of it.
    target.set_fragment(None);
    let is_http = matches!(target.scheme(), "http" | "https");
    (is_http && target.host_str() == from.host_str()).then_some(target)
}

/// A way, for people: its paths, or its addresses where they differ in more.
fn told<'a>(way: impl Iterator<Item = &'a Url> + Clone) -> String {
    let mut origins = way.clone().map(Url::origin);
    let first = origins.next();
    let is_one = origins.all(|origin| Some(origin) == first);
    let named = way.map(|url| match is_one {
        true => {
            let query = url.query().map(|query| format!("?{query}"));
            beginning(&(url.path().to_owned() + &query.unwrap_or_default()), TOLD)
        }
        false => beginning(url.as_str(), TOLD),
    });
    named.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(way: &[&str], status: u16, location: &str, statuses: &str) -> Course {
        let way: Vec<Url> = way.iter().map(|url| url.parse().unwrap()).collect();
        let said = Said {
            status,
            headers: vec![("location".into(), location.into())],
            body: String::new(),
        };
        course(&way, &said, &[statuses.parse().unwrap()])
    }

    fn from(location: &str) -> Course {
        of(&["http://new.example.com/"], 302, location, "200-399")
    }

    fn to(url: &str) -> Course {
        Course::To(url.parse().unwrap())
    }

    #[test]
    fn within_its_host_a_redirect_is_followed() {
        assert_eq!(from("/login#top"), to("http://new.example.com/login"));
        let secure = "https://new.example.com/";
        assert_eq!(from(secure), to(secure));
        assert_eq!(from("//NEW.example.com/a"), to("http://new.example.com/a"));
    }

    #[test]
    fn what_leads_to_nowhere_or_to_another_host_is_an_answer() {
        for location in [
            "https://login.example.com/",
            "//evil.example.com",
            "ftp://new.example.com/",
            "http://[",
            "mailto:somebody@new.example.com",
        ] {
            assert_eq!(from(location), Course::Here, "{location}");
        }
        let of_status = |status| of(&["http://a.example.com/"], status, "/b", "200-399");
        assert_eq!(of_status(200), Course::Here);
        assert_eq!(of_status(304), Course::Here);
        let bare = Said {
            status: 302,
            ..Said::default()
        };
        let way = ["http://a.example.com/".parse().unwrap()];
        assert_eq!(course(&way, &bare, &[]), Course::Here);
    }

    #[test]
    fn a_redirect_that_is_expected_is_an_answer() {
        let of = |statuses| of(&["http://a.example.com/"], 302, "/b", statuses);
        assert_eq!(of("302"), Course::Here);
        assert_eq!(of("300-399"), Course::Here);
        assert_eq!(of("301"), to("http://a.example.com/b"));
    }

    #[test]
    fn a_circle_is_named() {
        let (a, b) = ("http://x.example.com/a", "http://x.example.com/b?c=d");
        let words = |words: &str| Course::Endless(format!("it redirects in a circle: {words}"));
        let is_default = |way: &[&str], location| of(way, 302, location, "200-399");
        assert_eq!(is_default(&[a, b], "/a"), words("/a, /b?c=d, /a"));
        let start = "http://x.example.com/";
        assert_eq!(is_default(&[start, a, b], "/a"), words("/a, /b?c=d, /a"));
        // A proxy that ends TLS, before an app that wants TLS.
        let secure = "https://x.example.com/a";
        let both = words(&format!("{a}, {secure}, {a}"));
        assert_eq!(is_default(&[a, secure], a), both);
        let long = format!("/{}", "x".repeat(1000));
        let url = format!("http://x.example.com{long}");
        let Course::Endless(told) = is_default(&[&url], &long) else {
            panic!("it is a circle");
        };
        assert!(told.len() < 200, "{told}");
    }

    #[test]
    fn a_redirect_to_ever_new_places_ends() {
        let way: Vec<String> = (0..=10)
            .map(|n| format!("http://x.example.com/{n}"))
            .collect();
        let way: Vec<&str> = way.iter().map(String::as_str).collect();
        let tenth = of(&way[..10], 302, "/10", "200-399");
        assert_eq!(tenth, to("http://x.example.com/10"));
        let Course::Endless(told) = of(&way, 302, "/11", "200-399") else {
            panic!("it goes on");
        };
        assert!(
            told.starts_with("it redirects more than 10 times: /0, /1, "),
            "{told}"
        );
    }
}
