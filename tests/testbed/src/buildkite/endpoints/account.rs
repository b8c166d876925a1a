//! The token itself.

use super::super::{
    answer::{Answer, Refusal, Reply},
    call::Call,
};

/// `GET /v2/access-token`
pub fn token(call: &Call) -> Reply {
    let state = call.shared.lock();
    let secret = call.secret("bearer");
    let mut tokens = state.tokens.iter();
    let token = tokens.find(|token| Some(token.secret.as_str()) == secret);
    let token = token.ok_or_else(|| Refusal::not_found("token"))?;
    Ok(Answer::ok(token.json()))
}
