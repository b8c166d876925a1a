//! Makes the environment of a branch.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::helm_apply()
}
