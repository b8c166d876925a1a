//! What every request of the REST API passes: the token, and the limits.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use serde_json::json;

use super::{
    answer::Refusal,
    call::secret,
    limits::Limits,
    state::{self, Shared},
    tokens::Token,
};

const NO_TOKEN: &str = "Authentication required. Please supply a valid API Access Token: \
                        https://buildkite.com/docs/apis/rest-api#authentication";

/// Lets a request through to its endpoint, and counts it.
pub async fn pass(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let secret = secret(request.headers(), "bearer").map(str::to_owned);
    let admitted = {
        let mut state = shared.lock();
        let state::State { tokens, limits, .. } = &mut *state;
        match known(tokens, secret.as_deref()) {
            Some(token) => admit(limits, token),
            None => return Refusal::new(StatusCode::UNAUTHORIZED, NO_TOKEN).into_response(),
        }
    };
    let response = match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    with_limits(response, &shared, secret.as_deref())
}

/// The token of the call, or why it may not do what it asks for.
pub fn permit(state: &mut state::State, secret: Option<&str>, scope: &str) -> Result<(), Refusal> {
    let token = known(&mut state.tokens, secret);
    if token.is_some_and(|token| token.may(scope)) {
        return Ok(());
    }
    let message = format!("Your access token doesn't have the {scope} scope");
    Err(Refusal::new(StatusCode::FORBIDDEN, &message))
}

fn known<'a>(tokens: &'a mut [Token], secret: Option<&str>) -> Option<&'a mut Token> {
    let secret = secret?;
    let mut tokens = tokens.iter_mut();
    tokens.find(|token| token.valid && token.secret == secret)
}

fn admit(organization: &mut Limits, token: &mut Token) -> Result<(), Refusal> {
    let now = Utc::now();
    let all = (organization.admit(now), token.limits.admit(now));
    match all {
        (true, true) => Ok(()),
        (false, _) => Err(exceeded("rest", organization)),
        (true, false) => Err(exceeded("rest_user", &token.limits)),
    }
}

fn exceeded(scope: &str, limits: &Limits) -> Refusal {
    let reset = limits.reset_in(Utc::now());
    let message = format!(
        "You have exceeded your API rate limit. Please wait {reset} seconds before making more \
         requests."
    );
    let body = json!({
        "message": message,
        "scope": scope,
        "limit": limits.limit,
        "current": limits.used(),
        "reset": reset,
    });
    Refusal::with(StatusCode::TOO_MANY_REQUESTS, body)
}

fn with_limits(mut response: Response, shared: &Shared, secret: Option<&str>) -> Response {
    let mut state = shared.lock();
    let state::State { tokens, limits, .. } = &mut *state;
    let user = known(tokens, secret).map(|token| &token.limits);
    let named = [
        ("ratelimit", "rest", Some(&*limits)),
        ("ratelimit-user", "rest_user", user),
    ];
    for (name, scope, limits) in named {
        let Some(limits) = limits else { continue };
        let headers = [
            ("scope", scope.to_owned()),
            ("limit", limits.limit.to_string()),
            ("remaining", limits.remaining().to_string()),
            ("reset", limits.reset_in(Utc::now()).to_string()),
        ];
        for (part, value) in headers {
            let name: http::HeaderName = format!("{name}-{part}").parse().expect("a name");
            let value = value.parse().expect("names and numbers are header values");
            response.headers_mut().insert(name, value);
        }
    }
    response
}
