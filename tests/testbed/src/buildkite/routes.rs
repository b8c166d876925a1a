//! Which path is which endpoint.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{MethodRouter, delete, get, post, put},
};

use super::{
    agent,
    answer::{Refusal, Reply, respond},
    call::Call,
    endpoints::{account, builds, changing_builds, jobs, pipelines},
    gate, recorder,
    state::Shared,
    webhooks,
};

type Methods = MethodRouter<Arc<Shared>>;

/// The server: recorder and faults, and behind them what Buildkite has at three hosts: the REST
/// API with its gate, the API of the agents, and where webhooks arrive.
pub fn router(shared: Arc<Shared>) -> Router {
    let faults = shared.faults.clone();
    let rest = rest().layer(from_fn_with_state(Arc::clone(&shared), gate::pass));
    let all = Router::new()
        .nest("/v2", rest)
        .nest("/v3", agents())
        .route("/deliver/{secret}", post(run(webhooks::deliver)))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(&shared));
    faults
        .wrap(all)
        .layer(from_fn_with_state(shared, recorder::record))
}

fn rest() -> Router<Arc<Shared>> {
    const PIPELINE: &str = "/organizations/{organization}/pipelines/{pipeline}";
    let below = |path: &str| format!("{PIPELINE}{path}");
    let listing: Methods = get(run(builds::list)).post(run(changing_builds::create));
    let retry: Methods = put(run(jobs::retry));
    Router::new()
        .route("/access-token", get(run(account::token)))
        .route(
            "/organizations/{organization}/pipelines",
            get(run(pipelines::list)),
        )
        .route(PIPELINE, get(run(pipelines::get)))
        .route(
            "/organizations/{organization}/builds",
            get(run(builds::list_all)),
        )
        .route(&below("/builds"), listing)
        .route(&below("/builds/{number}"), get(run(builds::get)))
        .route(
            &below("/builds/{number}/cancel"),
            put(run(changing_builds::cancel)),
        )
        .route(
            &below("/builds/{number}/rebuild"),
            put(run(changing_builds::rebuild)),
        )
        .route(&below("/builds/{number}/jobs/{job}/retry"), retry.clone())
        .route("/organizations/{organization}/jobs/{job}/retry", retry)
        .fallback(unknown)
}

fn agents() -> Router<Arc<Shared>> {
    Router::new()
        .route("/{scope}/{id}/data/{verb}", post(run(agent::meta_data)))
        .route("/jobs/{job}/annotations", post(run(agent::annotate)))
        .route(
            "/jobs/{job}/annotations/{context}",
            delete(run(agent::remove_annotation)),
        )
        .route("/steps/{step}/export", post(run(agent::export)))
        .route("/steps/{step}", put(run(agent::update)))
        .fallback(unknown)
}

/// An endpoint as axum calls it.
fn run(endpoint: fn(&Call) -> Reply) -> impl Fn(Call) -> Ready<Response> + Clone {
    move |call: Call| ready(respond(endpoint(&call)))
}

async fn unknown() -> Response {
    Refusal::new(StatusCode::NOT_FOUND, "Not Found").into_response()
}
