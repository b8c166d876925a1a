//! What every object of an answer has in common.

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::shapes;

/// What a field comes to.
pub type Resolved<'a> = Result<ResolvedValue<'a>, FieldError>;

/// A field without fields of its own.
pub fn leaf<'a>(value: impl Into<Value>) -> Resolved<'a> {
    let value = serde_json::from_value(value.into()).expect("JSON is JSON");
    Ok(ResolvedValue::Leaf(value))
}

/// A text that is null where it is empty.
pub fn some_text<'a>(text: &str) -> Resolved<'a> {
    leaf(Some(text).filter(|text| !text.is_empty()))
}

pub fn time<'a>(at: DateTime<Utc>) -> Resolved<'a> {
    leaf(shapes::time(at))
}

pub fn object<'a>(object: impl ObjectValue + 'a) -> Resolved<'a> {
    Ok(ResolvedValue::object(object))
}

pub fn maybe<'a>(object: Option<impl ObjectValue + 'a>) -> Resolved<'a> {
    Ok(ResolvedValue::nullable_object(object))
}

/// An argument that is a text.
pub fn text<'a>(info: &ResolveInfo<'a>, name: &str) -> Option<&'a str> {
    info.arguments().get(name)?.as_str()
}

/// An argument that is a list of texts.
pub fn texts<'a>(info: &ResolveInfo<'a>, name: &str) -> Option<Vec<&'a str>> {
    let listed = info.arguments().get(name)?.as_array()?;
    Some(listed.iter().filter_map(|text| text.as_str()).collect())
}
