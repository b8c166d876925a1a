//! Deploys the branch that is checked out, and follows it until its address answers.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::deploy()
}
