//! GitHub's GraphQL: one endpoint, questions of any shape within a schema.
//!
//! A question is checked against the part of GitHub's public schema that is answered here; what it
//! does not hold is refused, as GitHub refuses what its own does not hold.

mod actors;
mod answer;
mod code;
mod connection;
mod cost;
mod deployments;
mod object;
mod pull_requests;
mod query;
mod schema;

use apollo_compiler::{
    ExecutableDocument, executable::Operation, request::coerce_variable_values,
    resolvers::Execution, response::JsonMap, validation::Valid,
};
use axum::{http::StatusCode, response::Response};
use serde_json::Value;

use super::{
    answer::{Answer, Refusal},
    call::Call,
    state::State,
};
use answer::{Errors, data, errors};
use cost::Cost;
use query::Query;
use schema::SCHEMAS;

/// `POST /graphql`
pub fn respond(call: &Call) -> Response {
    let response = match ask(call) {
        Ok(answer) => answer.response(),
        Err(refusal) => refusal.documented(DOCS).response(),
    };
    call.shared.changed();
    response
}

const DOCS: &str = "/guides/forming-calls-with-graphql";

/// The answer to a question that is refused as a whole, for a reason of this kind.
pub fn refused(kind: &str, message: &str) -> Answer {
    errors(Errors::typed(kind, message))
}

/// What a request holds.
struct Question {
    text: String,
    operation: Option<String>,
    variables: JsonMap,
}

impl Question {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let mut fields = call.json()?;
        let refused = |message: &str| Refusal::new(StatusCode::BAD_REQUEST, message);
        let Some(Value::String(text)) = fields.remove("query") else {
            return Err(refused(
                "A query attribute must be specified and must be a string.",
            ));
        };
        let variables = fields.remove("variables").filter(|given| !given.is_null());
        let variables = variables.map(serde_json::from_value).transpose();
        let operation = fields.remove("operationName");
        Ok(Self {
            text,
            operation: operation.and_then(|name| name.as_str().map(str::to_owned)),
            variables: variables
                .map_err(|_| refused("Variables must be an object."))?
                .unwrap_or_default(),
        })
    }
}

fn ask(call: &Call) -> Result<Answer, Refusal> {
    let Some(secret) = &call.caller.secret else {
        let message = "This endpoint requires you to be authenticated.";
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, message));
    };
    let question = Question::of(call)?;
    let answered = execute(&question, &mut call.shared.lock(), secret);
    Ok(answered.unwrap_or_else(errors))
}

fn execute(question: &Question, state: &mut State, secret: &str) -> Result<Answer, Errors> {
    let published = SCHEMAS.published.document(&question.text)?;
    let operation = operation(&published, question)?;
    let variables =
        coerce_variable_values(&SCHEMAS.published.schema, operation, &question.variables)
            .map_err(|error| Errors::of_variables(&error, &published))?;
    let cost = Cost::of(operation, &published, &variables)?;
    let served = SCHEMAS.served.document(&question.text)?;
    let name = question.operation.as_deref();
    let execution = Execution::new(&SCHEMAS.served.schema, &served)
        .operation_name(name)
        .expect("it was found before")
        .coerced_variable_values(&variables);
    let response = execution.execute_sync(&Query::new(state, secret, cost));
    Ok(data(response.expect("its variables were checked before")))
}

fn operation<'a>(
    document: &'a Valid<ExecutableDocument>,
    question: &Question,
) -> Result<&'a Operation, Errors> {
    let found = document.operations.get(question.operation.as_deref());
    found.map(AsRef::as_ref).map_err(|_| {
        let name = question.operation.as_deref().unwrap_or_default();
        Errors::one(&format!("No operation named {name:?}"))
    })
}
