//! What is to go up, with all that Helm is told of it.

use anyhow::bail;
use futures::future::join_all;
use serde_json::Value;

use crate::{
    clients::helm::{Chart, Helm, Outcome},
    model::{Facts, Halt, Object, Release, Releases, objects},
};

/// A release with all that Helm is told of it.
#[derive(Debug)]
pub(in crate::commands) struct Planned {
    pub release: Release,
    pub chart: Chart,
    pub values: Value,
    /// What the chart renders to, without a cluster.
    pub objects: Vec<Object>,
}

/// Renders every chart with its values: a chart that is missing, or does not render, is found
/// before anything is touched.
pub(in crate::commands) async fn plan(
    helm: &Helm,
    releases: &Releases,
    facts: &Facts,
    branch_values: &Value,
) -> anyhow::Result<Vec<Planned>> {
    let planned = releases
        .iter()
        .map(|release| render(helm, release, facts, branch_values));
    join_all(planned).await.into_iter().collect()
}

/// Renders the chart of one release.
pub(in crate::commands) async fn render(
    helm: &Helm,
    release: &Release,
    facts: &Facts,
    branch_values: &Value,
) -> anyhow::Result<Planned> {
    let values = release.document(facts, branch_values).map_err(|reason| {
        Halt::usage(format!(
            "the values of the release {}: {reason}",
            release.name
        ))
    })?;
    let chart = Chart {
        reference: release.settings.chart.clone(),
        shown: helm.mask(&release.settings.chart),
        version: release.settings.version.clone(),
        value_files: release.value_files().map(str::to_owned).collect(),
    };
    let outcome = helm.template(&release.name, &chart, &values).await?;
    if !outcome.success {
        bail!(Halt::usage(does_not_render(release, &chart, &outcome)));
    }
    let objects = objects(&outcome.stdout)
        .map_err(|reason| Halt::usage(format!("the chart {chart} renders to no YAML: {reason}")))?;
    Ok(Planned {
        release: release.clone(),
        chart,
        values,
        objects,
    })
}

fn does_not_render(release: &Release, chart: &Chart, outcome: &Outcome) -> String {
    let complaint = outcome.complaint();
    let refuses = complaint.contains("additional properties 'global' not allowed")
        || complaint.contains("Additional property global is not allowed");
    if refuses && release.settings.branch_values {
        return format!(
            "the chart {chart} refuses `global`, in which it would learn of the branch: allow it in \
             values.schema.json, or give the release `branch-values: false`"
        );
    }
    format!("the chart {chart} does not render: {complaint}")
}
