//! Environments of the past: deployed for real and aged since, or made without one run of Helm.

use std::io::{Read, Write};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use branch_deploys::model::{Branch, Slug};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use serde_json::{Value, json};

use crate::site::Site;

/// How far apart the revisions of a seeded release are.
const BETWEEN: TimeDelta = TimeDelta::hours(3);

impl Site {
    /// Lets so much time pass for a release: every revision was deployed, and its Secret made, that
    /// much earlier.
    #[track_caller]
    pub fn age(&self, release: &str, by: TimeDelta) {
        for (version, _) in self.namespace.release_revisions(release) {
            let name = secret_name(release, version);
            self.rewrite(&name, |body| {
                for time in ["first_deployed", "last_deployed"] {
                    let told = body["info"][time].as_str().expect("Helm writes its times");
                    let told = DateTime::parse_from_rfc3339(told).expect("as RFC 3339");
                    body["info"][time] = json!(instant(told.to_utc() - by));
                }
            });
            let made = self.namespace.get("Secret", &name)["metadata"]["creationTimestamp"].clone();
            let made: DateTime<Utc> = serde_json::from_value(made).expect("a time");
            self.namespace.date_back("Secret", &name, made - by);
        }
    }

    /// Changes what Helm stored of a revision.
    #[track_caller]
    pub fn rewrite(&self, secret: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.namespace.get("Secret", secret);
        let mut body = unpacked(&object);
        change(&mut body);
        object["data"]["release"] = packed(&body);
        self.namespace.store([object]);
    }

    /// Puts environments there that nobody deployed.
    #[track_caller]
    pub fn seed(&self, seeds: &[Seed]) {
        let objects = seeds
            .iter()
            .flat_map(|seed| seed.objects(self.repository.id()));
        self.namespace.store(objects);
    }

    /// Puts the record alone there.
    #[track_caller]
    pub fn seed_record(&self, seed: &Seed) {
        self.namespace.store([seed.lease(self.repository.id())]);
    }

    /// The same of branches that are pushed first.
    #[track_caller]
    pub fn push_and_seed(&self, seeds: &[Seed]) {
        for seed in seeds {
            self.repository.push(&seed.branch);
        }
        self.seed(seeds);
    }
}

/// An environment that is up by what is written of it: its record, and Helm's Secrets.
#[derive(Clone)]
pub struct Seed {
    branch: String,
    companions: Vec<&'static str>,
    revisions: u32,
    deployed: DateTime<Utc>,
    body: Value,
    status: &'static str,
    record: Value,
}

impl Seed {
    /// One release of one revision, deployed this long ago.
    pub fn new(branch: &str, age: TimeDelta) -> Self {
        let chart = json!({"apiVersion": "v2", "name": "seeded", "version": "0.1.0"});
        Self {
            branch: branch.to_owned(),
            companions: vec![],
            revisions: 1,
            deployed: Utc::now() - age,
            body: json!({"chart": {"metadata": chart}, "manifest": "", "config": {}}),
            status: "deployed",
            record: json!({}),
        }
    }

