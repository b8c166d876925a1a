//! What GitHub's runner is told by our Action: a step's outputs, and what shows on the run's page.

use std::{
    env,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::Value;

use super::plain;
use crate::{model::Ending, settings::ACTION};

/// Fields of a result that later steps can use, and the names of their outputs.
const OUTPUTS: [(&str, &str); 4] = [
    ("state", "state"),
    ("url", "url"),
    ("deployment", "deployment-id"),
    ("removed", "removed"),
];

/// States in which a program has failed, as its result tells them.
const FAILED: [&str; 3] = ["failed", "closed", "timed-out"];

/// A step of a workflow that our Action is.
pub struct Workflow {
    program: String,
    output: Option<PathBuf>,
}

impl Workflow {
    /// The step that this program runs in; none where something else than our Action runs it.
    pub fn of_action() -> Option<Self> {
        let given = |name| env::var_os(name).filter(|value| !value.is_empty());
        given(ACTION)?;
        let program = env::args_os().next().map(PathBuf::from);
        let program = program.as_deref().and_then(Path::file_name);
        Some(Self {
            program: program.unwrap_or_default().to_string_lossy().into_owned(),
            output: given("GITHUB_OUTPUT").map(PathBuf::from),
        })
    }

    /// Hands a result on to later steps, and shows it on the run's page if it is a failure.
    pub fn tell(&self, sentence: &str, result: &Value) {
        self.hand_on(&outputs(result));
        let state = result["state"].as_str();
        if state.is_some_and(|state| FAILED.contains(&state)) {
            self.annotate("error", sentence);
        }
    }

    /// Tells an error that ends the program, which is none where a newer deploy takes over.
    pub fn fail(&self, ending: Ending, message: &str) {
        match ending {
            Ending::Superseded => self.annotate("notice", message),
            _ => {
                self.hand_on(&[("state", "failed".to_owned())]);
                self.annotate("error", message);
            }
        }
    }

    /// Tells later steps that a newer deploy takes over, which is a success of the step.
    pub fn give_way(&self) {
        self.hand_on(&[("state", "superseded".to_owned())]);
    }

    fn hand_on(&self, outputs: &[(&str, String)]) {
        let Some(path) = &self.output else { return };
        if let Err(error) = append(path, outputs) {
            self.annotate("warning", &format!("the step has no outputs: {error:#}"));
        }
    }

    fn annotate(&self, level: &str, message: &str) {
        eprintln!("{}", annotation(level, &self.program, message));
    }
}

/// The outputs of a result, those that it tells.
fn outputs(result: &Value) -> Vec<(&'static str, String)> {
    let known = OUTPUTS.iter().filter_map(|(field, output)| {
        let text = match &result[*field] {
            Value::Null => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some((*output, text))
    });
    known.collect()
}

/// A line by which the runner shows `message` on the run's page.
fn annotation(level: &str, title: &str, message: &str) -> String {
    let message = plain(message).replace('%', "%25");
    format!("::{level} title={title}::{message}")
}

/// Appends to the file of GITHUB_OUTPUT in the form of several lines, with a delimiter that no value
/// can hold by design: in the other, a value with a line's end in it would be an output of its own.
pub fn append(path: &Path, outputs: &[(&str, String)]) -> anyhow::Result<()> {
    let delimiter = format!("end-{:032x}", rand::random::<u128>());
    let text: String = outputs
        .iter()
        .map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
        .collect();
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("failed to write {} of GITHUB_OUTPUT", path.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_of_several_lines_is_one_output() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        append(
            &path,
            &[
                ("url", "https://x\nstate=success".into()),
                ("state", "queued".into()),
            ],
        )
        .unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let delimiter = text.lines().next().unwrap().split_once("<<").unwrap().1;
        assert_eq!(
            text,
            format!(
                "url<<{delimiter}\nhttps://x\nstate=success\n{delimiter}\n\
                 state<<{delimiter}\nqueued\n{delimiter}\n"
            )
        );
    }

    #[test]
    fn outputs_are_what_the_result_tells() {
        let result =
            json!({"state": "removed", "url": null, "deployment": 7, "removed": ["Pod a"]});
        let expected = [
            ("state", "removed"),
            ("deployment-id", "7"),
            ("removed", r#"["Pod a"]"#),
        ];
        assert_eq!(
            outputs(&result),
            expected.map(|(name, value)| (name, value.to_owned()))
        );
    }

    #[test]
    fn a_message_ends_no_annotation() {
        assert_eq!(
            annotation("error", "helm-apply", "100%\n::set-output name=x::y ##[z"),
            "::error title=helm-apply::100%25 ::set-output name=x::y ## [z"
        );
    }
}
