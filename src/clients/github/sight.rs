//! What is there of many branches at once.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};

use super::{
    GitHub, GitHubError, PAGE, RepositoryFacts,
    batch::{Batch, paths},
    graphql::{Answered, variables_of},
    head::{DefaultBranch, Head, OF_EACH},
    made::FRAGMENTS,
    tier::{self, Page},
};
use crate::model::{Branch, Seen};

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

/// How many requests for further branches are sent at a time: GitHub slows those down who send more.
const AT_ONCE: usize = 4;

/// What is asked of the repository itself.
const FACTS: &str = "databaseId nameWithOwner defaultBranchRef { name }";

impl GitHub {
    /// Looks at the repository, at `branches` and, if it is given, at the newest deployments of `tier`:
    /// one request for each hundred of branches, and for none.
    ///
    /// A part that GitHub does not tell is unknown, and the rest stands. It is an error where nothing
    /// is told at all.
    pub async fn sight(
        &self,
        branches: &[Branch],
        tier: Option<&str>,
    ) -> Result<Sight, GitHubError> {
        let (first, rest) = branches.split_at(branches.len().min(PAGE));
        let (repository, answered) = self.look(first, tier).await?;
        let mut heads = heads(&answered, first);
        let further =
            stream::iter(rest.chunks(PAGE)).map(|more| self.more_heads(more, &repository));
        let mut further = further.buffer_unordered(AT_ONCE);
        while let Some(more) = further.next().await {
            heads.extend(more);
        }
        drop(further);
        Ok(Sight {
            repository,
            heads,
            deployments: tier.map_or(Ok(Page::default()), |_| Page::of(&answered)),
        })
    }

    /// The repository, and what is told of at most a hundred branches; if a `tier` is given, of its
    /// deployments too.
    async fn look(
        &self,
        branches: &[Branch],
        tier: Option<&str>,
    ) -> Result<(RepositoryFacts, Answered), GitHubError> {
        let (listed, tiers) = (tier.is_some(), Vec::from_iter(tier));
        let batch = Batch {
            name: "sight",
            variables: variables_of([("tiers", tiers.into()), ("listed", listed.into())]),
            declared: ", $tiers: [String!], $listed: Boolean!",
            of_repository: FACTS,
            of_each: OF_EACH,
            beside: &tier::listed("@include(if: $listed)", ""),
            fragments: FRAGMENTS,
        };
        let answered = self.ask(batch.question(branches)).await?;
        let default: DefaultBranch = answered.must(&["code", "defaultBranchRef"])?;
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
    let of = |(path, branch): ([String; 2], &Branch)| {
        let seen = match answered.at::<Head>(&path) {
            Ok(Some(head)) if head.is_of(branch) => Seen::At(head.commit().clone()),
            Ok(Some(head)) => Seen::Unknown(format!("GitHub answered with {}", head.name())),
            Ok(None) => Seen::Absent,
            Err(error) => Seen::Unknown(error.to_string()),
        };
        (branch.clone(), seen)
    };
    paths(branches.len()).zip(branches).map(of).collect()
}
