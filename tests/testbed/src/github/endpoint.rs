//! What all endpoints of a repository have in common: who may see it, and who may do what with it.

use axum::{http::StatusCode, response::Response};

use super::{
    answer::{Answer, Refusal, Reply},
    call::Call,
    permissions::{Level, Permission},
    state::State,
    stored::Stored,
    tokens::Token,
};

/// One endpoint below `/repos/{owner}/{repo}`.
#[derive(Debug)]
pub struct Endpoint {
    /// One of these is enough.
    pub permissions: &'static [Permission],
    pub level: Level,
    /// The path of its page, below `https://docs.github.com/rest`.
    pub docs: &'static str,
    pub answer: fn(&Call, &mut Stored) -> Reply,
}

impl Endpoint {
    /// Answers, or says why not.
    pub fn respond(&self, call: &Call) -> Response {
        let reply = self.reply(call, &mut call.shared.lock());
        call.shared.changed();
        reply
            .unwrap_or_else(|refusal| refusal.documented(self.docs))
            .header("x-accepted-github-permissions", self.accepted())
            .response()
    }

    fn reply(&self, call: &Call, state: &mut State) -> Reply {
        let State {
            repositories,
            tokens,
            ..
        } = state;
        let stored = meant(repositories, call);
        let token = tokens
            .iter()
            .find(|token| Some(&token.secret) == call.caller.secret.as_ref());
        // Whoever may not see it cannot tell it from what is not there.
        let (Some(stored), Some(token)) = (stored, token) else {
            return Err(Refusal::not_found());
        };
        if !token.sees(stored.id) {
            return Err(Refusal::not_found());
        }
        self.permit(token)?;
        match new_home(stored, call) {
            Some(location) => Ok(Answer::moved(location, call.method == "GET")),
            None => (self.answer)(call, stored),
        }
    }

    fn permit(&self, token: &Token) -> Result<(), Refusal> {
        let mut enough = self.permissions.iter();
        if enough.any(|permission| token.may(*permission, self.level)) {
            return Ok(());
        }
        // A classic token that lacks a scope is not told that there is something to see.
        match token.scopes {
            Some(_) => Err(Refusal::not_found()),
            None => Err(Refusal::new(StatusCode::FORBIDDEN, token.refusal())),
        }
    }

    fn accepted(&self) -> String {
        let level = self.level.name();
        let each = self.permissions.iter();
        let each = each.map(|permission| format!("{}={level}", permission.name()));
        each.collect::<Vec<_>>().join("; ")
    }
}

/// The repository of the path: by its id, by its name, or by one that it had and no other took.
pub fn meant<'a>(repositories: &'a mut [Stored], call: &Call) -> Option<&'a mut Stored> {
    let find = |is_it: &dyn Fn(&Stored) -> bool| repositories.iter().position(is_it);
    let place = match full_name(call) {
        Some(name) => find(&|stored| stored.is_named(&name))
            .or_else(|| find(&|stored| stored.was_named(&name))),
        None => find(&|stored| call.number("repository").is_ok_and(|id| id == stored.id)),
    };
    place.map(|place| &mut repositories[place])
}

/// Where a repository is found that was asked for by a name it no longer has.
pub fn new_home(stored: &Stored, call: &Call) -> Option<String> {
    if stored.is_named(&full_name(call)?) {
        return None;
    }
    // Empty, "repos", owner and name go before what stays.
    let rest: Vec<_> = call.uri.path().split('/').skip(4).collect();
    let path = [&[stored.api_by_id().as_str()], rest.as_slice()]
        .concat()
        .join("/");
    Some(match call.uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path,
    })
}

fn full_name(call: &Call) -> Option<String> {
    Some(format!("{}/{}", call.param("owner")?, call.param("repo")?))
}
