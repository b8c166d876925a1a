//! The story, chapter by chapter. A chapter that does not come out as told is an error.

mod failure;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use testbed::{buildkite::Build, github::DeploymentState, wait_until};

use super::{address::Address, builds::Telling, stage::Stage, tell};

const BRANCH: &str = "feature/new-inbox";

/// Releases whose web pods run, but are never ready.
const HELD: &str = r#"
- {name: redis, chart: charts/redis}
- {name: mail, chart: charts/mail}
- chart: charts/app
  values: [config/beta.yaml, {web: {podAnnotations: {testbed/never-ready: "true"}}}]
  needs: [redis, mail]"#;

/// One branch's story on a stage.
pub struct Story {
    stage: Stage,
    /// The name of the environment, and of its main release.
    name: String,
    address: Address,
}

impl Story {
    /// The story of the branch, which is not pushed yet.
    pub fn on(stage: Stage) -> Self {
        let slug = branch_deploys::model::Slug::of(&BRANCH.parse().expect("Git takes it"));
        let port = stage.cluster.load_balancer().port();
        Self {
            stage,
            name: format!("hey-{slug}"),
            address: Address::new(&format!("{slug}.beta.example.com"), port),
        }
    }

    /// The first push: a CI build, a deployment, a deploy build, and a link.
    pub fn goes_up(&self) -> Result<()> {
        tell::title("1. Somebody pushes feature/new-inbox");
        self.stage.laptop.switch_to_new(BRANCH)?;
        let begun = Instant::now();
        let commit = self.push("Show an inbox")?;
        let ci = self.stage.ci.await_build(|build| build.commit == commit);
        let queued = Telling::of(&ci, "beta-deploy").until_ended("passed")?;
        queued.line("base-image has passed")?;
        tell::say("GitHub's webhook brings the deployment to Buildkite.");
        let deploy = self.deploy_build(&commit);
        let told = Telling::of(&deploy, "deploy").until_ended("passed")?;
        let (app, _) = told.line(&format!("{}: installing", self.name))?;
        for companion in ["redis", "mail"] {
            let up = format!("{}--{companion}: revision 1 is up", self.name);
            let (up, _) = told.line(&up)?;
            ensure!(up < app, "the app was begun before {companion} was up");
        }
        tell::fact(&format!(
            "From the push to the link in {:.1} s; Redis and mail were up before the app was begun",
            begun.elapsed().as_secs_f64()
        ));
        self.answers(&commit)?;
        self.is_shown_on_github(&deploy)
    }

    /// The second push: its job is killed in the middle, and the next one repairs what it left.
    pub fn is_killed_and_converges(&self) -> Result<()> {
        tell::title("2. A second push, and its job is killed in the middle");
        tell::say("This time the web pods are held unready, so that the middle lasts.");
        let (commit, build) = self.push_and_hold("Sort the inbox")?;
        let mut held = Telling::of(&build, "deploy");
        wait_until("the upgrade is in its middle", || {
            held.more();
            self.is_in_the_middle()
        });
        ensure!(self.stage.helm_processes()? > 0, "no Helm runs");
        let killed = Instant::now();
        self.stage.kill("helm-apply")?;
        held.until_ended("failed")?;
        tell::say("SIGKILL. The program had no time for a last word.");
        wait_until("Helm is gone too", || match self.stage.helm_processes() {
            Ok(0) => Ok(()),
            Ok(left) => Err(format!("{left} processes")),
            Err(error) => Err(error.to_string()),
        });
        tell::fact(&format!(
            "Its Helm did not outlive it: gone within {:.1} s",
            killed.elapsed().as_secs_f64()
        ));
        tell::fact(&format!("What it left to Helm: {}", self.history()));
        tell::say("\nSomebody presses Retry, and nobody repairs anything:");
        self.stage.release();
        build.job("deploy").retry();
        let told = Telling::of(&build, "deploy").until_ended("passed")?;
        let (_, repair) = told.line("rolling back to revision")?;
        tell::fact(&format!(
            "It repaired what was left: {}",
            repair.trim_start_matches("[…] ")
        ));
        tell::fact(&format!("Helm's history now: {}", self.history()));
        self.answers(&commit)?;
        self.is_shown_on_github(&build)
    }

