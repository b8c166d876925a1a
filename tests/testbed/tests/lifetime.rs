//! Testbeds do not meet, and nothing outlives them.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use testbed::{Cluster, wait_until};

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: web}]}
";

#[test]
fn nothing_outlives_a_process_that_is_killed() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_hold-cluster"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut kubeconfig = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut kubeconfig)
        .unwrap();
    let folder = Path::new(kubeconfig.trim()).parent().unwrap().to_owned();
    let running = processes_of(&folder);
    assert!(running.len() >= 5, "{running:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    wait_until("no process is left", || match processes_of(&folder) {
        left if left.is_empty() => Ok(()),
        left => Err(left.join("\n")),
    });
    assert!(!folder.exists());
}

#[test]
fn no_job_outlives_a_process_that_is_killed() {
    let mut holder = Command::new(env!("CARGO_BIN_EXE_hold-job"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut job = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut job)
        .unwrap();
    let running = processes_with(job.trim());
    assert!(running.len() >= 3, "{running:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    wait_until("no process of the job is left", || {
        match processes_with(job.trim()) {
            left if left.is_empty() => Ok(()),
            left => Err(left.join("\n")),
        }
    });
}

#[test]
fn two_testbeds_side_by_side_do_not_meet() {
    let (one, other) = (Cluster::start().unwrap(), Cluster::start().unwrap());
    println!(
        "two at once were up in {:?} and {:?}",
        one.startup(),
        other.startup()
    );
    assert_ne!(pod_address(&one), pod_address(&other));
    let folder = other.logs().to_owned();
    drop(other);
    assert!(processes_of(&folder).is_empty());
    assert!(!folder.exists());
    pod_address(&one);
}

fn pod_address(cluster: &Cluster) -> String {
    let namespace = cluster.namespace("meet");
    namespace.apply(POD);
    wait_until("the pod has an address", || {
        let status = &namespace.get("Pod", "web")["status"];
        status["podIP"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| status.clone())
    })
}

/// The command lines that name the folder of a run.
fn processes_of(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| command_line(entry.path()));
    lines
        .filter(|line| line.contains(folder.to_str().unwrap()))
        .collect()
}

fn command_line(process: PathBuf) -> Option<String> {
    Some(
        fs::read_to_string(process.join("cmdline"))
            .ok()?
            .replace('\0', " "),
    )
}

/// The processes whose variables hold this text.
fn processes_with(text: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let found = entries.filter(|entry| {
        let variables = fs::read(entry.path().join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&variables).contains(text)
    });
    found
        .map(|entry| command_line(entry.path()).unwrap_or_default())
        .collect()
}
