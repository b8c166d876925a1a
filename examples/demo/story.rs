//! The story, chapter by chapter. A chapter that does not come out as told is an error.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use testbed::{github::DeploymentState, wait_until};

use super::{stage::Stage, tell};

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
    host: String,
}

impl Story {
    /// The story of the branch, which is not pushed yet.
    pub fn on(stage: Stage) -> Self {
        let slug = branch_deploys::model::Slug::of(&BRANCH.parse().expect("Git takes it"));
        Self {
            stage,
            name: format!("hey-{slug}"),
            host: format!("{slug}.beta.example.com"),
        }
    }

    /// The first push: Redis and mail go up, the app after them, and the address answers.
    pub fn goes_up(&self) -> Result<()> {
        tell::title("1. Somebody pushes feature/new-inbox");
        let (commit, deployment) = self.push()?;
        let ran = self
            .stage
            .start("helm-apply", &["--deployment", &deployment], &[])?;
        let ran = ran.wait()?.ended_with(0)?;
        let app = ran.line(&format!("{}: installing", self.name))?.0;
        for companion in ["redis", "mail"] {
            let up = ran
                .line(&format!("{}--{companion}: revision 1 is up", self.name))?
                .0;
            ensure!(up < app, "the app was begun before {companion} was up");
        }
        tell::fact(&format!(
            "Redis and mail were up before the app was begun; all took {:.1} s",
            ran.time.as_secs_f64()
        ));
        self.answers(&commit)?;
        self.is_shown_on_github(&deployment)
    }

    /// The second push: its job is killed in the middle, and the next run repairs what it left.
    pub fn is_killed_and_converges(&self) -> Result<()> {
        tell::title("2. A second push, and the job is killed in the middle of its deploy");
        let (commit, deployment) = self.push()?;
        tell::say("The new web pods are held unready, so that the middle lasts.\n");
        let arguments = ["--deployment", &deployment];
        let held = self.stage.start(
            "helm-apply",
            &arguments,
            &[("BRANCH_DEPLOYS_RELEASES", HELD)],
        )?;
        wait_until("the upgrade is in its middle", || self.is_in_the_middle());
        let before = self.stage.helm_processes()?;
        ensure!(before > 0, "no Helm runs in the middle of a deploy");
        let killed = Instant::now();
        held.kill()?;
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
        tell::say("\nThe CI starts the job once more, and nobody repairs anything:\n");
        let ran = self
            .stage
            .start("helm-apply", &arguments, &[])?
            .wait()?
            .ended_with(0)?;
        let (_, repair) = ran.line("rolling back to revision")?;
        tell::fact(&format!(
            "It repaired what was left: {}",
            repair.trim_start_matches("[…] ")
        ));
        tell::fact(&format!("Helm's history now: {}", self.history()));
        self.answers(&commit)?;
        self.is_shown_on_github(&deployment)
    }

    /// A token that lost access gets 404 for everything, as if the branch were deleted.
    pub fn a_blind_sweep_is_refused(&self) -> Result<()> {
        tell::title("3. A sweep whose token lost access");
        tell::say("To that token GitHub says 404 for everything: the branch looks deleted.\n");
        let permissions = testbed::github::Permissions::named("stranger").only(&[]);
        let blind = self.stage.github.token(permissions);
        let before = self.stage.namespace.inventory();
        let token = [("GITHUB_TOKEN", blind.as_str())];
        let ran = self
            .stage
            .start("sweep-deleted", &["--branch", BRANCH], &token)?;
        let ran = ran.wait()?.ended_with(1)?;
        ran.line("nothing is removed")?;
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
        tell::title("4. The branch is deleted");
        let before = self.stage.namespace.inventory().len();
        self.stage.repository.delete_branch(BRANCH);
        let ran = self
            .stage
            .start("sweep-deleted", &["--branch", BRANCH], &[])?
            .wait()?;
        let ran = ran.ended_with(0)?;
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
        let active = deployments
            .iter()
            .filter(|one| one.state() != Some(DeploymentState::Inactive));
        ensure!(
            active.count() == 0,
            "a deployment on GitHub is not inactive"
        );
        tell::fact(&format!(
            "All {} deployments on GitHub are inactive",
            deployments.len()
        ));
        Ok(())
    }

    /// Leaves it up to be looked at, until Ctrl-C.
    pub fn stays_until_interrupted(self) -> Result<()> {
        tell::title("The environment stays up");
        let port = self.port();
        println!("http://{}:{port}/\n", self.host);
        println!(
            "curl --resolve {0}:{port}:127.0.0.1 http://{0}:{port}/\n",
            self.host
        );
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

    /// Pushes, and queues the deployment as the CI's deploy step does: the commit and the id.
    fn push(&self) -> Result<(String, String)> {
        let commit = self.stage.repository.push(BRANCH);
        let id = self.stage.queue(BRANCH)?;
        tell::say(&format!(
            "Its CI asks GitHub for a deployment of {}: {id}.\n",
            &commit[..7]
        ));
        Ok((commit, id.to_string()))
    }

    /// Asks for the address, and sees that this commit answers.
    fn answers(&self, commit: &str) -> Result<()> {
        let url = format!("http://{}:{}/", self.host, self.port());
        let (status, body) = self.stage.cluster.block_on(self.fetch(&url))?;
        ensure!(status == 200, "{url} answers {status}");
        let told = format!("COMMIT: {commit}");
        ensure!(body.contains(&told), "{url} is not of {commit}: {body}");
        let first = body.lines().next().context("the answer is empty")?;
        tell::fact(&format!(
            "{url} answers {status}, with commit {}: `{first}`",
            &commit[..7]
        ));
        Ok(())
    }

    async fn fetch(&self, url: &str) -> Result<(u16, String)> {
        let balancer = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port()));
        let client = reqwest::Client::builder()
            .no_proxy()
            .resolve(&self.host, balancer)
            .build()?;
        let answer = client.get(url).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    fn port(&self) -> u16 {
        self.stage.cluster.load_balancer().port()
    }

    /// The pull request's "View deployment" leads to the address.
    fn is_shown_on_github(&self, deployment: &str) -> Result<()> {
        let deployment = self.stage.repository.deployment(deployment.parse()?);
        let last = deployment.statuses.last().context("no status was posted")?;
        ensure!(
            last.state == DeploymentState::Success,
            "GitHub shows {:?}",
            last.state
        );
        ensure!(
            last.environment_url.contains(&self.host),
            "GitHub shows no address"
        );
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
