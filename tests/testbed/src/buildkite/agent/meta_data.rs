//! What the jobs of a build keep for each other.

use serde_json::{Value, json};

use super::{
    super::{
        answer::{Answer, Refusal, Reply},
        call::Call,
        stored::BuildData,
    },
    caller, text,
};

/// `POST /v3/{jobs|builds}/{id}/data/{set|set-batch|get|exists|keys}`
pub fn meta_data(call: &Call) -> Reply {
    let mut state = call.shared.lock();
    let build = caller(call, &mut state)?;
    let reply = match call.param("verb") {
        "set" => set(build, &[Value::Object(call.json()?)]),
        "set-batch" => {
            let fields = call.json()?;
            let items = fields.get("items").and_then(Value::as_array);
            set(build, items.map_or(&[], Vec::as_slice))
        }
        "get" => get(build, &text(&call.json()?, "key")),
        "exists" => {
            let exists = build.meta_data.contains_key(&text(&call.json()?, "key"));
            Ok(Answer::ok(json!({ "exists": exists })))
        }
        "keys" => Ok(Answer::ok(build.meta_data.keys().cloned().collect())),
        _ => Err(Refusal::not_found("endpoint")),
    };
    drop(state);
    call.shared.changed();
    reply
}

fn set(build: &mut BuildData, items: &[Value]) -> Reply {
    for item in items {
        let field = |name: &str| item[name].as_str().unwrap_or_default();
        // Buildkite refuses what is blank.
        if field("key").is_empty() || field("value").trim().is_empty() {
            return Err(Refusal::unprocessable("Key and value can't be blank"));
        }
        let (key, value) = (field("key").to_owned(), field("value").to_owned());
        build.meta_data.insert(key, value);
    }
    Ok(Answer::ok(json!({})))
}

fn get(build: &BuildData, key: &str) -> Reply {
    let value = build.meta_data.get(key);
    let value = value.ok_or_else(|| Refusal::not_found("key"))?;
    Ok(Answer::ok(json!({ "key": key, "value": value })))
}
