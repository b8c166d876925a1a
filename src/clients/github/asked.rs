//! What is under way for a commit of a branch.

use serde::Deserialize;

use super::{
    GitHub, GitHubError,
    graphql::{Answered, Question, variables_of},
    head::{DefaultBranch, Head, OF_EACH},
    made::{FRAGMENTS, Made, NEWEST_FIRST, Nodes},
};
use crate::model::{Branch, Commit, Told};

/// What one request tells of a branch and of its deployments.
#[derive(Debug)]
pub struct Asked {
    /// Where the branch is; none where GitHub shows the repository, but not the branch.
    pub head: Option<Head>,
    /// The newest deployments of the tier and all of the commit, newest first. Of those of the commit
    /// all statuses are told, of the others the latest.
    pub deployments: Vec<Told>,
}

/// What a commit's id stands for; what is no commit has no deployments.
#[derive(Debug, Deserialize)]
struct Found {
    deployments: Option<Nodes<Made>>,
}

fn text() -> String {
    format!(
        "query asked(
  $owner: String!, $name: String!, $branch: String!, $commit: GitObjectID!, $tiers: [String!]
) {{
  repository(owner: $owner, name: $name) {{
    defaultBranchRef {{ name }}
    ref(qualifiedName: $branch) {{ {OF_EACH} }}
    object(oid: $commit) {{
      ... on Commit {{
        deployments(environments: $tiers, first: 50, {NEWEST_FIRST}) {{
          nodes {{ ...Made statuses(first: 100) {{ nodes {{ ...Said }} }} }}
        }}
      }}
    }}
    deployments(environments: $tiers, first: 100, {NEWEST_FIRST}) {{ nodes {{ ...Made }} }}
  }}
}}
{FRAGMENTS}"
    )
}

impl GitHub {
    /// Where the branch is, and what is under way for `commit` on `tier`, by one request.
    pub async fn asked(
        &self,
        branch: &Branch,
        commit: &Commit,
        tier: &str,
    ) -> Result<Asked, GitHubError> {
        let variables = [
            ("branch", format!("refs/heads/{branch}").into()),
            ("commit", commit.as_str().into()),
            ("tiers", vec![tier].into()),
        ];
        let question = Question {
            name: "asked",
            text: text(),
            variables: variables_of(variables),
        };
        let answered = self.ask(question).await?;
        // A repository that shows no default branch shows nothing.
        answered.must::<DefaultBranch>(&["repository", "defaultBranchRef"])?;
        Ok(Asked {
            head: answered.at(&["repository", "ref"])?,
            deployments: deployments(&answered)?,
        })
    }
}

/// Those of the commit, and those of the tier that are not among them.
fn deployments(answered: &Answered) -> Result<Vec<Told>, GitHubError> {
    let found: Option<Found> = answered.at(&["repository", "object"])?;
    let of_commit = found.and_then(|found| found.deployments);
    let of_tier: Nodes<Made> = answered.must(&["repository", "deployments"])?;
    let of_commit = of_commit.into_iter().flat_map(|listed| listed.nodes);
    let mut told: Vec<Told> = of_commit.map(Told::from).collect();
    for other in of_tier.nodes.into_iter().map(Told::from) {
        if told
            .iter()
            .all(|known| known.deployment.id != other.deployment.id)
        {
            told.push(other);
        }
    }
    told.sort_by_key(|told| std::cmp::Reverse(told.deployment.id));
    Ok(told)
}
