//! The cluster that the settings name.

use super::forge;
use crate::{
    clients::cluster::Cluster,
    report::Report,
    settings::{ClusterOptions, Sources, UsageError},
};

/// A door to the cluster; nothing is asked of it yet. A mistake is told with the option that it is
/// in, as the user wrote it.
pub(super) async fn connect(
    options: &ClusterOptions,
    sources: &Sources,
    report: &Report,
) -> anyhow::Result<Cluster> {
    let (kubeconfig, context) = (options.kubeconfig.clone(), options.kube_context.clone());
    let namespace = options.namespace.clone();
    let patience = forge::patience("the cluster", report);
    let connected = Cluster::connect(kubeconfig, context, namespace, patience).await;
    connected.map_err(|error| match error.setting() {
        Some(option) => UsageError(format!("{}: {}", sources.spell(option), error.reason())).into(),
        None => error.into(),
    })
}
