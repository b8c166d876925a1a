//! Killed at any point, the next run converges, and a sweep finds all of it.
//!
//! The points are found, not written down: a run that nobody disturbs passes a front before the API
//! server and GitHub's stand-in, and each request that it sends, itself or by its Helm, is one; so are
//! begin and end of each Helm that it starts. Then it is killed at each, by itself alone.

mod children;
mod matrix;
pub mod points;

use serde_json::Value;
use testbed::tools::Tool;

use self::matrix::{Scenario, steady};
use crate::{
    objects::{config_map, hook, objects, stuck},
    site::{Program, Site},
};

/// What is up before, and what is deployed over it.
fn app(name: &str) -> Value {
    objects(&[config_map("both"), config_map(name)])
}

fn deploy(site: &Site, helm: Tool, deployment: u64, name: &str) -> Program {
    site.helm_apply(helm, deployment).release(&app(name))
}

/// Deploys what the scenario's own deploy finds.
fn up(site: &Site, helm: Tool) {
    let first = site.push("new");
    let deploy = deploy(site, helm, first, "before");
    steady(deploy).run().ends_with(0);
}

/// A deploy that fails in the middle, and leaves what the next has to repair.
fn broken(site: &Site, helm: Tool, deployment: u64) -> Program {
    let broken = objects(&[config_map("broken"), stuck("gate")]);
    let deploy = site.helm_apply(helm, deployment).release(&broken);
    deploy.env("BRANCH_DEPLOYS_HELM_TIMEOUT", "2s")
}

#[test]
fn a_first_deploy_that_is_killed_anywhere_converges() {
    matrix::run(&Scenario {
        name: "first-deploy",
        prepare: |site, _| site.push("new"),
        killed: |site, helm, deployment| deploy(site, helm, deployment, "after"),
        status: 0,
    });
}

#[test]
fn an_upgrade_that_is_killed_anywhere_converges() {
    matrix::run(&Scenario {
        name: "upgrade",
        prepare: |site, helm| {
            up(site, helm);
            site.push("new")
        },
        killed: |site, helm, deployment| deploy(site, helm, deployment, "after"),
        status: 0,
    });
}

#[test]
fn an_upgrade_that_fails_and_is_killed_anywhere_converges() {
    matrix::run(&Scenario {
        name: "failed-upgrade",
        prepare: |site, helm| {
            up(site, helm);
            site.push("new")
        },
        killed: broken,
        status: 4,
    });
}

#[test]
fn a_repair_that_is_killed_anywhere_converges() {
    matrix::run(&Scenario {
        name: "repair",
        prepare: |site, helm| {
            up(site, helm);
            let second = site.push("new");
            steady(broken(site, helm, second)).run().ends_with(4);
            site.push("new")
        },
        killed: |site, helm, deployment| deploy(site, helm, deployment, "after"),
        status: 0,
    });
}

#[test]
fn a_deploy_that_is_killed_while_its_migration_runs_converges() {
    matrix::run(&Scenario {
        name: "migration",
        prepare: |site, _| site.push("new"),
        killed: |site, helm, deployment| {
            let migration = hook("migrate", "pre-install,pre-upgrade", "");
            let app = objects(&[migration, config_map("both"), config_map("after")]);
            site.helm_apply(helm, deployment).release(&app)
        },
        status: 0,
    });
}

#[test]
fn a_sweep_that_is_killed_anywhere_is_finished() {
    matrix::run(&Scenario {
        name: "sweep",
        prepare: |site, helm| {
            let deployment = site.push("new");
            steady(deploy(site, helm, deployment, "after"))
                .run()
                .ends_with(0);
            site.repository.delete_branch("new");
            deployment
        },
        killed: |site, helm, _| site.sweep_deleted(helm, "new"),
        status: 0,
    });
}

#[test]
fn a_sweep_that_is_killed_anywhere_while_helm_runs_the_hooks_is_finished() {
    matrix::run(&Scenario {
        name: "sweep-with-hooks",
        prepare: |site, helm| {
            let deployment = site.push("new");
            let hooks = ["pre-delete", "post-delete"].map(|when| hook(when, when, ""));
            let app = objects(&[&[config_map("both")], &hooks[..]].concat());
            let deploy = site.helm_apply(helm, deployment).release(&app);
            steady(deploy).run().ends_with(0);
            site.repository.delete_branch("new");
            deployment
        },
        killed: |site, helm, _| site.sweep_deleted(helm, "new"),
        status: 0,
    });
}
