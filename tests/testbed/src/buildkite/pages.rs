//! Listings come in pages, with links to the others.

use serde_json::Value;

use super::{answer::Answer, call::Call};

const DEFAULT: usize = 30;
const MOST: usize = 100;

/// The page that was asked for.
pub fn page<T>(call: &Call, items: &[T], shape: impl Fn(&T) -> Value) -> Answer {
    let number = |name| {
        let asked = call.query(name).and_then(|text| text.parse().ok());
        asked.filter(|number| *number > 0)
    };
    let size = number("per_page").unwrap_or(DEFAULT).min(MOST);
    let page = number("page").unwrap_or(1);
    let last = items.len().div_ceil(size).max(1);
    let from = (page - 1).saturating_mul(size);
    let shown = items.iter().skip(from).take(size).map(shape).collect();
    Answer::ok(Value::Array(shown)).link(links(call, page, last))
}

/// The `Link` header, unless all is on one page.
fn links(call: &Call, page: usize, last: usize) -> Option<String> {
    let mut links = vec![];
    if page > 1 {
        links.extend([("first", 1), ("prev", (page - 1).min(last))]);
    }
    if page < last {
        links.extend([("next", page + 1), ("last", last)]);
    }
    let base = base(call);
    let one = |(rel, page): &(&str, usize)| format!("<{base}page={page}>; rel=\"{rel}\"");
    (!links.is_empty()).then(|| links.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The listing's own address with its other parameters.
fn base(call: &Call) -> String {
    let query = call.uri.query().unwrap_or_default().split('&');
    let others = query.filter(|pair| !pair.is_empty() && !pair.starts_with("page="));
    let others: String = others.map(|pair| format!("{pair}&")).collect();
    format!("{}{}?{others}", call.shared.url, call.uri.path())
}
