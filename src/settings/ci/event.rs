//! The file in which a GitHub workflow finds the event that started it.

use std::{
    fs::File,
    io::{self, Read as _},
};

use serde::Deserialize;

use crate::model::Branch;

/// The most bytes of an event that are read: GitHub sends none above 25 MB.
const LARGEST: u64 = 32 << 20;

/// What we read of a GitHub event's file.
#[derive(Debug, Clone, Deserialize)]
pub struct Event {
    /// The deleted ref of a `delete` event.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// `branch` or `tag`.
    pub ref_type: Option<String>,
    /// The deployment of a `deployment` event.
    pub deployment: Option<EventDeployment>,
    /// The pull request of a `pull_request` event.
    pub pull_request: Option<EventPullRequest>,
    /// The repository that it happened in.
    pub repository: Option<EventRepository>,
}

/// The pull request in an event.
#[derive(Debug, Clone, Deserialize)]
pub struct EventPullRequest {
    /// What it asks to merge.
    pub head: EventHead,
}

/// What a pull request asks to merge.
#[derive(Debug, Clone, Deserialize)]
pub struct EventHead {
    /// The commit.
    pub sha: String,
    /// Where it is; none once that was deleted.
    pub repo: Option<EventRepository>,
}

/// A repository in an event.
#[derive(Debug, Clone, Deserialize)]
pub struct EventRepository {
    /// `owner/name`.
    pub full_name: String,
    /// The default branch, which only a whole repository tells.
    pub default_branch: Option<Branch>,
}

/// The deployment in an event.
#[derive(Debug, Clone, Deserialize)]
pub struct EventDeployment {
    /// Its number.
    pub id: u64,
}

impl Event {
    /// The event in a file.
    pub(super) fn read(path: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_slice(&at_most(path, LARGEST)?)?)
    }
}

/// What is in a file, unless that is more than so many bytes.
fn at_most(path: &str, largest: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(largest + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        let reason = format!("it is larger than {} MiB", largest >> 20);
        return Err(io::Error::other(reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use serde_json::json;
    use testbed::faults::twisted;

    use super::*;
    use crate::hostile;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(at_most(path, 5).unwrap(), b"12345");
        let error = at_most(path, 4).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 0 MiB");
        let endless = Event::read("/dev/zero").unwrap_err();
        assert_eq!(endless.to_string(), "it is larger than 32 MiB");
    }

    proptest::proptest! {
        #[test]
        fn no_event_makes_it_panic(
            event in hostile::json(&["ref", "ref_type", "deployment", "pull_request", "head"]),
        ) {
            let _ = serde_json::from_value::<Event>(event);
        }

        #[test]
        fn no_event_of_nearly_the_right_shape_makes_it_panic(seed in any::<u64>()) {
            let repository = json!({"full_name": "acme/hey", "default_branch": "main"});
            let event = json!({
                "ref": "new", "ref_type": "branch", "repository": repository,
                "deployment": {"id": 7},
                "pull_request": {"head": {"sha": "4f2a91c", "repo": repository}},
            });
            let _ = serde_json::from_value::<Event>(twisted(event, seed));
        }
    }
}
