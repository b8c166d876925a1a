//! What GraphQL answers: always 200, with data, errors, or both.

use apollo_compiler::{
    ExecutableDocument,
    request::RequestError,
    resolvers::FieldError,
    response::{ExecutionResponse, GraphQLError},
    validation::{DiagnosticList, Valid},
};
use serde_json::{Value, json};

use super::super::answer::Answer;

/// Why a question is refused as a whole.
pub struct Errors(Vec<Value>);

impl Errors {
    /// A question that the schema does not know.
    pub fn of_question(found: &DiagnosticList) -> Self {
        let errors = found.iter().map(|found| {
            let name = found.error.unstable_error_name().unwrap_or("ParseError");
            let mut error = plain(&found.to_json());
            error["extensions"] = json!({ "code": camel(name) });
            error
        });
        Self(errors.collect())
    }

    /// Variables that the question does not declare so.
    pub fn of_variables(found: &RequestError, document: &Valid<ExecutableDocument>) -> Self {
        Self(vec![plain(&found.to_graphql_error(&document.sources))])
    }

    /// One of a kind.
    pub fn typed(kind: &str, message: &str) -> Self {
        Self(vec![json!({ "type": kind, "message": message })])
    }

    pub fn one(message: &str) -> Self {
        Self(vec![json!({ "message": message })])
    }
}

/// Why a field is null.
pub fn refusal(kind: &str, message: &str) -> FieldError {
    FieldError {
        message: format!("{kind}: {message}"),
    }
}

/// The answer to a question that is refused as a whole.
pub fn errors(Errors(errors): Errors) -> Answer {
    Answer::ok(json!({ "errors": errors }))
}

/// The answer to one that is not.
pub fn data(response: ExecutionResponse) -> Answer {
    let mut body = json!({ "data": response.data });
    if !response.errors.is_empty() {
        body["errors"] = response.errors.iter().map(typed).collect();
    }
    Answer::ok(body)
}

/// A field's error with the kind that the resolver put before its message.
fn typed(error: &GraphQLError) -> Value {
    let mut shown = plain(error);
    let words = error.message.strip_prefix("resolver error: ");
    let (kind, message) = words
        .and_then(|words| words.split_once(": "))
        .unwrap_or_else(|| panic!("the stand-in cannot answer: {}", error.message));
    shown["type"] = kind.into();
    shown["message"] = message.into();
    if kind == "FORBIDDEN" {
        shown["extensions"] = json!({ "saml_failure": false });
    }
    shown
}

fn plain(error: &GraphQLError) -> Value {
    serde_json::to_value(error).expect("an error is JSON")
}

/// As in `undefinedField`.
fn camel(name: &str) -> String {
    let (first, rest) = name.split_at(name.len().min(1));
    first.to_lowercase() + rest
}
