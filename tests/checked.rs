//! What others' checkers find in our packages, workflows, pipelines and scripts: nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Map, Value};
use testbed::tools::{self, Tool};

const PLUGIN: &str = include_str!("../plugin.yml");
const README: &str = include_str!("../README.md");

/// What names the plugin in a step, before its version.
const NAME: &str = "acme/branch-deploys#";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files that Git knows of which this holds, by their paths in the repository.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut git = Command::new("git");
    let output = git.arg("-C").arg(root()).args(["ls-files"]).output();
    let listed = output.expect("git runs").stdout;
    let listed = String::from_utf8(listed).expect("names of ours");
    let mut files: Vec<_> = listed.lines().map(str::to_owned).collect();
    files.retain(|file| wanted(file) && root().join(file).is_file());
    assert!(!files.is_empty());
    files
}

fn pipelines() -> Vec<String> {
    files(|file| file.contains("/.buildkite/"))
}

fn workflows() -> Vec<String> {
    files(|file| file.contains(".github/workflows/"))
}

/// Runs a checker over files; it has to be content.
#[track_caller]
fn passes(tool: Tool, arguments: &[&str], files: &[String]) {
    let mut command = Command::new(tools::get(tool).expect("the testbed has it"));
    command.args(arguments).args(files).current_dir(root());
    let output = command.output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("it is YAML")
}

#[test]
fn every_shell_script_passes_shellcheck() {
    let is_script = |file: &str| {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        file.ends_with(".sh") || first.starts_with("#!") && first.ends_with("sh")
    };
    let scripts = files(is_script);
    assert!(scripts.len() >= 8, "{scripts:?}");
    passes(Tool::Shellcheck, &["--external-sources"], &scripts);
}

#[test]
fn every_workflow_passes_actionlint() {
    let config = "examples/hey/.github/actionlint.yaml";
    passes(Tool::Actionlint, &["-config-file", config], &workflows());
}

#[test]
fn workflows_and_action_pass_zizmor() {
    let config = "--config=examples/hey/.github/zizmor.yml";
    let all = [workflows(), vec!["action.yml".to_owned()]].concat();
    passes(Tool::Zizmor, &["--offline", "--no-progress", config], &all);
}

#[test]
fn workflows_action_and_pipelines_are_what_their_schemas_say() {
    for (schema, files) in [
        ("vendor.github-workflows", workflows()),
        ("vendor.github-actions", vec!["action.yml".to_owned()]),
        ("vendor.buildkite", pipelines()),
    ] {
        passes(Tool::CheckJsonschema, &["--builtin-schema", schema], &files);
    }
}

#[test]
fn the_agent_reads_every_pipeline() {
    for pipeline in pipelines() {
        let mut agent = Command::new(tools::get(Tool::BuildkiteAgent).expect("the testbed has it"));
        agent
            .args(["pipeline", "upload", "--dry-run", &pipeline])
            .env_clear()
            .env("BUILDKITE_AGENT_ACCESS_TOKEN", "none")
            .current_dir(root());
        let output = agent.output().expect("it runs");
        assert!(output.status.success(), "{pipeline}: {output:?}");
        let read: Value = serde_json::from_slice(&output.stdout).expect("it tells JSON");
        let steps = read["steps"].as_array().expect("it has steps");
        assert_eq!(
            steps.len(),
            yaml(&text(&pipeline))["steps"].as_array().unwrap().len()
        );
        // What the agent would fill in from a job's variables is nothing of ours.
        assert!(!text(&pipeline).contains("${"), "{pipeline}");
    }
}

#[test]
fn the_plugins_description_has_what_buildkite_asks_for() {
    let plugin = yaml(PLUGIN);
    for key in [
        "name",
        "description",
        "author",
        "requirements",
        "configuration",
    ] {
        assert!(!plugin[key].is_null(), "there is no {key}");
    }
    assert_eq!(plugin["configuration"]["additionalProperties"], false);
    assert!(plugin["configuration"]["properties"]["run"].is_object());
}

#[test]
fn every_example_is_of_this_version_and_valid() {
    let examples = examples();
    assert!(examples.len() >= 7, "only {} examples", examples.len());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: String, value: &Value| -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, value.to_string()).expect("our own file");
        path
    };
    let schema = write("schema.json".into(), &yaml(PLUGIN)["configuration"]);
    let mut paths = Vec::new();
    for (number, (version, configuration)) in examples.iter().enumerate() {
        assert_eq!(version, &format!("v{}", env!("CARGO_PKG_VERSION")));
        let path = write(format!("{number}.json"), configuration);
        paths.push(path.display().to_string());
    }
    let schema = schema.display().to_string();
    passes(Tool::CheckJsonschema, &["--schemafile", &schema], &paths);

    let mistaken = write(
        "mistaken.json".into(),
        &yaml("{run: helm-apply, apps: hey}"),
    );
    let mut check = Command::new(tools::get(Tool::CheckJsonschema).expect("the testbed has it"));
    let refused = check.args(["--schemafile", &schema]).arg(mistaken).output();
    assert!(!refused.expect("it runs").status.success());
}

/// All uses of the plugin in the README and the pipelines: the version, and the configuration.
fn examples() -> Vec<(String, Value)> {
    let texts = blocks().into_iter();
    let texts = texts.chain(pipelines().into_iter().map(|file| text(&file)));
    let mut found = Vec::new();
    texts.for_each(|text| collect(&yaml(&text), &mut found));
    found
}

/// The README's examples in YAML.
fn blocks() -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while let Some(fence) = lines.find(|line| line.trim_start() == "```yml") {
        let indent = fence.len() - fence.trim_start().len();
        let inside = lines.by_ref().take_while(|line| line.trim_start() != "```");
        let lines: Vec<_> = inside
            .map(|line| line.get(indent..).unwrap_or_default())
            .collect();
        blocks.push(lines.join("\n"));
    }
    blocks
}

fn collect(value: &Value, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) => {
            found.extend(uses(map));
            map.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn uses(map: &Map<String, Value>) -> impl Iterator<Item = (String, Value)> {
    map.iter().filter_map(|(key, value)| {
        let version = key.strip_prefix(NAME)?;
        Some((version.to_owned(), value.clone()))
    })
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect("Git knows it")
}
