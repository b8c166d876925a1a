//! What Helm's Secrets hold.

use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use flate2::read::GzDecoder;
use serde::{Deserialize, Deserializer};

use crate::model::{Hook, Status, StoredRelease};

/// The most bytes of a release's body that are unpacked: a Secret holds 1 MiB packed.
const LARGEST: u64 = 64 << 20;

/// A release's body: base64 of gzip of JSON, or of JSON alone, as old Helms wrote it.
pub(super) fn decode(data: &[u8]) -> Result<StoredRelease, String> {
    let packed = STANDARD.decode(data).map_err(|error| error.to_string())?;
    let mut json = Vec::new();
    if packed.starts_with(&[0x1f, 0x8b, 0x08]) {
        let mut unpacked = GzDecoder::new(packed.as_slice()).take(LARGEST + 1);
        unpacked
            .read_to_end(&mut json)
            .map_err(|error| error.to_string())?;
        if json.len() as u64 > LARGEST {
            return Err(format!("it unpacks to more than {} MiB", LARGEST >> 20));
        }
    } else {
        json = packed;
    }
    let body: Body = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
    Ok(body.into())
}

#[derive(Deserialize)]
struct Body {
    name: String,
    version: u32,
    info: Info,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    hooks: Option<Vec<StoredHook>>,
    #[serde(default)]
    config: Option<Config>,
}

#[derive(Deserialize)]
struct Info {
    status: String,
    #[serde(default)]
    description: String,
    #[serde(default, deserialize_with = "time")]
    last_deployed: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "time")]
    deleted: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct StoredHook {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    manifest: String,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    last_run: Option<LastRun>,
}

#[derive(Deserialize)]
struct LastRun {
    #[serde(default)]
    phase: String,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    global: Option<serde_json::Value>,
}

/// Helm 3 writes a zero time as `""`, Helm 4 leaves it out.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    match text.filter(|text| !text.is_empty()) {
        Some(text) => DateTime::parse_from_rfc3339(&text)
            .map(|time| Some(time.to_utc()))
            .map_err(serde::de::Error::custom),
        None => Ok(None),
    }
}

impl From<Body> for StoredRelease {
    fn from(body: Body) -> Self {
        let global = body
            .config
            .and_then(|config| config.global)
            .unwrap_or_default();
        let hook = |hook: StoredHook| Hook {
            kind: hook.kind,
            name: hook.name,
            manifest: hook.manifest,
            events: hook.events,
            running: hook.last_run.is_some_and(|run| run.phase == "Running"),
        };
        Self {
            name: body.name,
            version: body.version,
            status: Status::from(body.info.status.as_str()),
            description: body.info.description,
            last_deployed: body.info.last_deployed,
            removed: body.info.deleted.is_some(),
            manifest: body.manifest,
            hooks: body
                .hooks
                .unwrap_or_default()
                .into_iter()
                .map(hook)
                .collect(),
            branch: global["branchDeploy"]["branch"].as_str().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;
    use testbed::faults::twisted;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn body(last_deployed: &str) -> String {
        format!(
            r#"{{"name": "hey-new", "version": 3, "manifest": "---\n",
            "info": {{"status": "deployed", "last_deployed": {last_deployed}}},
            "config": {{"global": {{"branchDeploy": {{"branch": "new"}}}}}},
            "hooks": [{{"kind": "Job", "name": "m", "last_run": {{"phase": "Running"}}}}]}}"#
        )
    }

    fn decoded(body: &str) -> StoredRelease {
        decode(STANDARD.encode(gzip(body.as_bytes())).as_bytes()).unwrap()
    }

    #[test]
    fn a_body_is_read_packed_and_plain() {
        let release = decoded(&body(r#""2026-11-24T06:00:00.5+02:00""#));
        assert_eq!(release.status, Status::Deployed);
        assert_eq!(
            release.last_deployed.unwrap().to_rfc3339(),
            "2026-11-24T04:00:00.500+00:00"
        );
        assert_eq!(release.branch.as_deref(), Some("new"));
        assert!(release.hooks[0].running);
        assert!(decode(STANDARD.encode(body("null")).as_bytes()).is_ok());
    }

    #[test]
    fn a_time_that_was_left_out_is_none() {
        for time in ["null", r#""""#] {
            assert_eq!(decoded(&body(time)).last_deployed, None, "{time}");
        }
    }

    #[test]
    fn a_bomb_is_bounded() {
        let bomb = STANDARD.encode(gzip(&vec![b' '; LARGEST as usize + 1]));
        assert!(decode(bomb.as_bytes()).unwrap_err().contains("64 MiB"));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(data in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&data);
            let _ = decode(STANDARD.encode(&data).as_bytes());
            let _ = decode(STANDARD.encode(gzip(&data)).as_bytes());
        }

        #[test]
        fn no_json_of_nearly_the_right_shape_makes_it_panic(seed in any::<u64>()) {
            let body = body(r#""2026-11-24T06:00:00.5+02:00""#);
            let body = twisted(serde_json::from_str(&body).unwrap(), seed).to_string();
            let _ = decode(STANDARD.encode(gzip(body.as_bytes())).as_bytes());
        }
    }
}
