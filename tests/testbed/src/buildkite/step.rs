//! The steps of a pipeline.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::faults::Gate;

/// A command step.
#[derive(Clone, Debug)]
pub struct Step {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) command: String,
    pub(super) env: BTreeMap<String, String>,
    pub(super) plugins: Option<Value>,
    pub(super) depends_on: Vec<String>,
    pub(super) parallelism: Option<u32>,
    pub(super) soft_fail: bool,
    pub(super) checkout: bool,
    pub(super) gate: Option<Gate>,
}

impl Step {
    /// A step of this key that does nothing, without a checkout.
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            label: key.to_owned(),
            command: "true".to_owned(),
            env: BTreeMap::new(),
            plugins: None,
            depends_on: vec![],
            parallelism: None,
            soft_fail: false,
            checkout: false,
            gate: None,
        }
    }

    /// What people read.
    pub fn label(self, label: &str) -> Self {
        Self {
            label: label.to_owned(),
            ..self
        }
    }

    /// What the agent's shell runs.
    pub fn command(self, command: &str) -> Self {
        Self {
            command: command.to_owned(),
            ..self
        }
    }

    /// Sets a variable of its jobs.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Its plugins, as `BUILDKITE_PLUGINS` holds them: a list of objects, each of one name and its
    /// configuration.
    pub fn plugins(self, plugins: Value) -> Self {
        Self {
            plugins: Some(plugins),
            ..self
        }
    }

    /// Begins when these steps have passed, or failed softly.
    pub fn after(mut self, keys: &[&str]) -> Self {
        self.depends_on
            .extend(keys.iter().map(|key| (*key).to_owned()));
        self
    }

    /// Runs as so many jobs side by side.
    pub fn parallelism(self, jobs: u32) -> Self {
        Self {
            parallelism: Some(jobs),
            ..self
        }
    }

    /// Lets the build pass when it fails.
    pub fn soft_fail(self) -> Self {
        Self {
            soft_fail: true,
            ..self
        }
    }

    /// Checks the pipeline's repository out first.
    pub fn checkout(self) -> Self {
        Self {
            checkout: true,
            ..self
        }
    }

    /// Holds its jobs at a gate: they are `running`, and do nothing until it opens.
    pub fn held_at(self, gate: &Gate) -> Self {
        Self {
            gate: Some(gate.clone()),
            ..self
        }
    }
}
