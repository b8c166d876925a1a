//! Listings, which GraphQL gives in pages between cursors.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    answer::refusal,
    object::{Resolved, leaf, object, text},
};

const MOST: i64 = 100;

/// One page of a listing.
#[derive(Clone)]
pub struct Connection<T> {
    kind: &'static str,
    shown: Vec<T>,
    before: usize,
    total: usize,
}

impl<T> Connection<T> {
    /// The page of `all` that the arguments `first` and `after` ask for.
    pub fn of(
        kind: &'static str,
        all: impl IntoIterator<Item = T>,
        info: &ResolveInfo<'_>,
    ) -> Result<Self, FieldError> {
        let field = info.field_name();
        let first = info.arguments().get("first").and_then(|n| n.as_i64());
        let first = match first {
            None => {
                let message = format!(
                    "You must provide a `first` or `last` value to properly paginate the `{field}` \
                     connection."
                );
                return Err(refusal("MISSING_PAGINATION_BOUNDARIES", &message));
            }
            Some(first) if first > MOST => {
                let message = format!(
                    "Requesting {first} records on the `{field}` connection exceeds the `first` \
                     limit of {MOST} records."
                );
                return Err(refusal("EXCESSIVE_PAGINATION", &message));
            }
            Some(first) => usize::try_from(first).unwrap_or_default(),
        };
        let all: Vec<T> = all.into_iter().collect();
        let before = text(info, "after").map_or(Ok(0), place)?;
        let total = all.len();
        let shown = all.into_iter().skip(before).take(first).collect();
        Ok(Self {
            kind,
            shown,
            before,
            total,
        })
    }
}

/// A cursor names the place behind it.
fn cursor(place: usize) -> String {
    BASE64_STANDARD.encode(format!("cursor:v2:{place}"))
}

fn place(cursor: &str) -> Result<usize, FieldError> {
    let text = BASE64_STANDARD.decode(cursor).ok();
    let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.and_then(|text| text.strip_prefix("cursor:v2:")?.parse().ok());
    place.ok_or_else(|| {
        let message = format!("`{cursor}` does not appear to be a valid cursor.");
        refusal("INVALID_CURSOR_ARGUMENTS", &message)
    })
}

impl<T: ObjectValue + Clone> ObjectValue for Connection<T> {
    fn type_name(&self) -> &str {
        self.kind
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        match info.field_name() {
            "nodes" => {
                let nodes = self.shown.iter().cloned();
                Ok(ResolvedValue::list(nodes.map(ResolvedValue::object)))
            }
            "pageInfo" => {
                let (first, last) = (self.before + 1, self.before + self.shown.len());
                object(PageInfo {
                    ends: (!self.shown.is_empty()).then_some((first, last)),
                    has_previous: self.before > 0,
                    has_next: last < self.total,
                })
            }
            "totalCount" => leaf(self.total),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

struct PageInfo {
    ends: Option<(usize, usize)>,
    has_previous: bool,
    has_next: bool,
}

impl ObjectValue for PageInfo {
    fn type_name(&self) -> &str {
        "PageInfo"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Resolved<'a> {
        match info.field_name() {
            "startCursor" => leaf(self.ends.map(|(first, _)| cursor(first))),
            "endCursor" => leaf(self.ends.map(|(_, last)| cursor(last))),
            "hasPreviousPage" => leaf(self.has_previous),
            "hasNextPage" => leaf(self.has_next),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}
