//! What a question costs of the hourly points: by the listings that it could make GitHub read.

use apollo_compiler::{
    ExecutableDocument, ast,
    executable::{Field, Operation, Selection, SelectionSet},
    response::JsonMap,
    validation::Valid,
};

use super::answer::Errors;

const MOST_NODES: u64 = 500_000;

/// The cost of one question.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// One for each hundred listings, and at least one.
    pub points: u32,
    /// How many nodes there could be in the answer.
    pub nodes: u64,
}

impl Cost {
    pub fn of(
        operation: &Operation,
        document: &ExecutableDocument,
        variables: &Valid<JsonMap>,
    ) -> Result<Self, Errors> {
        let mut count = Count {
            document,
            variables,
            listings: 0,
            nodes: 0,
        };
        count.add(&operation.selection_set, 1);
        if count.nodes > MOST_NODES {
            let nodes = count.nodes;
            return Err(Errors::typed(
                "MAX_NODE_LIMIT_EXCEEDED",
                &format!(
                    "This query requests up to {nodes} possible nodes which exceeds the maximum \
                     limit of {MOST_NODES}."
                ),
            ));
        }
        let points = (count.listings + 50) / 100;
        Ok(Self {
            points: u32::try_from(points).unwrap_or(u32::MAX).max(1),
            nodes: count.nodes,
        })
    }
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
    listings: u64,
    nodes: u64,
}

impl Count<'_> {
    /// Adds what is asked of each of `times` objects.
    fn add(&mut self, asked: &SelectionSet, times: u64) {
        for selection in &asked.selections {
            match selection {
                Selection::Field(field) => self.add_field(field, times),
                Selection::InlineFragment(inline) => self.add(&inline.selection_set, times),
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = spread.fragment_def(self.document) {
                        self.add(&fragment.selection_set, times);
                    }
                }
            }
        }
    }

    fn add_field(&mut self, field: &Field, times: u64) {
        let first = field.specified_argument_by_name("first");
        let first = first.and_then(|value| self.number(value));
        if let Some(first) = first {
            self.listings += times;
            self.nodes = self.nodes.saturating_add(times.saturating_mul(first));
        }
        let times = times.saturating_mul(first.unwrap_or(1));
        self.add(&field.selection_set, times);
    }

    fn number(&self, value: &ast::Value) -> Option<u64> {
        let number = match value {
            ast::Value::Variable(name) => self.variables.get(name.as_str())?.as_i64(),
            value => value.to_i32().map(i64::from),
        };
        number.and_then(|number| u64::try_from(number).ok())
    }
}
