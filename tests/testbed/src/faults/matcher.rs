//! Which requests a fault is for.

use axum::{extract::Request, http::Method};

/// What a question of GraphQL's is called: a mark on its request, whose path is that of all others.
#[derive(Clone, Debug)]
pub struct Question(pub String);

/// A description of requests: method, path and query, and which of those that fit.
#[derive(Clone, Debug)]
pub struct Matcher {
    method: Option<Method>,
    path: String,
    query: Vec<String>,
    question: Option<String>,
    from: usize,
    count: usize,
}

impl Matcher {
    /// Every request, whatever its method, whose path fits: `*` stands for one segment, a final
    /// `**` for any rest. Paths are compared as sent, before percent-decoding.
    pub fn any(path: &str) -> Self {
        Self {
            method: None,
            path: path.to_owned(),
            query: vec![],
            question: None,
            from: 1,
            count: usize::MAX,
        }
    }

    /// GET requests of a path, with `*` and `**` as in [`Matcher::any`].
    pub fn get(path: &str) -> Self {
        Self::any(path).method(Method::GET)
    }

    /// POST requests of a path, with `*` and `**` as in [`Matcher::any`].
    pub fn post(path: &str) -> Self {
        Self::any(path).method(Method::POST)
    }

    /// Questions of GraphQL's with this name.
    pub fn question(name: &str) -> Self {
        Self {
            question: Some(name.to_owned()),
            ..Self::post("/graphql")
        }
    }

    /// Only requests of this method.
    pub fn method(self, method: Method) -> Self {
        Self {
            method: Some(method),
            ..self
        }
    }

    /// Only requests whose query holds this pair, written as it is sent (`ref=feature%2Fx`).
    pub fn query(mut self, pair: &str) -> Self {
        self.query.push(pair.to_owned());
        self
    }

    /// Only requests of this page of a listing. Page 1 is what names no page, too.
    pub fn page(self, number: u32) -> Self {
        self.query(&format!("page={number}"))
    }

    /// Only the nth of the requests that fit, counted from 1.
    pub fn nth(self, n: usize) -> Self {
        Self {
            from: n,
            count: 1,
            ..self
        }
    }

    /// Only what comes after so many of the requests that fit.
    pub fn after(self, n: usize) -> Self {
        Self {
            from: n + 1,
            count: usize::MAX,
            ..self
        }
    }

    /// Only the first request that fits.
    pub fn once(self) -> Self {
        self.nth(1)
    }

    /// Only so many of the requests that fit.
    pub fn times(self, count: usize) -> Self {
        Self { count, ..self }
    }

    pub(super) fn fits(&self, request: &Request) -> bool {
        let query = request.uri().query().unwrap_or_default();
        self.method
            .as_ref()
            .is_none_or(|method| method == request.method())
            && path_fits(&self.path, request.uri().path())
            && self.query.iter().all(|pair| query_fits(pair, query))
            && self.question.as_ref().is_none_or(|name| {
                let asked = request.extensions().get::<Question>();
                asked.is_some_and(|asked| asked.0 == *name)
            })
    }

    pub(super) fn counts(&self, seen: usize) -> bool {
        seen >= self.from && seen - self.from < self.count
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for wanted in pattern.split('/') {
        match (wanted, segments.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(segment)) if wanted == segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

fn query_fits(pair: &str, query: &str) -> bool {
    let mut pairs = query.split('&');
    pairs.any(|sent| sent == pair) || (pair == "page=1" && !has_page(query))
}

fn has_page(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("page="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_segment_and_two_are_the_rest() {
        assert!(path_fits(
            "/repos/*/*/deployments",
            "/repos/acme/hey/deployments"
        ));
        assert!(!path_fits(
            "/repos/*/*/deployments",
            "/repos/acme/hey/deployments/1"
        ));
        assert!(!path_fits("/repos/*/*/deployments", "/repos/acme/hey"));
        assert!(path_fits("/repos/**", "/repos/acme/hey/deployments/1"));
        assert!(path_fits("/**", "/user"));
    }

    #[test]
    fn the_first_page_is_also_what_names_none() {
        assert!(query_fits("page=1", "per_page=100"));
        assert!(query_fits("page=2", "per_page=100&page=2"));
        assert!(!query_fits("page=1", "page=2"));
        assert!(!query_fits("page=2", "per_page=2"));
    }

    #[test]
    fn counting_starts_at_one() {
        assert!(Matcher::any("/**").once().counts(1));
        assert!(!Matcher::any("/**").once().counts(2));
        assert!(Matcher::any("/**").nth(3).counts(3));
        assert!(Matcher::any("/**").times(2).counts(2));
        assert!(!Matcher::any("/**").times(2).counts(3));
    }
}
