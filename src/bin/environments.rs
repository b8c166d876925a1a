//! Shows which environments are up, keeps one, takes one over.

fn main() -> std::process::ExitCode {
    branch_deploys::commands::environments()
}
