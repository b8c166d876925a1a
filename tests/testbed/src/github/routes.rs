//! Which path is which endpoint.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    response::Response,
    routing::{MethodRouter, get, patch, post},
};

use super::{
    answer::Refusal,
    call::Call,
    endpoint::Endpoint,
    endpoints::{
        account, apps, branches, comments, commits, creating_deployments, deployment_statuses,
        deployments, hooks, refs, repository,
    },
    gate, graphql, recorder,
    state::Shared,
};

/// The server: recorder, faults and gate, and behind them the endpoints.
pub fn router(shared: Arc<Shared>) -> Router {
    let faults = shared.faults.clone();
    let api = Router::new()
        .nest("/repos/{owner}/{repo}", of_a_repository())
        .nest("/repositories/{repository}", of_a_repository())
        .route("/graphql", post(async |call: Call| graphql::respond(&call)))
        .route(
            "/app/installations/{installation}/access_tokens",
            post(async |call: Call| apps::create_token(&call)),
        )
        .route("/user", get(async |call: Call| account::user(&call)))
        .route(
            "/rate_limit",
            get(async |call: Call| account::rate_limit(&call)),
        )
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&shared), gate::pass))
        .with_state(Arc::clone(&shared));
    faults
        .wrap(api)
        .layer(from_fn_with_state(shared, recorder::record))
}

fn of_a_repository() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", read(&repository::GET))
        .route(
            "/installation",
            get(async |call: Call| apps::installation(&call)),
        )
        .route("/hooks", read(&hooks::LIST))
        .route("/git/ref/{*ref}", read(&refs::GET))
        .route("/git/matching-refs/{*ref}", read(&refs::MATCHING))
        .route("/branches", read(&branches::LIST))
        .route("/branches/{*branch}", read(&branches::GET))
        .route("/commits/{*ref}", read(&commits::GET))
        .route(
            "/statuses/{sha}",
            write(MethodRouter::new(), &commits::CREATE_STATUS),
        )
        .route(
            "/deployments",
            write(read(&deployments::LIST), &creating_deployments::ENDPOINT),
        )
        .route(
            "/deployments/{deployment}",
            remove(read(&deployments::GET), &deployments::DELETE),
        )
        .route(
            "/deployments/{deployment}/statuses",
            write(
                read(&deployment_statuses::LIST),
                &deployment_statuses::CREATE,
            ),
        )
        .route(
            "/deployments/{deployment}/statuses/{status}",
            read(&deployment_statuses::GET),
        )
        .route(
            "/issues/{issue}/comments",
            write(read(&comments::LIST), &comments::CREATE),
        )
        .route("/issues/comments/{comment}", update(&comments::UPDATE))
}

fn read(endpoint: &'static Endpoint) -> MethodRouter<Arc<Shared>> {
    get(move |call: Call| async move { endpoint.respond(&call) })
}

fn write(
    methods: MethodRouter<Arc<Shared>>,
    endpoint: &'static Endpoint,
) -> MethodRouter<Arc<Shared>> {
    methods.post(move |call: Call| async move { endpoint.respond(&call) })
}

fn update(endpoint: &'static Endpoint) -> MethodRouter<Arc<Shared>> {
    patch(move |call: Call| async move { endpoint.respond(&call) })
}

fn remove(
    methods: MethodRouter<Arc<Shared>>,
    endpoint: &'static Endpoint,
) -> MethodRouter<Arc<Shared>> {
    methods.delete(move |call: Call| async move { endpoint.respond(&call) })
}

/// GitHub answers 404 where others would say that the method is not allowed.
async fn unknown() -> Response {
    Refusal::not_found().documented("").response()
}
