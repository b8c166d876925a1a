//! The schema, as GitHub publishes it and as it serves it.

use std::sync::LazyLock;

use apollo_compiler::{Schema, validation::Valid};

/// Two readings of one schema.
pub struct Schemas {
    /// What questions are checked against.
    pub published: Valid<Schema>,
    /// What answers keep to. GitHub publishes its ids as `Int`, which is of 32 bits, and answers with
    /// longer numbers all the same.
    pub served: Valid<Schema>,
}

pub static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let text = include_str!("schema.graphql");
    let long = text.replace("databaseId: Int\n", "databaseId: Long\n") + "\nscalar Long\n";
    Schemas {
        published: parsed(text),
        served: parsed(&long),
    }
});

fn parsed(text: &str) -> Valid<Schema> {
    Schema::parse_and_validate(text, "schema.graphql").expect("a valid schema")
}