    /// A push that is not waited out by the next one.
    pub fn is_overtaken(&self) -> Result<()> {
        tell::title("3. A push, and another one before it is up");
        let (_, first) = self.push_and_hold("Search the inbox")?;
        wait_until("the upgrade is in its middle", || self.is_in_the_middle());
        self.stage.release();
        let commit = self.push("Search it faster")?;
        let second = self.deploy_build(&commit);
        Telling::of(&second, "deploy").until_ended("passed")?;
        let told = Telling::of(&first, "deploy").until_ended("failed")?;
        told.line("Superseded by deployment")?;
        tell::fact("The older one gave way, and says how to go back on purpose");
        self.answers(&commit)
    }

    /// A developer deploys what is checked out, with its migrations.
    pub fn is_deployed_from_a_laptop(&self) -> Result<()> {
        tell::title("5. The migrations, from a laptop");
        let tree = self.stage.laptop.work_tree();
        let ran = self.stage.start("deploy", &["beta", "-m"], &[], &tree)?;
        let ran = ran.wait()?.ended_with(0)?;
        ran.line("Deploy success! App URL:")?;
        let jobs = self.stage.namespace.objects("Job");
        let migration = format!("{}-migrate", self.name);
        ensure!(jobs.contains(&migration), "no migration ran: {jobs:?}");
        tell::fact(&format!(
            "The migration ran, before the app's pods: {migration}"
        ));
        Ok(())
    }

    /// What is up, for whoever asks.
    pub fn is_listed(&self) -> Result<()> {
        tell::title("6. What is up?");
        let tree = self.stage.laptop.work_tree();
        // As on a terminal of this width: it is a pipe that it writes to.
        let narrow = [("COLUMNS", "80")];
        let ran = self.stage.start("environments", &[], &narrow, &tree)?;
        ran.wait()?.ended_with(0)?.line(BRANCH)?;
        Ok(())
    }

    /// A token that lost access gets 404 for everything, as if the branch were deleted.
    pub fn a_blind_sweep_is_refused(&self) -> Result<()> {
        tell::title("7. A sweep whose token lost access");
        tell::say("To that token GitHub says 404 for everything: the branch looks deleted.\n");
        let permissions = testbed::github::Permissions::named("stranger").only(&[]);
        let blind = self.stage.github.token(permissions);
        let before = self.stage.namespace.inventory();
        let ran = self.sweep(&[("GITHUB_TOKEN", blind.as_str())])?;
        ran.ended_with(1)?.line("nothing is removed")?;
        let after = self.stage.namespace.inventory();
        ensure!(
            before == after,
            "the sweep changed something: {before:?}, {after:?}"
        );
        tell::fact(&format!(
            "Refused, status 1; all {} objects are still there",
            after.len()
        ));
        Ok(())
    }

    /// The branch is deleted, and nothing of it is left.
    pub fn is_deleted_and_gone(&self) -> Result<()> {
        tell::title("8. The branch is deleted");
        let before = self.stage.namespace.inventory().len();
        let event = self.stage.laptop.delete(BRANCH)?;
        tell::say("Had the event got lost, the daily sweep would find it:\n");
        let tree = self.stage.laptop.work_tree();
        let ran = self
            .stage
            .start("sweep-stale", &["--dry-run"], &[], &tree)?;
        ran.wait()?.ended_with(0)?.line("its branch is gone")?;
        tell::say("GitHub starts the workflow on `delete`, whose step is our Action.\n");
        let ran = self.stage.start_workflow(&event)?.wait()?.ended_with(0)?;
        let left = self.stage.namespace.inventory();
        ensure!(
            left.is_empty(),
            "still in the namespace: {}",
            left.join(", ")
        );
        tell::fact(&format!(
            "{before} objects were in the namespace, and now: nothing ({:.1} s)",
            ran.time.as_secs_f64()
        ));
        let deployments = self.stage.repository.deployments();
        let mut active = deployments.iter();
        let active = active.find(|one| one.state() != Some(DeploymentState::Inactive));
        ensure!(active.is_none(), "still active on GitHub: {active:?}");
        tell::fact(&format!(
            "All {} deployments on GitHub are inactive",
            deployments.len()
        ));
        Ok(())
    }

