//! Listings come in pages, with links to the others.

use serde_json::Value;

use super::{answer::Answer, call::Call, stored::Stored};

const DEFAULT: usize = 30;
const MOST: usize = 100;

/// The page that was asked for.
pub fn page<T>(call: &Call, stored: &Stored, items: &[T], shape: impl Fn(&T) -> Value) -> Answer {
    let number = |name| {
        call.query(name)
            .and_then(|text| text.parse().ok())
            .filter(|n| *n > 0)
    };
    let size = number("per_page").unwrap_or(DEFAULT).min(MOST);
    let page = number("page").unwrap_or(1);
    let last = items.len().div_ceil(size).max(1);
    let shown = items
        .iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(shape)
        .collect();
    let answer = Answer::ok(Value::Array(shown));
    match links(call, stored, page, last) {
        Some(links) => answer.header("link", links),
        None => answer,
    }
}

/// The `Link` header, unless all is on one page.
fn links(call: &Call, stored: &Stored, page: usize, last: usize) -> Option<String> {
    let mut links = vec![];
    if page > 1 {
        links.push(("prev", (page - 1).min(last)));
    }
    if page < last {
        links.extend([("next", page + 1), ("last", last)]);
    }
    if page > 1 {
        links.push(("first", 1));
    }
    let base = base(call, stored);
    let one = |(rel, page): &(&str, usize)| format!("<{base}page={page}>; rel=\"{rel}\"");
    (!links.is_empty()).then(|| links.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The listing's URL by the repository's id, as GitHub links to it, and its other parameters.
fn base(call: &Call, stored: &Stored) -> String {
    let by_name = usize::from(call.param("repo").is_some());
    let rest: Vec<_> = call.uri.path().split('/').skip(3 + by_name).collect();
    let query = call.uri.query().unwrap_or_default();
    let others = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let others: String = others.map(|pair| format!("{pair}&")).collect();
    format!("{}/{}?{others}", stored.api_by_id(), rest.join("/"))
}
