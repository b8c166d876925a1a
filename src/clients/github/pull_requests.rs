//! The open pull requests of branches.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    GitHub, GitHubError, PAGE,
    batch::{Batch, paths},
    made::Nodes,
};
use crate::model::Branch;

/// What is asked of each branch.
const OPEN: &str =
    "associatedPullRequests(states: [OPEN], first: 20) { nodes { number isCrossRepository } }";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ref {
    associated_pull_requests: Nodes<PullRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullRequest {
    number: u64,
    is_cross_repository: bool,
}

impl GitHub {
    /// The newest open pull request of each branch that has one, by one request for each hundred. A
    /// fork's branch of the same name is another branch. What GitHub does not tell of one branch is that
    /// one's error alone.
    pub async fn open_pull_requests(
        &self,
        branches: &[Branch],
    ) -> Result<BTreeMap<Branch, Result<u64, GitHubError>>, GitHubError> {
        let mut found = BTreeMap::new();
        for branches in branches.chunks(PAGE) {
            let batch = Batch {
                name: "pulls",
                of_repository: "id",
                of_each: OPEN,
                ..Batch::default()
            };
            let answered = self.ask(batch.question(branches)).await?;
            for (path, branch) in paths(branches.len()).zip(branches) {
                let of_branch = answered.at::<Ref>(&path).map(|of_branch| {
                    of_branch.and_then(|found| newest(found.associated_pull_requests))
                });
                found.extend(of_branch.transpose().map(|number| (branch.clone(), number)));
            }
        }
        Ok(found)
    }
}

fn newest(listed: Nodes<PullRequest>) -> Option<u64> {
    let own = listed
        .nodes
        .into_iter()
        .filter(|pull| !pull.is_cross_repository);
    own.map(|pull| pull.number).max()
}
