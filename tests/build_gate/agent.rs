//! What the agent says in a job of the very build.

use testbed::registry::Login;

use super::site::Site;
use crate::site::Program;

/// An agent that knows one step, in this state and with this outcome.
fn agent(site: &Site, state: &str, outcome: &str) {
    let text = format!(
        "#!/bin/sh\n\
         case \"$*\" in\n\
         'step get state --step base-image') printf {state} ;;\n\
         'step get outcome --step base-image') printf {outcome} ;;\n\
         *) echo 'Failed to get step: 404 Not Found' >&2; exit 1 ;;\n\
         esac\n"
    );
    site.script("buildkite-agent", &text);
}

fn in_job(site: &Site) -> Program {
    site.build_gate()
        .env("BUILDKITE_JOB_ID", "0199")
        .env("BUILDKITE_BRANCH", "new")
        .env("BUILDKITE_COMMIT", &site.commit)
        .env("BUILDKITE_ORGANIZATION_SLUG", "acme")
        .env("BUILDKITE_PIPELINE_SLUG", "hey")
        .env(
            "BUILDKITE_BUILD_URL",
            "https://buildkite.com/acme/hey/builds/7",
        )
}

#[test]
fn in_a_job_of_the_same_build_the_agent_is_asked_without_a_token() {
    let site = Site::new(Login::Password);
    for (outcome, status) in [("passed", 0), ("hard_failed", 1), ("soft_failed", 1)] {
        agent(&site, "finished", outcome);
        let program = in_job(&site).args(["--step", "base-image"]);
        program.run().ends_with(status).says("builds/7");
        let program = in_job(&site).args(["--step", "base-image", "--pipeline", "acme/hey"]);
        program.run().ends_with(status);
    }
}

#[test]
fn a_key_that_no_step_of_the_build_has_is_a_clear_failure() {
    let site = Site::new(Login::Password);
    agent(&site, "finished", "passed");
    let program = in_job(&site).args(["--step", "base-imgae"]);
    program
        .run()
        .ends_with(1)
        .says("no step of this build has the key base-imgae");
}

#[test]
fn another_builds_step_is_not_asked_of_the_agent() {
    let site = Site::new(Login::Password);
    agent(&site, "finished", "passed");
    let other = "b".repeat(40);
    in_job(&site)
        .args(["--step", "base-image"])
        .env("BUILDKITE_COMMIT", &other)
        .run()
        .refuses(2, "--pipeline is missing");
    in_job(&site)
        .args(["--step", "base-image", "--pipeline", "acme/other"])
        .run()
        .refuses(2, "BUILDKITE_API_TOKEN is missing");
}