    /// Leaves it up to be looked at, until Ctrl-C.
    pub fn stays_until_interrupted(self) -> Result<()> {
        tell::title("The environment stays up");
        self.address.show();
        println!(
            "export KUBECONFIG={}",
            self.stage.cluster.kubeconfig().display()
        );
        println!(
            "kubectl -n {} get all,ingresses,leases\n",
            self.stage.namespace.name()
        );
        tell::say("Ctrl-C takes all of it away.");
        self.stage.cluster.block_on(tokio::signal::ctrl_c())?;
        drop(self);
        println!();
        tell::fact("The cluster is gone, and its files with it");
        Ok(())
    }

    fn sweep(&self, more: &[(&str, &str)]) -> Result<super::program::Ran> {
        let tree = self.stage.laptop.work_tree();
        let arguments = ["--branch", BRANCH];
        self.stage
            .start("sweep-deleted", &arguments, more, &tree)?
            .wait()
    }

    /// Commits and pushes: the commit.
    fn push(&self, message: &str) -> Result<String> {
        let commit = self.stage.laptop.work(BRANCH, message)?;
        tell::say(&format!("Jane pushes {}: {message}.", &commit[..7]));
        Ok(commit)
    }

    /// The same, with pods that are never ready: the commit, and its deploy build.
    fn push_and_hold(&self, message: &str) -> Result<(String, Build)> {
        self.stage.hold(HELD);
        let commit = self.push(message)?;
        let build = self.deploy_build(&commit);
        Ok((commit, build))
    }

    /// The deploy build that a commit's CI build brings about.
    fn deploy_build(&self, commit: &str) -> Build {
        self.stage
            .deploy
            .await_build(|build| build.commit == commit)
    }

    /// Asks for the address, and sees that this commit answers.
    fn answers(&self, commit: &str) -> Result<()> {
        let (status, body) = self.stage.cluster.block_on(self.address.fetch())?;
        let url = &self.address.url;
        ensure!(status == 200, "{url} answers {status}");
        let told = format!("COMMIT: {commit}");
        ensure!(body.contains(&told), "{url} is not of {commit}: {body}");
        let commit = &commit[..7];
        tell::fact(&format!("{url} answers {status}, with commit {commit}:"));
        tell::quote(body.lines().next().context("the answer is empty")?);
        Ok(())
    }

    /// The pull request's "View deployment" leads to the address, also by Buildkite's last word.
    fn is_shown_on_github(&self, build: &Build) -> Result<()> {
        build.await_finished();
        let id = build.data().deployment.context("it deploys something")?.id;
        let shown = |deployment: &testbed::github::Deployment| {
            let last = deployment.statuses.last();
            deployment.id == id
                && last.is_some_and(|last| {
                    last.state == DeploymentState::Success
                        && last.creator.login == "buildkite[bot]"
                        && last.environment_url.contains(&self.address.host)
                })
        };
        self.stage.repository.wait_for_deployment(shown);
        tell::fact("GitHub shows success, and the address behind \"View deployment\"");
        Ok(())
    }

    /// Whether Helm waits for the new web pods.
    fn is_in_the_middle(&self) -> Result<(), String> {
        let pods = self.stage.namespace.objects("Pod");
        let web = pods
            .iter()
            .filter(|pod| pod.starts_with(&format!("{}-web-", self.name)));
        let revisions = self.stage.namespace.release_revisions(&self.name);
        let upgrading = revisions
            .iter()
            .any(|(_, status)| status == "pending-upgrade");
        if upgrading && web.count() > 1 {
            Ok(())
        } else {
            Err(format!("{revisions:?}, {pods:?}"))
        }
    }

    /// Helm's revisions of the app.
    fn history(&self) -> String {
        let revisions = self.stage.namespace.release_revisions(&self.name);
        let told = revisions
            .iter()
            .map(|(number, status)| format!("{number} {status}"));
        told.collect::<Vec<_>>().join(", ")
    }
}