    /// With releases beside the main one.
    pub fn companions(mut self, names: &[&'static str]) -> Self {
        self.companions = names.to_vec();
        self
    }

    /// With so many revisions of each release.
    pub fn revisions(mut self, count: u32) -> Self {
        self.revisions = count;
        self
    }

    /// Of the chart, the values and the manifest of another release, as Helm stored it.
    #[allow(dead_code, reason = "the benchmark's")]
    pub fn body(mut self, body: &Value) -> Self {
        self.body = body.clone();
        self
    }

    /// With another status of its newest revisions.
    pub fn status(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }

    /// With other words in its record.
    pub fn record(mut self, words: Value) -> Self {
        self.record = words;
        self
    }

    /// The name of its record and of its main release.
    pub fn name(&self) -> String {
        format!("hey-{}", self.slug())
    }

    fn slug(&self) -> Slug {
        let branch: Branch = self.branch.parse().expect("a branch");
        Slug::of(&branch)
    }

    fn releases(&self) -> Vec<String> {
        let name = self.name();
        let companions = self.companions.iter();
        let mut all: Vec<_> = companions.map(|it| format!("{name}--{it}")).collect();
        all.push(name);
        all
    }

    fn objects(&self, repository: u64) -> Vec<Value> {
        let mut all = vec![self.lease(repository)];
        for release in self.releases() {
            for version in 1..=self.revisions {
                all.push(self.secret(repository, &release, version));
            }
        }
        all
    }

    fn labels(&self, repository: u64) -> Value {
        json!({
            "branch-deploys/app": "hey", "branch-deploys/tier": "beta",
            "branch-deploys/slug": self.slug().to_string(), "branch-deploys/repository-id": repository.to_string(),
        })
    }

    fn lease(&self, repository: u64) -> Value {
        let releases: Vec<_> = self
            .releases()
            .iter()
            .map(|it| json!({"name": it}))
            .collect();
        let mut record = json!({
            "version": 1, "phase": "up", "repository": "acme/hey", "repository_id": repository,
            "branch": self.branch, "commit": "5eed".repeat(10), "releases": releases,
            "url": format!("https://{}.beta.example.com", self.branch), "deployments": [],
            "deployed": null, "deployed_by": "octocat", "keep_until": null,
        });
        merge(&mut record, &self.record);
        let mut labels = self.labels(repository);
        labels["app.kubernetes.io/managed-by"] = json!("branch-deploys");
        let made = self.first();
        let fields = json!({
            "f:metadata": {"f:annotations": {".": {}, "f:branch-deploys/record": {}}},
            "f:spec": {
                "f:acquireTime": {}, "f:leaseDurationSeconds": {}, "f:leaseTransitions": {},
                "f:renewTime": {},
            },
        });
        let mut lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": metadata(&self.name(), made, &labels, ("unknown", fields)),
            "spec": {
                "acquireTime": micros(self.deployed), "renewTime": micros(self.deployed),
                "leaseDurationSeconds": 30, "leaseTransitions": self.revisions,
            },
        });
        lease["metadata"]["annotations"] = json!({"branch-deploys/record": record.to_string()});
        lease
    }

    fn first(&self) -> DateTime<Utc> {
        self.deployed - BETWEEN * (self.revisions - 1) as i32
    }

    fn secret(&self, repository: u64, release: &str, version: u32) -> Value {
        let newest = version == self.revisions;
        let status = if newest { self.status } else { "superseded" };
        let deployed = self.deployed - BETWEEN * (self.revisions - version) as i32;
        let mut labels = self.labels(repository);
        let helms = json!({
            "name": release, "owner": "helm", "status": status, "version": version.to_string(),
            // Helm hands this one on from the first revision.
            "modifiedAt": self.first().timestamp().to_string(),
        });
        merge(&mut labels, &helms);
        let name = secret_name(release, version);
        let fields = json!({"f:data": {".": {}, "f:release": {}}, "f:type": {}});
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1",
            "metadata": metadata(&name, deployed, &labels, ("Helm", fields)),
            "data": {"release": packed(&self.stored(release, version, status, deployed))},
        })
    }

    fn stored(&self, release: &str, version: u32, status: &str, at: DateTime<Utc>) -> Value {
        let mut body = self.body.clone();
        body["name"] = json!(release);
        body["version"] = json!(version);
        body["config"]["global"]["branchDeploy"]["branch"] = json!(self.branch);
        let description = if version == 1 {
            "Install complete"
        } else {
            "Upgrade complete"
        };
        let info = json!({
            "first_deployed": instant(self.first()), "last_deployed": instant(at), "deleted": "",
            "description": description, "status": status,
        });
        merge(&mut body["info"], &info);
        body
    }
}

/// The name of the Secret that holds a revision.
pub fn secret_name(release: &str, version: u32) -> String {
    format!("sh.helm.release.v1.{release}.v{version}")
}

/// What Helm stored in a Secret.
pub fn unpacked(secret: &Value) -> Value {
    let data = secret["data"]["release"]
        .as_str()
        .expect("it holds a release");
    let data = BASE64.decode(data).expect("Secrets hold base64");
    let data = BASE64.decode(data).expect("and Helm writes base64 into it");
    let mut json = String::new();
    let read = GzDecoder::new(data.as_slice()).read_to_string(&mut json);
    read.expect("of what it packed");
    serde_json::from_str(&json).expect("which is JSON")
}

/// As Helm packs a release, and the API takes the data of a Secret.
fn packed(body: &Value) -> Value {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(body.to_string().as_bytes())
        .expect("there is memory");
    let packed = gzip.finish().expect("there is memory");
    json!(BASE64.encode(BASE64.encode(packed)))
}

/// An object's metadata, with all that the API server would have written into it: who last wrote
/// which fields.
fn metadata(
    name: &str,
    made: DateTime<Utc>,
    labels: &Value,
    (manager, mut fields): (&str, Value),
) -> Value {
    for (key, _) in labels.as_object().into_iter().flatten() {
        fields["f:metadata"]["f:labels"][format!("f:{key}")] = json!({});
    }
    let made = made.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "name": name, "uid": uid(), "creationTimestamp": made, "labels": labels,
        "managedFields": [{
            "manager": manager, "operation": "Update", "apiVersion": "v1", "time": made,
            "fieldsType": "FieldsV1", "fieldsV1": fields,
        }],
    })
}

fn uid() -> String {
    let text = format!("{:032x}", rand::random::<u128>());
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    parts.join("-")
}

fn micros(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Nanos, true)
}

/// Sets the keys of one object in another.
fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().into_iter().flatten() {
        into[key] = value.clone();
    }
}
