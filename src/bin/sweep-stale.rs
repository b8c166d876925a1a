//! Removes environments that are too old, or whose branch is gone.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::sweep_stale()
}
