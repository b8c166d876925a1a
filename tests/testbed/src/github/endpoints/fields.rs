//! The fields of a request's body, as strict about types as GitHub's schema.

use serde_json::{Map, Value};

use super::super::{answer::Refusal, call::Call};

/// A body, and the kind of thing it describes.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    resource: &'static str,
}

impl Fields {
    pub fn of(call: &Call, resource: &'static str) -> Result<Self, Refusal> {
        Ok(Self {
            map: call.json()?,
            resource,
        })
    }

    /// A field of any type; null is as good as nothing.
    pub fn any(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    pub fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        self.any(name)
            .map(|value| text(value).ok_or_else(|| mistyped(name, value, "string")))
            .transpose()
    }

    pub fn required_text(&self, name: &str) -> Result<String, Refusal> {
        let missing =
            || Refusal::unprocessable(format!("Invalid request.\n\n\"{name}\" wasn't supplied."));
        self.text(name)?.ok_or_else(missing)
    }

    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        let flag = |value: &Value| {
            value
                .as_bool()
                .ok_or_else(|| mistyped(name, value, "boolean"))
        };
        self.any(name).map(flag).transpose()
    }

    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let Some(value) = self.any(name) else {
            return Ok(None);
        };
        let items = value
            .as_array()
            .ok_or_else(|| mistyped(name, value, "array"))?;
        let text = |item: &Value| item.as_str().map(str::to_owned);
        let all = items
            .iter()
            .map(|item| text(item).ok_or_else(|| mistyped(name, item, "string")));
        all.collect::<Result<_, _>>().map(Some)
    }

    /// A text of at most so many characters (not bytes).
    pub fn at_most(&self, name: &str, most: usize) -> Result<Option<String>, Refusal> {
        let text = self.text(name)?;
        match &text {
            Some(long) if long.chars().count() > most => {
                Err(self.invalid(name, &format!("is too long (maximum is {most} characters)")))
            }
            _ => Ok(text),
        }
    }

    /// A URL that a person may click on; empty is none.
    pub fn url(&self, name: &str) -> Result<Option<String>, Refusal> {
        let url = self.text(name)?.filter(|url| !url.is_empty());
        match &url {
            Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(self.invalid(name, "must use http(s) scheme"))
            }
            _ => Ok(url),
        }
    }

    /// 422 about one field.
    pub fn invalid(&self, name: &str, message: &str) -> Refusal {
        Refusal::invalid(self.resource, name, message)
    }
}

fn mistyped(name: &str, value: &Value, wanted: &str) -> Refusal {
    let article = if wanted == "array" { "an" } else { "a" };
    let message =
        format!("Invalid request.\n\nFor 'properties/{name}', {value} is not {article} {wanted}.");
    Refusal::unprocessable(message)
}
