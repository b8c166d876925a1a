//! Asks GitHub for the deployment of a branch.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::queue_deploy()
}
