//! Which Ingress an address is behind.

use reqwest::Url;

use crate::model::{Route, RoutePath, Rule};

/// How well a rule's host fits: the later, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Any,
    Wildcard,
    Exact,
}

/// The one that an address is behind, of all in the namespace; none if none is for it.
///
/// One of the environment's own releases comes before others', since branches may share a host. Of the
/// rest the rule with the best host and then the longest path decides, as in every load balancer
/// (<https://kubernetes.io/docs/concepts/services-networking/ingress/>). A rule whose path does not fit comes
/// last, and not away: it may be a pattern of its controller's, such as `/new(/|$)(.*)`. Of equal ones that
/// has an address which is somewhere.
pub fn route<'a>(routes: &'a [Route], releases: &[String], url: &Url) -> Option<&'a Route> {
    let fits = routes.iter().filter_map(|route| {
        let is_own = route
            .release
            .as_ref()
            .is_some_and(|it| releases.contains(it));
        let is_somewhere = !route.addresses.is_empty();
        Some(((is_own, fit(route, url)?, is_somewhere), route))
    });
    // Of equal ones the first, so that it is the same at each look.
    let best = fits.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, route)| route)
}

/// How well its best rule fits, its path by its length.
fn fit(route: &Route, url: &Url) -> Option<(Fit, Option<usize>)> {
    let rules = route.rules.iter();
    let by_rule = rules.filter_map(|rule| Some((host_fit(rule, url)?, path_fit(rule, url))));
    let default = route.is_default.then_some((Fit::Any, Some(0)));
    by_rule.max().or(default)
}

fn host_fit(rule: &Rule, url: &Url) -> Option<Fit> {
    let Some(wanted) = &rule.host else {
        return Some(Fit::Any);
    };
    let host = url.host_str()?;
    if wanted.eq_ignore_ascii_case(host) {
        return Some(Fit::Exact);
    }
    let (_, below) = host.split_once('.')?;
    let domain = wanted.strip_prefix("*.")?;
    domain.eq_ignore_ascii_case(below).then_some(Fit::Wildcard)
}

/// How long the path is that the rule answers for.
fn path_fit(rule: &Rule, url: &Url) -> Option<usize> {
    if rule.paths.is_empty() {
        return Some(0);
    }
    let paths = rule.paths.iter();
    paths.filter_map(|it| covered(it, url.path())).max()
}

/// The AWS Load Balancer Controller takes `/*` for all that is below.
fn covered(RoutePath { path, is_exact }: &RoutePath, asked: &str) -> Option<usize> {
    let path = path.trim_end_matches('*').trim_end_matches('/');
    let rest = asked.strip_prefix(path)?;
    let covers = match is_exact {
        true => matches!(rest, "" | "/"),
        false => rest.is_empty() || rest.starts_with('/'),
    };
    covers.then_some(path.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An Ingress of a release, with a rule for this host and path.
    fn of(release: &str, host: Option<&str>, path: Option<&str>) -> Route {
        let path = path.map(|path| RoutePath {
            path: path.into(),
            is_exact: false,
        });
        Route {
            ingress: format!("{release} {host:?} {path:?}"),
            release: Some(release.into()),
            rules: vec![Rule {
                host: host.map(str::to_owned),
                paths: path.into_iter().collect(),
            }],
            ..Route::default()
        }
    }

    fn found<'a>(routes: &'a [Route], url: &str) -> Option<&'a Route> {
        route(routes, &["hey-new".into()], &url.parse().unwrap())
    }

    const BETA: Option<&str> = Some("beta.example.com");

    #[test]
    fn of_branches_that_share_a_host_each_has_its_own() {
        let routes = [
            of("hey-old", BETA, Some("/")),
            of("hey-new", BETA, Some("/new")),
            of("hey-new-inbox", BETA, Some("/new-inbox")),
        ];
        assert_eq!(
            found(&routes, "https://beta.example.com/new/up"),
            Some(&routes[1])
        );
        // Even where another's rule fits better.
        let routes = [of("hey-old", BETA, Some("/new")), of("hey-new", None, None)];
        assert_eq!(
            found(&routes, "https://beta.example.com/new"),
            Some(&routes[1])
        );
    }

    #[test]
    fn of_others_the_best_host_and_then_the_longest_path_decides() {
        let any = Route {
            is_default: true,
            rules: Vec::new(),
            ..of("default", None, None)
        };
        let ordered = [
            any,
            of("hostless", None, Some("/new")),
            of("wildcard", Some("*.example.com"), Some("/new/up")),
            of("exact", BETA, Some("/")),
            of("path", BETA, Some("/new")),
            of("longer", Some("BETA.example.com"), Some("/new/up/*")),
        ];
        let url = "https://beta.example.com/new/up";
        for most in 1..=ordered.len() {
            let backwards: Vec<Route> = ordered[..most].iter().rev().cloned().collect();
            assert_eq!(found(&ordered[..most], url), ordered[..most].last());
            assert_eq!(found(&backwards, url), backwards.first());
        }
    }

    #[test]
    fn what_is_for_another_host_is_not_it() {
        let routes = [
            of("other", Some("alpha.example.com"), None),
            of("deeper", Some("*.com"), None),
            of("above", Some("*.beta.example.com"), None),
        ];
        assert_eq!(found(&routes, "https://beta.example.com/new"), None);
    }

    #[test]
    fn a_path_that_does_not_fit_comes_after_any_that_does() {
        let url = "https://beta.example.com/new";
        let pattern = of("pattern", BETA, Some("/new(/|$)(.*)"));
        assert_eq!(found(std::slice::from_ref(&pattern), url), Some(&pattern));
        let mut exact = of("exact", BETA, Some("/new"));
        exact.rules[0].paths[0].is_exact = true;
        let mut above = of("above", BETA, Some("/"));
        above.rules[0].paths[0].is_exact = true;
        for other in [
            of("beside", BETA, Some("/ne")),
            of("below", BETA, Some("/new/up")),
            above,
        ] {
            let routes = [other, exact.clone()];
            assert_eq!(found(&routes, url), Some(&exact));
        }
    }

    #[test]
    fn of_two_that_fit_alike_that_has_an_address_is_it() {
        let internal = of("hey-new", BETA, None);
        let external = Route {
            addresses: vec!["10.0.0.1".into()],
            ..internal.clone()
        };
        let other = Route {
            ingress: "hey-other".into(),
            ..external.clone()
        };
        let routes = [internal, external, other];
        let found = found(&routes, "https://beta.example.com");
        assert_eq!(found, Some(&routes[1]), "the first of two, at each look");
    }
}
