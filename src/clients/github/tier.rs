//! The deployments of a tier, page by page.

use serde::Deserialize;

use super::{
    GitHub, GitHubError,
    graphql::{Answered, Question, variables_of},
    made::{FRAGMENTS, Made, NEWEST_FIRST},
};
use crate::model::Told;

/// Some deployments, newest first, each with its latest status.
#[derive(Debug, Default)]
pub struct Page {
    /// At most a hundred.
    pub deployments: Vec<Told>,
    /// Where the next page begins; none after the last.
    pub next: Option<Cursor>,
}

/// A place in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(String);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    page_info: PageInfo,
    nodes: Vec<Made>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

/// What is asked of the deployments of `$tiers`, from `after` on, unless a `directive` skips it. It
/// reads the repository by itself, since an error in it takes the whole of that along.
pub(super) fn listed(directive: &str, after: &str) -> String {
    format!(
        "tier: repository(owner: $owner, name: $name) {directive} {{
    deployments(environments: $tiers, first: 100, {after}{NEWEST_FIRST}) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...Made }}
    }}
  }}"
    )
}

impl Page {
    /// What [`listed`] was answered by.
    pub(super) fn of(answered: &Answered) -> Result<Self, GitHubError> {
        let Listed { page_info, nodes } = answered.must(&["tier", "deployments"])?;
        let PageInfo {
            has_next_page,
            end_cursor,
        } = page_info;
        Ok(Self {
            deployments: nodes.into_iter().map(Told::from).collect(),
            next: end_cursor.filter(|_| has_next_page).map(Cursor),
        })
    }
}

impl GitHub {
    /// The page of the tier's deployments that begins at `from`.
    pub async fn further_deployments(
        &self,
        tier: &str,
        from: &Cursor,
    ) -> Result<Page, GitHubError> {
        let listed = listed("", "after: $after, ");
        let variables = [
            ("tiers", vec![tier].into()),
            ("after", from.0.as_str().into()),
        ];
        let question = Question {
            name: "further",
            text: format!(
                "query further($owner: String!, $name: String!, $tiers: [String!], $after: String!) {{
  {listed}
}}
{FRAGMENTS}"
            ),
            variables: variables_of(variables),
        };
        Page::of(&self.ask(question).await?)
    }
}
