//! What sends deployments to those who land them.

use crate::model::{Fact, Line};

/// A webhook of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Whose it is. The address itself holds a secret.
    pub host: String,
    /// Whether the address is of Buildkite's form.
    pub is_buildkites: bool,
    /// Whether it is switched on.
    pub active: bool,
    /// The events that it is sent.
    pub events: Vec<String>,
    /// The status that its last delivery was answered with.
    pub last: Option<u16>,
}

const WEBHOOK: &str = "GitHub: webhook for deployments";

/// What sends deployments. A repository may have no hook for them where Buildkite's own GitHub App, or
/// a workflow, takes them.
pub(super) fn webhook(hooks: &Fact<Vec<Hook>>, page: &str) -> Line {
    let hooks = match hooks {
        Fact::Told(hooks) => hooks,
        Fact::Refused(words) => {
            let why = format!("webhooks are not shown to us ({words})");
            let advice = format!("look by hand that one sends `deployment` events: {page}");
            return Line::unknown(WEBHOOK, why).advising(advice);
        }
        Fact::Silent(why) => return Line::unknown(WEBHOOK, why),
    };
    let sends = |hook: &&Hook| hook.events.iter().any(|it| it == "deployment" || it == "*");
    let active = || hooks.iter().filter(|hook| hook.active).filter(sends);
    if let Some(hook) = active().find(|hook| hook.is_buildkites) {
        return delivered(hook, page);
    }
    // Whoever else is told of deployments, a chat for one, may start no build for them.
    if let Some(hook) = active().next() {
        return elsewhere(hook, page);
    }
    if let Some(hook) = hooks.iter().find(sends) {
        let found = format!("the one to {} is switched off", hook.host);
        return Line::missing(WEBHOOK, found, format!("switch it on: {page}"));
    }
    match hooks.iter().find(|hook| hook.is_buildkites) {
        Some(hook) => Line::missing(
            WEBHOOK,
            format!("the one to {} is sent no `deployment` events", hook.host),
            format!("add Deployments to its events: {page}"),
        ),
        None => Line::doubtful(
            WEBHOOK,
            "no webhook of the repository is sent `deployment` events",
            format!(
                "add the deploy pipeline's, with Deployments among its events, unless Buildkite's \
                 GitHub App or a workflow takes them: {page}"
            ),
        ),
    }
}

fn elsewhere(hook: &Hook, page: &str) -> Line {
    Line::doubtful(
        WEBHOOK,
        format!(
            "only {} is sent `deployment` events, and its address is none of Buildkite's",
            hook.host
        ),
        format!("if it starts no deploy build, add the deploy pipeline's webhook: {page}"),
    )
}

fn delivered(hook: &Hook, page: &str) -> Line {
    let found = format!("{} is sent `deployment` events", hook.host);
    match hook.last {
        Some(status) if !(200..300).contains(&status) => Line::doubtful(
            WEBHOOK,
            format!("{found}, and answered the last one with {status}"),
            format!("look at its deliveries: {page}"),
        ),
        Some(_) | None => Line::there(WEBHOOK, found),
    }
}
