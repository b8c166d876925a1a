//! What every request passes before it reaches an endpoint: manners, the token, and its limits.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, Method, StatusCode,
        header::{ACCEPT, AUTHORIZATION, USER_AGENT},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};
use chrono::Utc;
use rand::Rng;

use super::{
    answer::{Answer, Refusal},
    apps,
    call::Caller,
    conditional, graphql,
    limits::{Exceeded, Limits},
    shapes::User,
    state::{self, Shared},
};

/// The versions of the API there are.
const VERSIONS: [&str; 2] = ["2022-11-28", "2026-03-10"];
/// The one path of GraphQL.
const GRAPHQL: &str = "/graphql";
const NO_AGENT: &str = "\r\nRequest forbidden by administrative rules. Please make sure your \
                        request has a User-Agent header \
                        (https://docs.github.com/en/rest/overview/resources-in-the-rest-api\
                        #user-agent-required). Check https://developer.github.com for other \
                        possible causes.\r\n";

/// Lets a request through to its endpoint, and counts it.
pub async fn pass(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(USER_AGENT) {
        return (StatusCode::FORBIDDEN, NO_AGENT).into_response();
    }
    let is_graphql = request.uri().path() == GRAPHQL;
    let (caller, admitted) = admit(&shared, &request);
    let response = match admitted {
        Ok(()) => proceed(&shared, &caller, request, next).await,
        Err(answer) => answer.response(),
    };
    with_usual_headers(response, &shared, &caller, is_graphql)
}

async fn proceed(shared: &Shared, caller: &Caller, mut request: Request, next: Next) -> Response {
    let condition = conditional::Condition::of(&request);
    request.extensions_mut().insert(caller.clone());
    let response = condition.apply(next.run(request).await).await;
    if response.status() == StatusCode::NOT_MODIFIED {
        limits(&mut shared.lock(), caller, false).refund();
    }
    response
}

fn admit(shared: &Shared, request: &Request) -> (Caller, Result<(), Answer>) {
    let mut state = shared.lock();
    let anonymous = Caller {
        secret: None,
        app: None,
        owner: User::person("anonymous"),
    };
    let caller = match caller(&state, request.headers()) {
        Ok(caller) => caller.unwrap_or(anonymous),
        Err(refusal) => return (anonymous, Err(refusal.documented(""))),
    };
    let admitted = manners(request.headers()).and_then(|()| {
        if request.uri().path() == "/rate_limit" {
            return Ok(());
        }
        if request.uri().path() == GRAPHQL {
            // Though it is sent by POST, a question counts as a read.
            let admitted = limits(&mut state, &caller, true).admit(&Method::GET, Utc::now());
            return admitted.map_err(|exceeded| unanswered(exceeded, &caller));
        }
        let admitted = limits(&mut state, &caller, false).admit(request.method(), Utc::now());
        admitted.map_err(|exceeded| limited(exceeded, &caller))
    });
    (caller, admitted)
}

/// Who asks: `None` without a token, an error with one that is not good.
fn caller(state: &state::State, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
    let Some(header) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let (scheme, secret) = header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .unzip();
    let bearer = scheme.is_some_and(|scheme: &str| {
        scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token")
    });
    if let Some(jwt) = secret.filter(|secret| bearer && secret.contains('.')) {
        let id = apps::verify(jwt, &state.apps, Utc::now() + state.ahead)?;
        let app = state.apps.iter().find(|app| app.id == id);
        return Ok(app.map(|app| Caller {
            secret: None,
            app: Some(id),
            owner: app.permissions.owner.clone(),
        }));
    }
    let mut tokens = state.tokens.iter();
    let token =
        tokens.find(|token| bearer && token.is_good() && Some(token.secret.as_str()) == secret);
    match token {
        Some(token) => Ok(Some(Caller {
            secret: Some(token.secret.clone()),
            app: None,
            owner: token.owner.clone(),
        })),
        None => Err(Refusal::new(StatusCode::UNAUTHORIZED, "Bad credentials")),
    }
}

fn limits<'a>(state: &'a mut state::State, caller: &Caller, is_graphql: bool) -> &'a mut Limits {
    let own = |app: &&mut apps::Registered| Some(app.id) == caller.app;
    if caller.app.is_some() {
        let app = state.apps.iter_mut().find(own);
        return &mut app.expect("Apps are never removed").limits;
    }
    match &caller.secret {
        Some(secret) if is_graphql => &mut state.token(secret).graphql,
        Some(secret) => &mut state.token(secret).limits,
        None => &mut state.anonymous,
    }
}

/// The headers that GitHub insists on having right, if they are there.
fn manners(headers: &HeaderMap) -> Result<(), Answer> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(version) = text("x-github-api-version").filter(|sent| !VERSIONS.contains(sent)) {
        let message = format!("'{version}' is not a supported API version.");
        let page = "/about-the-rest-api/api-versions";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, message).documented(page));
    }
    let accepted = |sent: &str| sent.contains("json") || sent.contains("*/*");
    if let Some(accept) = text(ACCEPT.as_str()).filter(|sent| !accepted(sent)) {
        let message =
            format!("Unsupported 'Accept' header: '{accept}'. Must accept 'application/json'.");
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).documented(""));
    }
    Ok(())
}

fn limited(exceeded: Exceeded, caller: &Caller) -> Answer {
    let page = "/overview/rate-limits-for-the-rest-api";
    let forbidden = |message: String| Refusal::new(StatusCode::FORBIDDEN, message);
    match exceeded {
        Exceeded::Primary => {
            let id = caller.owner.id;
            forbidden(format!("API rate limit exceeded for user ID {id}.")).documented(page)
        }
        Exceeded::Secondary(seconds) => {
            let message = "You have exceeded a secondary rate limit. Please wait a few minutes \
                           before you try again.";
            let page = format!("{page}#about-secondary-rate-limits");
            forbidden(message.to_owned())
                .documented(&page)
                .header("retry-after", seconds.to_string())
        }
    }
}

/// A limit as GraphQL tells it: the primary one is no refusal, but an answer with an error.
fn unanswered(exceeded: Exceeded, caller: &Caller) -> Answer {
    match exceeded {
        Exceeded::Primary => {
            let id = caller.owner.id;
            let message = format!("API rate limit exceeded for user ID {id}.");
            graphql::refused("RATE_LIMITED", &message)
        }
        Exceeded::Secondary(_) => limited(exceeded, caller),
    }
}

fn with_usual_headers(
    mut response: Response,
    shared: &Shared,
    caller: &Caller,
    is_graphql: bool,
) -> Response {
    let request_id = hex::encode_upper(rand::rng().random::<[u8; 12]>());
    let usual = [
        ("server", "github.com".to_owned()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-github-request-id", request_id),
    ];
    let now = Utc::now() + shared.lock().ahead;
    let now = ("date", now.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
    let limits = limits(&mut shared.lock(), caller, is_graphql).headers();
    let scopes = caller.secret.as_ref();
    let scopes = scopes.and_then(|secret| shared.lock().token(secret).scopes.clone());
    let scopes = scopes.map(|scopes| ("x-oauth-scopes", scopes));
    for (name, value) in usual.into_iter().chain([now]).chain(limits).chain(scopes) {
        let value = value.parse().expect("names and numbers are header values");
        response.headers_mut().insert(name, value);
    }
    response
}
