//! The schema, as GitHub publishes it and as it serves it.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use apollo_compiler::{ExecutableDocument, Schema, validation::Valid};

use super::answer::Errors;

/// Two readings of one schema.
pub struct Schemas {
    /// What questions are checked against.
    pub published: Reading,
    /// What answers keep to. GitHub publishes its ids as `Int`, which is of 32 bits, and answers with
    /// longer numbers all the same.
    pub served: Reading,
}

/// One reading of the schema, and the questions that it allowed.
pub struct Reading {
    pub schema: Valid<Schema>,
    known: Mutex<HashMap<String, Document>>,
}

/// A question that a schema allows.
pub type Document = Arc<Valid<ExecutableDocument>>;

pub static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let text = include_str!("schema.graphql");
    let long = text.replace("databaseId: Int\n", "databaseId: Long\n") + "\nscalar Long\n";
    Schemas {
        published: Reading::of(text),
        served: Reading::of(&long),
    }
});

impl Reading {
    fn of(text: &str) -> Self {
        let schema = Schema::parse_and_validate(text, "schema.graphql");
        Self {
            schema: schema.expect("a valid schema"),
            known: Mutex::default(),
        }
    }

    /// A question by its text. One that was allowed is remembered, since clients ask the same again and
    /// again, and to read one about a hundred branches takes longer than to answer it.
    pub fn document(&self, text: &str) -> Result<Document, Errors> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = known().get(text) {
            return Ok(document.clone());
        }
        let document = ExecutableDocument::parse_and_validate(&self.schema, text, "query");
        let document = document.map_err(|found| Errors::of_question(&found.errors))?;
        let document = Arc::new(document);
        known().insert(text.to_owned(), document.clone());
        Ok(document)
    }
}
