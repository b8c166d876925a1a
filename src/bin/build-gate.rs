//! Waits until the base image of a commit is there.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::build_gate()
}
