//! What is there of many branches at once.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    GitHub, GitHubError, PAGE, RepositoryFacts,
    graphql::{Answered, Question, variables_of},
    head::{Default, Head, OF_EACH},
    made::{FRAGMENTS, Made, NEWEST_FIRST},
};
use crate::model::{Branch, Seen, Told};

/// What one look at a repository tells.
#[derive(Debug)]
pub struct Sight {
    /// The repository.
    pub repository: RepositoryFacts,
    /// Each branch that was asked about.
    pub heads: BTreeMap<Branch, Seen>,
    /// The newest deployments of the tier.
    pub deployments: Result<Page, GitHubError>,
}

/// Some deployments, newest first, each with its latest status.
#[derive(Debug)]
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

impl From<Listed> for Page {
    fn from(listed: Listed) -> Self {
        let PageInfo {
            has_next_page,
            end_cursor,
        } = listed.page_info;
        Self {
            deployments: listed.nodes.into_iter().map(Told::from).collect(),
            next: end_cursor.filter(|_| has_next_page).map(Cursor),
        }
    }
}

/// The names of the variables and fields that stand for so many branches.
pub(super) fn aliases(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("b{number}"))
}

/// The text of a question about so many branches of `$owner/$name`: `of_each` is asked of each ref,
/// `once` of the repository.
pub(super) fn of_branches(
    name: &str,
    variables: &str,
    once: &str,
    count: usize,
    of_each: &str,
) -> String {
    let declared: String = aliases(count).map(|b| format!(", ${b}: String!")).collect();
    let refs: String = aliases(count)
        .map(|b| format!("    {b}: ref(qualifiedName: ${b}) {{ {of_each} }}\n"))
        .collect();
    format!(
        "query {name}($owner: String!, $name: String!{variables}{declared}) {{
  code: repository(owner: $owner, name: $name) {{
    {once}
{refs}  }}
"
    )
}

/// The variables that name these branches.
pub(super) fn named(branches: &[Branch]) -> Map<String, Value> {
    let names = branches.iter().map(|branch| format!("refs/heads/{branch}"));
    aliases(branches.len())
        .zip(names.map(Value::from))
        .collect()
}

/// What is asked of the deployments of a tier, from `after` on.
fn listed(after: &str) -> String {
    format!(
        "tier: repository(owner: $owner, name: $name) {{
    deployments(environments: $tiers, first: 100, {after}{NEWEST_FIRST}) {{
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ ...Made }}
    }}
  }}"
    )
}

impl GitHub {
    /// Looks at the repository, at `branches` and at the newest deployments of `tier`: one request for
    /// each hundred of branches, and for none.
    ///
    /// A part that GitHub does not tell is unknown, and the rest stands. It is an error where nothing
    /// is told at all.
    pub async fn sight(&self, branches: &[Branch], tier: &str) -> Result<Sight, GitHubError> {
        let (first, rest) = branches.split_at(branches.len().min(PAGE));
        let tiers = variables_of([("tiers", vec![tier].into())]);
        let (repository, answered) = self.look(first, Some(tiers)).await?;
        let mut heads = heads(&answered, first);
        for more in rest.chunks(PAGE) {
            heads.extend(self.more_heads(more, &repository).await);
        }
        let listed = answered.must::<Listed>(&["tier", "deployments"]);
        Ok(Sight {
            repository,
            heads,
            deployments: listed.map(Page::from),
        })
    }

    /// The page of the tier's deployments that begins at `from`.
    pub async fn further_deployments(
        &self,
        tier: &str,
        from: &Cursor,
    ) -> Result<Page, GitHubError> {
        let listed = listed("after: $after, ");
        let variables = [
            ("tiers", vec![tier].into()),
            ("after", from.0.as_str().into()),
        ];
        let question = Question {
            name: "further",
            text: format!(
                "query further(
  $owner: String!, $name: String!, $tiers: [String!], $after: String!
) {{
  {listed}
}}
{FRAGMENTS}"
            ),
            variables: variables_of(variables),
        };
        let answered = self.ask(question).await?;
        answered
            .must::<Listed>(&["tier", "deployments"])
            .map(Page::from)
    }

    /// The repository and what is told of at most a hundred branches; of deployments too, where their
    /// tier is given.
    async fn look(
        &self,
        branches: &[Branch],
        tiers: Option<Map<String, Value>>,
    ) -> Result<(RepositoryFacts, Answered), GitHubError> {
        const FACTS: &str = "databaseId nameWithOwner defaultBranchRef { name }";
        let (declared, more) = match tiers {
            Some(_) => (
                ", $tiers: [String!]",
                format!("  {}\n}}\n{FRAGMENTS}", listed("")),
            ),
            None => ("", "}\n".to_owned()),
        };
        let text = of_branches("sight", declared, FACTS, branches.len(), OF_EACH) + &more;
        let mut variables = named(branches);
        variables.extend(tiers.unwrap_or_default());
        let name = "sight";
        let answered = self
            .ask(Question {
                name,
                text,
                variables,
            })
            .await?;
        let default: Default = answered.must(&["code", "defaultBranchRef"])?;
        let facts = RepositoryFacts {
            id: answered.must(&["code", "databaseId"])?,
            full_name: answered.must(&["code", "nameWithOwner"])?,
            default_branch: default.name,
        };
        Ok((facts, answered))
    }

    /// What a further request tells of branches of the same repository.
    async fn more_heads(
        &self,
        branches: &[Branch],
        known: &RepositoryFacts,
    ) -> BTreeMap<Branch, Seen> {
        let unknown = |reason: String| {
            let each = branches.iter().cloned();
            each.map(|branch| (branch, Seen::Unknown(reason.clone())))
                .collect()
        };
        match self.look(branches, None).await {
            Ok((facts, answered)) if facts.id == known.id => heads(&answered, branches),
            Ok((facts, _)) => unknown(format!("GitHub answered for {}", facts.full_name)),
            Err(error) => unknown(error.to_string()),
        }
    }
}

/// What an answer tells of each branch.
fn heads(answered: &Answered, branches: &[Branch]) -> BTreeMap<Branch, Seen> {
    let of = |(alias, branch): (String, &Branch)| {
        let seen = match answered.at::<Head>(&["code", &alias]) {
            Ok(Some(head)) if head.is_of(branch) => Seen::At(head.commit().clone()),
            Ok(Some(head)) => Seen::Unknown(format!("GitHub answered with {}", head.name())),
            Ok(None) => Seen::Absent,
            Err(error) => Seen::Unknown(error.to_string()),
        };
        (branch.clone(), seen)
    };
    aliases(branches.len()).zip(branches).map(of).collect()
}
