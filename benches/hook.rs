//! What the plugin costs a job: `cargo bench --bench hook`.
//!
//! From the start of its first hook to the first line of the program, verification included, with
//! the program in the cache, less what the program takes for that line by itself. The agent's own
//! work around hooks is not in it.

#[path = "../tests/site.rs"]
#[allow(dead_code)]
mod site;
#[path = "../tests/plugin/tree.rs"]
#[allow(dead_code)]
mod tree;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use site::Program;
use tree::Tree;

const RUNS: usize = 30;
const MOST: Duration = Duration::from_millis(80);

/// A mistake, which the program tells at once.
const CONFIGURATION: &str = r#"{"run":"helm-apply","mistake":1}"#;

fn main() {
    // `cargo test --benches` hands over flags of libtest: then it is enough that this compiles.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let binary = env!("CARGO_BIN_EXE_helm-apply");
    let content = fs::read(binary).expect("it was built");
    let tree = Tree::new();
    tree.release("helm-apply", &content);
    let hooks = || {
        run(tree.hook("environment", CONFIGURATION));
        first_line(tree.hook("command", CONFIGURATION));
    };
    let alone = || {
        let mut command = Command::new(binary);
        command.env_clear();
        let program = Program(command);
        first_line(program.env("BRANCH_DEPLOYS_PLUGIN_CONFIGURATION", CONFIGURATION));
    };
    // The first one downloads.
    hooks();
    let (with, without) = (median(hooks), median(alone));
    let cost = with.saturating_sub(without);
    println!("{RUNS} runs of helm-apply, {} KiB\n", content.len() / 1024);
    for (what, time) in [
        ("with the hooks", with),
        ("by itself", without),
        ("the hooks", cost),
        ("at most", MOST),
    ] {
        println!("{what:<16} {:>8.1} ms", time.as_secs_f64() * 1000.0);
    }
    std::process::exit(i32::from(cost > MOST));
}

fn median(act: impl Fn()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            act();
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}

fn run(mut program: Program) {
    let status = program.0.stdout(Stdio::null()).status();
    assert!(status.expect("it starts").success());
}

/// Returns with the first line that the program says, which is of its own mistake.
fn first_line(mut program: Program) {
    let child = program.0.stderr(Stdio::piped()).spawn();
    let mut child = child.expect("it starts");
    let mut line = String::new();
    let said = child.stderr.take().expect("it is piped");
    BufReader::new(said)
        .read_line(&mut line)
        .expect("it can be read");
    assert!(line.contains("`mistake`"), "{line}");
    child.wait().expect("it is ours");
}
