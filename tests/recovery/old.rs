//! What an earlier run left, made by Helm itself.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};
use testbed::{
    Cluster,
    tools::{self, Tool},
    wait_until,
};

use crate::{
    objects::{hook, objects},
    site::{Ran, Site, chart},
};

/// The branch's release, and the name of its record.
pub const RELEASE: &str = "hey-new";

/// Spares Helm half of its time, and nothing that is tested here.
const FAST: &str = "--disable-openapi-validation";

/// A branch whose release was made by Helm itself, labelled as by us.
pub struct Old {
    pub site: Site,
    pub tool: Tool,
}

impl Old {
    pub fn new(tool: Tool) -> Self {
        let site = Site::new("recovery");
        Self { site, tool }
    }

    /// `helm upgrade --install` of these objects, which succeeds.
    #[track_caller]
    pub fn up(&self, wanted: &[Value]) -> &Self {
        let output = self.upgrade(wanted, &[]).wait_with_output().unwrap();
        self.succeeded(&output, true)
    }

    /// The same, which fails.
    #[track_caller]
    pub fn fails(&self, wanted: &[Value]) -> &Self {
        let output = self.upgrade(wanted, &[]).wait_with_output().unwrap();
        self.succeeded(&output, false)
    }

    /// The same, killed while it waits for a Deployment that is stuck.
    #[track_caller]
    pub fn is_killed(&self, wanted: &[Value]) -> &Self {
        let mut helm = self.upgrade(wanted, &["--wait"]);
        let stuck = wanted.last().unwrap()["metadata"]["name"].as_str().unwrap();
        wait_until("Helm waits", || {
            self.site
                .namespace
                .find("Deployment", stuck)
                .ok_or("not yet")
        });
        helm.kill().unwrap();
        helm.wait().unwrap();
        self
    }

    /// The same, killed while it waits for this hook, which ends by itself then.
    #[track_caller]
    pub fn is_killed_in(&self, hook: Value, wanted: &[Value]) -> &Self {
        let mut helm = self.upgrade(&[&[hook], wanted].concat(), &[]);
        let pod = self.site.wait_for_pod();
        helm.kill().unwrap();
        helm.wait().unwrap();
        self.let_go(&pod)
    }

    /// An upgrade from `first` to `second` in the middle of which somebody rolls back: both say that
    /// they succeeded, and both revisions are `deployed`.
    #[track_caller]
    pub fn is_rolled_back_in_the_middle(&self, first: &[Value], second: &[Value]) -> &Self {
        self.up(first);
        let migrate = hook("migrate", "pre-upgrade", "testbed/hold");
        let helm = self.upgrade(&[&[migrate], second].concat(), &[]);
        let pod = self.site.wait_for_pod();
        self.helm(&["rollback", RELEASE, "1"]).let_go(&pod);
        self.succeeded(&helm.wait_with_output().unwrap(), true);
        self.revisions_are(&[(1, "superseded"), (2, "deployed"), (3, "deployed")]);
        self
    }

    /// Lets the held pod of a hook end.
    pub fn let_go(&self, pod: &str) -> &Self {
        let namespace = &self.site.namespace;
        namespace.annotate("Pod", pod, "testbed/hold", None);
        self
    }

    /// Any other command of Helm's, which succeeds.
    #[track_caller]
    pub fn helm(&self, arguments: &[&str]) -> &Self {
        let output = self.command(arguments).output().unwrap();
        self.succeeded(&output, true)
    }

    /// Any other command of Helm's, which fails.
    #[track_caller]
    pub fn helm_fails(&self, arguments: &[&str]) -> &Self {
        let output = self.command(arguments).output().unwrap();
        self.succeeded(&output, false)
    }

    /// Somebody deleted the Secret of a revision.
    pub fn forget(&self, revision: u32) -> &Self {
        self.site.namespace.delete("Secret", &secret(revision));
        self
    }

    /// The first revision got a status that Helm itself never stores.
    pub fn mark(&self, status: &str) -> &Self {
        let change = |body: &mut Value| body["info"]["status"] = json!(status);
        self.site.rewrite(&secret(1), change);
        let labels = json!({"metadata": {"labels": {"status": status}}});
        self.site.namespace.patch("Secret", &secret(1), &labels);
        self
    }

