//! Removes the environment of a branch that was deleted.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::sweep_deleted()
}
