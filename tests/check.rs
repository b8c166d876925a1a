//! `--check`: each program tells what it needs and whether it is there, and changes nothing.

mod build_gate;
mod deploy;
mod environments;
mod helm_apply;
mod queue_deploy;
mod sweeps;

use serde_json::Value;

use crate::site::{Program, RIGHTS, Ran};

/// What a check tells machines: what was looked for, its verdict, what was found and what to do.
fn lines(ran: &Ran) -> Vec<(String, String, String)> {
    let told: Value = serde_json::from_str(&ran.stdout).expect("one JSON document");
    let checks = told["checks"].as_array().expect("a list");
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let all = checks.iter().map(|line| {
        let told = format!("{} → {}", text(line, "found"), text(line, "advice"));
        (text(line, "what"), text(line, "verdict"), told)
    });
    all.collect()
}

/// The check of a program, to be read by machines.
fn check(program: Program) -> Ran {
    program.args(["--check", "--output", "json"]).run()
}

/// Nothing is missing, and the line about `what` has this verdict and says this.
#[track_caller]
fn passes(program: Program, what: &str, verdict: &str, says: &str) {
    let ran = check(program).ends_with(0);
    told(&ran, what, verdict, says);
}

/// The line about `what` is the only one that misses something, and says this.
#[track_caller]
fn misses(program: Program, what: &str, says: &str) {
    let ran = check(program).ends_with(1);
    told(&ran, what, "missing", says);
    let lines = lines(&ran);
    let missing = lines.iter().filter(|(_, verdict, _)| verdict == "missing");
    assert_eq!(missing.count(), 1, "{ran}");
}

#[track_caller]
fn told(ran: &Ran, what: &str, verdict: &str, says: &str) {
    let lines = lines(ran);
    let mut of = lines.iter().filter(|(name, ..)| name.contains(what));
    assert!(
        of.any(|(_, found, told)| found == verdict && told.contains(says)),
        "no line on `{what}` is {verdict} and says `{says}`:\n{ran}"
    );
}

/// All lines are of things that are there.
#[track_caller]
fn has_all(program: Program) -> Ran {
    let ran = check(program).ends_with(0);
    let lines = lines(&ran);
    assert!(!lines.is_empty(), "{ran}");
    let bad: Vec<_> = lines
        .iter()
        .filter(|(_, verdict, _)| verdict != "there")
        .collect();
    assert!(bad.is_empty(), "{bad:#?}\n{ran}");
    ran
}

/// The rights of examples/rbac.yaml without those to what one rule is about.
fn without(resources: &str) -> String {
    let rights = RIGHTS.replace(&format!("resources: [{resources}]"), "resources: [nothing]");
    assert_ne!(rights, RIGHTS, "{resources} is a rule of its own");
    rights
}
