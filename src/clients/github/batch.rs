//! One question about many branches. Each has a field and a variable of its own, `b0`, `b1` …, so that
//! no name of a branch is in the text.

use serde_json::{Map, Value};

use super::graphql::Question;
use crate::model::Branch;

/// What is asked, in GraphQL's words.
#[derive(Debug, Default)]
pub(super) struct Batch<'a> {
    /// What the question is called.
    pub name: &'static str,
    /// The variables that it has besides those of the branches.
    pub variables: Map<String, Value>,
    /// Their declarations, each with a comma before it.
    pub declared: &'a str,
    /// What is asked of the repository, besides its branches.
    pub of_repository: &'a str,
    /// What is asked of each branch.
    pub of_each: &'a str,
    /// What is asked beside all that.
    pub beside: &'a str,
    /// The fragments that the others use.
    pub fragments: &'a str,
}

/// The path of each of so many branches within the answer.
pub(super) fn paths(count: usize) -> impl Iterator<Item = [String; 2]> {
    aliases(count).map(|alias| ["code".to_owned(), alias])
}

fn aliases(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("b{number}"))
}

impl Batch<'_> {
    /// The question about these branches.
    pub(super) fn question(self, branches: &[Branch]) -> Question {
        let named = branches.iter().map(|branch| format!("refs/heads/{branch}"));
        let named = aliases(branches.len()).zip(named.map(Value::from));
        Question {
            name: self.name,
            text: self.text(branches.len()),
            variables: self.variables.into_iter().chain(named).collect(),
        }
    }

    fn text(&self, count: usize) -> String {
        let Self {
            name,
            declared,
            of_repository,
            of_each,
            beside,
            fragments,
            variables: _,
        } = self;
        let variables = aliases(count).map(|b| format!(", ${b}: String!"));
        let variables: String = variables.collect();
        let refs = aliases(count).map(|b| format!("{b}: ref(qualifiedName: ${b}) {{ {of_each} }}"));
        let refs = refs.collect::<Vec<_>>().join("\n    ");
        format!(
            "query {name}($owner: String!, $name: String!{declared}{variables}) {{
  code: repository(owner: $owner, name: $name) {{
    {of_repository}
    {refs}
  }}
  {beside}
}}
{fragments}"
        )
    }
}
