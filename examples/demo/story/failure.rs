//! The chapter in which the app itself is broken.

use anyhow::{Context as _, Result, ensure};
use testbed::github::DeploymentState;

use super::{Story, tell};
use crate::builds::Telling;

/// Releases whose app ends as soon as it starts.
const BROKEN: &str = r#"
- {name: redis, chart: charts/redis}
- {name: mail, chart: charts/mail}
- chart: charts/app
  needs: [redis, mail]
  values:
    - config/beta.yaml
    - web:
        podAnnotations:
          testbed/fail: "true"
          testbed/fail-container: app
          testbed/restart-after: 1s
          testbed/log: |
            => Booting Puma
            bin/rails aborted!
            KeyError: key not found: "SMTP_PASSWORD""#;

impl Story {
    /// A push that cannot come up: its build says why, and ends before Helm's time is up. The next push
    /// mends it.
    pub fn fails_and_says_why(&self) -> Result<()> {
        tell::title("4. A push whose app crashes on start");
        self.stage.hold(BROKEN);
        let commit = self.push("Send what was pinned")?;
        let build = self.deploy_build(&commit);
        let told = Telling::of(&build, "deploy").until_ended("failed")?;
        told.line("exit status 1")?;
        told.line("KeyError: key not found")?;
        let id = build.data().deployment.context("it deploys something")?.id;
        let deployment = self.stage.repository.deployment(id);
        let ours = deployment.statuses.iter().rev();
        let mut ours = ours.filter(|it| it.description.starts_with("branch-deploys:"));
        let last = ours.next().context("it has a status of ours")?;
        ensure!(
            last.state == DeploymentState::Failure,
            "it is {}",
            last.description
        );
        tell::fact("GitHub shows the failure, and why, in one sentence:");
        tell::quote(&last.description);
        self.stage.release();
        let commit = self.push("Send it without a password")?;
        let build = self.deploy_build(&commit);
        Telling::of(&build, "deploy").until_ended("passed")?;
        self.answers(&commit)
    }
}
