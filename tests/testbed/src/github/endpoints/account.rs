//! What is about the token and not about a repository.

use axum::{http::StatusCode, response::Response};
use serde_json::json;

use super::super::{
    answer::{Answer, Refusal},
    call::Call,
    limits::Limits,
};

/// `GET /user`: whose token it is. An app's installation is nobody.
pub fn user(call: &Call) -> Response {
    let page = "/users/users#get-the-authenticated-user";
    let refused = |status, message| Refusal::new(status, message).documented(page).response();
    if call.caller.secret.is_none() {
        return refused(StatusCode::UNAUTHORIZED, "Requires authentication");
    }
    if call.caller.owner.is_bot() {
        return refused(
            StatusCode::FORBIDDEN,
            "Resource not accessible by integration",
        );
    }
    Answer::ok(call.caller.owner.profile(&call.shared.url)).response()
}

/// `GET /rate_limit`, which costs nothing.
pub fn rate_limit(call: &Call) -> Response {
    let mut state = call.shared.lock();
    let (core, graphql) = match &call.caller.secret {
        Some(secret) => {
            let token = state.token(secret);
            (token.limits.json(), token.graphql.json())
        }
        None => (state.anonymous.json(), Limits::of_graphql(0).json()),
    };
    let other = json!({ "limit": 30, "used": 0, "remaining": 30, "reset": core["reset"] });
    let resources = json!({ "core": core, "search": other, "graphql": graphql });
    Answer::ok(json!({ "resources": resources, "rate": core })).response()
}
