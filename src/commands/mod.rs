//! One for each binary: gather → decide → print → act → record.

mod address;
mod branches;
mod build_gate;
mod check;
mod connect;
mod deploy;
mod environments;
mod explain;
mod farewell;
mod follow;
mod forge;
mod forgotten;
mod gate;
mod helm_apply;
mod here;
mod hooks;
mod link;
mod lock;
mod outputs;
mod owners;
mod queue;
mod queue_deploy;
mod releases;
mod removal;
mod rollout;
mod site;
mod statuses;
mod stop;
mod survey;
mod sweep_deleted;
mod sweep_stale;
mod teardown;
mod work_tree;

use std::{future::Future, io::Write, process::ExitCode};

use clap::{CommandFactory, FromArgMatches};

use crate::{
    clients::{
        cluster::{self, ClusterError},
        helm,
    },
    model::{Ending, Halt},
    report,
    settings::{self, Log, Program, Sources, UsageError, Variables},
};

/// What a command is started with.
pub struct Start<T> {
    /// Its settings.
    pub settings: T,
    /// Where each came from, to name options as the user wrote them.
    pub sources: Sources,
    /// The process's environment variables.
    pub variables: Variables,
}

/// `build-gate`.
pub fn build_gate() -> ExitCode {
    main(build_gate::run)
}

/// `deploy`.
pub fn deploy() -> ExitCode {
    main(deploy::run)
}

/// `environments`.
pub fn environments() -> ExitCode {
    in_cluster(environments::run)
}

/// `helm-apply`.
pub fn helm_apply() -> ExitCode {
    in_cluster(helm_apply::run)
}

/// `queue-deploy`.
pub fn queue_deploy() -> ExitCode {
    main(queue_deploy::run)
}

/// `sweep-deleted`.
pub fn sweep_deleted() -> ExitCode {
    in_cluster(sweep_deleted::run)
}

/// `sweep-stale`.
pub fn sweep_stale() -> ExitCode {
    in_cluster(sweep_stale::run)
}

/// [`main`] for a command that goes to the cluster: it may be its own guardian of Helm or of a
/// credential plugin, and what is wrong with the kubeconfig is a setting. Apart from the rest, so that no program links a client of
/// Kubernetes that has no use for one.
fn in_cluster<T, F>(command: impl FnOnce(Start<T>) -> F) -> ExitCode
where
    T: CommandFactory + FromArgMatches,
    F: Future<Output = anyhow::Result<Ending>>,
{
    if let Some(status) = helm::guardian_if_started().or_else(cluster::plugin_if_started) {
        return status;
    }
    main(|start| async {
        let ended = command(start).await;
        ended.map_err(|error| match error.downcast_ref::<ClusterError>() {
            Some(cluster) if cluster.is_setup() => Halt::usage(format!("{error:#}")).into(),
            Some(_) | None => error,
        })
    })
}

/// Reads the settings, runs the command, and turns its ending into an exit status. An error is
/// printed here, once.
fn main<T, F>(command: impl FnOnce(Start<T>) -> F) -> ExitCode
where
    T: CommandFactory + FromArgMatches,
    F: Future<Output = anyhow::Result<Ending>>,
{
    let (arguments, variables) = settings::process();
    let (log, in_action) = (Log::of(&variables), settings::is_action(&variables));
    let handed_on = variables.clone();
    let end = |ended: anyhow::Result<Ending>| {
        let ending = ended.unwrap_or_else(|error| {
            eprintln!("{}", report::error(&format!("{error:#}"), log));
            let ending = ending(&error);
            outputs::tell_state(ending, &handed_on);
            ending
        });
        // The job is no failure where a newer one takes over, and a workflow knows no soft one.
        let is_fine = in_action && ending == Ending::Superseded;
        ExitCode::from(if is_fine { 0 } else { ending.status() })
    };
    let start = match Program::read(arguments, &variables) {
        Ok(Program::Run(settings, sources)) => Start {
            settings,
            sources,
            variables,
        },
        Ok(Program::Print(text)) => {
            // A reader that has gone wants no more of it.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => return end(Err(error.into())),
    };
    // Fails only where one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    end(runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(command(start));
        // A name that is still looked up, on a thread of its own, holds nobody up.
        runtime.shutdown_background();
        ended
    }))
}

/// How an error ends the command: as its [`Halt`] says, by a wrong setting, or else as a failure.
fn ending(error: &anyhow::Error) -> Ending {
    if let Some(halt) = error.downcast_ref::<Halt>() {
        return halt.ending;
    }
    if error.downcast_ref::<UsageError>().is_some() {
        return Ending::Usage;
    }
    Ending::Failed
}

/// What failed side by side as one error, which ends the command as the worst of it does.
fn together(failures: Vec<(String, anyhow::Error)>) -> anyhow::Result<()> {
    let endings = failures.iter().map(|(_, error)| ending(error));
    let Some(ending) = endings.reduce(Ending::worse) else {
        return Ok(());
    };
    let told = failures
        .iter()
        .map(|(what, error)| format!("{what}: {error:#}"));
    let message = told.collect::<Vec<_>>().join("; ");
    Err(Halt { ending, message }.into())
}
