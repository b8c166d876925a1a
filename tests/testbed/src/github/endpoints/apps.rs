//! What an App itself may ask: where it is installed, and for tokens of an installation.

use std::{collections::BTreeMap, time::Instant};

use axum::{http::StatusCode, response::Response};
use chrono::{SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        apps::Registered,
        call::Call,
        endpoint::{meant, new_home},
        permissions::{Level, Permission, Permissions},
        shapes,
        state::State,
    },
    fields::Fields,
};

/// `GET /repos/{owner}/{repo}/installation`
pub fn installation(call: &Call) -> Response {
    respond(
        "/apps/apps#get-a-repository-installation-for-the-authenticated-app",
        call,
        |app, call, state| {
            let installation = state.apps[app].installation.clone();
            let Some(stored) = meant(&mut state.repositories, call) else {
                return Err(Refusal::not_found());
            };
            let (Some(installation), true) = (
                installation,
                state.apps[app].is_installed_on(&stored.full_name()),
            ) else {
                return Err(Refusal::not_found());
            };
            if let Some(location) = new_home(stored, call) {
                return Ok(Answer::moved(location, true));
            }
            let app = &state.apps[app];
            Ok(Answer::ok(json!({
                "id": installation.id,
                "app_id": app.id,
                "permissions": spelled(&app.permissions.levels),
                "repository_selection": selection(app),
                "account": { "login": stored.owner },
            })))
        },
    )
}

/// `POST /app/installations/{installation}/access_tokens`
pub fn create_token(call: &Call) -> Response {
    respond(
        "/apps/apps#create-an-installation-access-token-for-an-app",
        call,
        |app, call, state| {
            let id = call.number("installation")?;
            let app = &state.apps[app];
            if app.installation.as_ref().is_none_or(|own| own.id != id) {
                return Err(Refusal::not_found());
            }
            if app.is_suspended {
                let message = "This installation has been suspended";
                return Err(Refusal::new(StatusCode::FORBIDDEN, message));
            }
            let fields = Fields::of(call, "Installation")?;
            let only = repositories(&fields, app, state)?;
            let levels = levels(&fields, app)?;
            let lasts = app.lasts;
            let body = json!({
                "permissions": spelled(&levels),
                "repository_selection": if only.is_some() { "selected" } else { selection(app) },
                "expires_at": (Utc::now() + state.ahead + lasts).to_rfc3339_opts(SecondsFormat::Secs, true),
            });
            let permissions = Permissions {
                levels,
                only,
                ..app.permissions.clone()
            };
            let secret = state.issue(permissions);
            let token = state.token(&secret);
            token.installation = Some(id);
            token.expires = Some(Instant::now() + lasts);
            let mut body = body;
            body["token"] = secret.into();
            let seen = token.repositories.clone();
            if let Some(seen) = seen {
                let listed = state.repositories.iter();
                let listed = listed.filter(|stored| seen.contains(&stored.id));
                body["repositories"] = listed.map(shapes::repository).collect();
            }
            Ok(Answer::created(body))
        },
    )
}

/// Answers an App; whoever else asks has no JWT.
fn respond(
    docs: &str,
    call: &Call,
    answer: impl FnOnce(usize, &Call, &mut State) -> Reply,
) -> Response {
    let mut state = call.shared.lock();
    let app = state
        .apps
        .iter()
        .position(|app| Some(app.id) == call.caller.app);
    let undecoded = || {
        let message = "A JSON web token could not be decoded";
        Refusal::new(StatusCode::UNAUTHORIZED, message)
    };
    let reply = app.ok_or_else(undecoded);
    let reply = reply.and_then(|app| answer(app, call, &mut state));
    drop(state);
    call.shared.changed();
    reply
        .unwrap_or_else(|refusal| refusal.documented(docs))
        .response()
}

/// Full names of those that are asked for, of all that the installation sees.
fn repositories(
    fields: &Fields,
    app: &Registered,
    state: &State,
) -> Result<Option<Vec<String>>, Refusal> {
    let Some(names) = fields.texts("repositories")? else {
        return Ok(app.permissions.only.clone());
    };
    let found = names.iter().map(|name| {
        let mut seen = state.repositories.iter().filter(|stored| {
            stored.name.eq_ignore_ascii_case(name) && app.is_installed_on(&stored.full_name())
        });
        let missing = "There is at least one repository that does not exist or is not accessible to \
                       the parent installation.";
        let found = seen.next().map(|stored| stored.full_name());
        found.ok_or_else(|| Refusal::unprocessable(missing))
    });
    found.collect::<Result<_, _>>().map(Some)
}

/// Those that are asked for, which the installation has to have; all of them where none is named.
fn levels(fields: &Fields, app: &Registered) -> Result<BTreeMap<Permission, Level>, Refusal> {
    let granted = &app.permissions.levels;
    let Some(wanted) = fields.any("permissions").and_then(Value::as_object) else {
        return Ok(granted.clone());
    };
    let mut levels = BTreeMap::from([(Permission::Metadata, Level::Read)]);
    for (name, level) in wanted {
        let permission = Permission::ALL.iter().find(|it| it.name() == name);
        let level = [Level::Read, Level::Write]
            .into_iter()
            .find(|it| level == it.name());
        let (Some(permission), Some(level)) = (permission, level) else {
            let message = format!("Invalid request.\n\n\"{name}\" is not a permitted key.");
            return Err(Refusal::unprocessable(message));
        };
        if granted.get(permission).is_none_or(|most| *most < level) {
            let message = "The permissions requested are not granted to this installation.";
            return Err(Refusal::unprocessable(message));
        }
        levels.insert(*permission, level);
    }
    Ok(levels)
}

fn spelled(levels: &BTreeMap<Permission, Level>) -> Value {
    let each = levels.iter();
    each.map(|(permission, level)| (permission.name().to_owned(), level.name().into()))
        .collect::<serde_json::Map<_, Value>>()
        .into()
}

fn selection(app: &Registered) -> &'static str {
    match app.permissions.only {
        Some(_) => "selected",
        None => "all",
    }
}