    /// Sees that Helm was brought to where the test wants it.
    #[track_caller]
    pub fn is_left(&self, status: &str) -> &Self {
        assert_eq!(self.status().as_deref(), Some(status));
        self
    }

    #[track_caller]
    pub fn revisions_are(&self, expected: &[(u32, &str)]) {
        let found = self.site.namespace.release_revisions(RELEASE);
        let found: Vec<_> = found
            .iter()
            .map(|(version, status)| (*version, status.as_str()))
            .collect();
        assert_eq!(found, expected);
    }

    pub fn uid(&self, kind: &str, name: &str) -> Value {
        self.site.namespace.get(kind, name)["metadata"]["uid"].clone()
    }

    /// `helm-apply` of these objects, after which no others are there.
    #[track_caller]
    pub fn deploy(&self, wanted: &[Value]) -> Ran {
        self.deploy_by(&self.real(), wanted)
    }

    /// The path of the real Helm.
    pub fn real(&self) -> PathBuf {
        tools::get(self.tool).expect("the testbed has both Helms")
    }

    /// A Helm whose first rollback fails, as by a trouble of the cluster that passes.
    pub fn clumsy(&self) -> PathBuf {
        let text = format!(
            "#!/bin/sh\n[ $1 = rollback ] && mkdir $0.once && echo 'Error: no leader' >&2 && exit 1\n\
             exec {} \"$@\"\n",
            self.real().display()
        );
        self.site.script("clumsy", &text)
    }

    /// The same as [`Self::deploy`], by a certain Helm.
    #[track_caller]
    pub fn deploy_by(&self, helm: &Path, wanted: &[Value]) -> Ran {
        let deployment = self.site.push("new");
        let deploy = self
            .site
            .helm_apply(self.tool, deployment)
            .env("BRANCH_DEPLOYS_HELM", helm)
            .args(["--skip-openapi-validation"])
            .release(&objects(wanted));
        let ran = deploy.run().ends_with(0);
        self.is_left("deployed");
        let mut names: Vec<_> = wanted
            .iter()
            .filter(|object| object["kind"] == "ConfigMap")
            .map(|object| object["metadata"]["name"].as_str().unwrap())
            .collect();
        names.push("kube-root-ca.crt");
        assert_eq!(self.site.namespace.objects("ConfigMap"), names, "{ran}");
        assert_eq!(self.site.namespace.objects("Deployment"), [""; 0], "{ran}");
        ran
    }

    /// `sweep-deleted` of the branch, which was never pushed here: nothing of it is there afterwards.
    #[track_caller]
    pub fn sweep(&self) -> Ran {
        let sweep = self.site.sweep_deleted(self.tool, "new");
        let ran = sweep.run().ends_with(0);
        assert_eq!(
            self.site.namespace.inventory(),
            [""; 0],
            "{:?}: {ran}",
            self.tool
        );
        ran
    }

    fn status(&self) -> Option<String> {
        let newest = self.site.namespace.release_revisions(RELEASE).pop();
        newest.map(|(_, status)| status)
    }

    fn upgrade(&self, wanted: &[Value], more: &[&str]) -> Child {
        let labels = format!(
            "branch-deploys/app=hey,branch-deploys/tier=beta,branch-deploys/slug=new,\
             branch-deploys/repository-id={}",
            self.site.repository.id()
        );
        let chart = chart("objects");
        let upgrade = [
            "upgrade",
            "--install",
            RELEASE,
            &chart,
            "--values",
            "-",
            FAST,
        ];
        let mut command = self.command(&upgrade);
        command
            .args(["--labels", &labels])
            .args(more)
            .stdin(Stdio::piped());
        let mut helm = command.spawn().unwrap();
        let values = json!({"objects": wanted}).to_string();
        helm.stdin
            .take()
            .unwrap()
            .write_all(values.as_bytes())
            .unwrap();
        helm
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let helm = tools::helm(self.tool, Cluster::shared().kubeconfig());
        let mut command = helm.expect("the testbed has both Helms");
        command
            .args(arguments)
            .args(["--namespace", self.site.namespace.name()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    #[track_caller]
    fn succeeded(&self, output: &Output, expected: bool) -> &Self {
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), expected, "{:?}: {said}", self.tool);
        self
    }
}

fn secret(revision: u32) -> String {
    format!("sh.helm.release.v1.{RELEASE}.v{revision}")
}
