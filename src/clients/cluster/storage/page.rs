//! One page of a listing, read of it what is needed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
pub(super) struct Page {
    pub metadata: Position,
    /// Null where there are none. A page that does not tell them at all is none.
    #[serde(deserialize_with = "or_null")]
    pub items: Vec<Item>,
}

#[derive(Deserialize)]
pub(super) struct Position {
    /// What the next page is asked for with; none or empty after the last.
    #[serde(rename = "continue", default)]
    pub next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Item {
    pub metadata: Metadata,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub name: String,
    pub uid: Option<String>,
    #[serde(default, deserialize_with = "or_null")]
    pub labels: BTreeMap<String, String>,
    #[serde(rename = "creationTimestamp")]
    pub created: Option<DateTime<Utc>>,
}

fn or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Page, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn a_page_is_read_without_what_is_not_needed() {
        let text = r#"{"kind": "PartialObjectMetadataList", "metadata": {"continue": "x"}, "items": [
            {"metadata": {"name": "s", "uid": "u", "labels": {"owner": "helm"}, "managedFields": [{}],
            "creationTimestamp": "2026-11-24T06:00:00Z"}}]}"#;
        let page = read(text).unwrap();
        assert_eq!(page.metadata.next.as_deref(), Some("x"));
        let secret = &page.items[0].metadata;
        assert_eq!(secret.labels["owner"], "helm");
        assert_eq!(secret.created.unwrap().timestamp() % 86_400, 6 * 3_600);
    }

    #[test]
    fn an_empty_page_says_so() {
        assert!(
            read(r#"{"metadata": {}, "items": null}"#)
                .unwrap()
                .items
                .is_empty()
        );
        for other in [
            r#"{"kind": "Status", "metadata": {}}"#,
            "{}",
            r#"{"items": []}"#,
        ] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
