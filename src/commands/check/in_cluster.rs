//! What the programs need that go to the cluster. Apart from the others, which link no client of
//! Kubernetes.

use super::{Here, at_once, buildkite, charts, cluster, dns, gate, github};
use crate::{
    clients::cluster::Capabilities,
    commands::{
        Start,
        connect::connect,
        environments::app_to_adopt,
        forge,
        helm_apply::{Laid, lay_out},
        stop::Stop,
    },
    decide::check::Use,
    model::{Ending, Environment, Line, Secrets},
    report::Report,
    settings::{
        Action, ClusterOptions, Environments, HelmApply, HelmOptions, SweepDeleted, SweepStale,
    },
};

/// What `helm-apply` needs.
pub(in super::super) async fn helm_apply(
    start: &Start<HelmApply>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    let repository = settings.github.repository(&here.ci)?;
    let (app, tier) = settings.app.place();
    let code = gate::code(settings.branch.as_ref(), settings.commit.as_ref(), &here.ci)?;
    let environment = Environment {
        app: app.clone(),
        tier: tier.to_owned(),
        branch: code.branch?,
        repository_id: 0,
    };
    let laid = lay_out(settings, here.sources, &environment, &code.commit)?;
    let needs = github::Needs::of(forge::DEPLOYING);
    let github = github::lines(&settings.github, &needs, &repository, &here);
    let in_cluster = async {
        let options = &settings.cluster;
        let cluster = connect(options, here.sources, here.report).await;
        let capabilities = match &cluster {
            Ok(cluster) => cluster.capabilities().await.unwrap_or_default(),
            Err(_) => Capabilities::default(),
        };
        let (helm, charts, made) = rendered(settings, &laid, capabilities).await;
        let lines = cluster::of(&cluster, options, Use::Deploy, made.as_ref()).await;
        [lines, vec![helm], charts].concat()
    };
    let address = async {
        match laid.answer.as_ref().and_then(|it| it.url.host_str()) {
            Some(host) => dns::lines(host, &settings.address.dns).await,
            None => Vec::new(),
        }
    };
    let lines = at_once(github, at_once(in_cluster, address));
    here.look("helm-apply", stop, lines).await
}

/// The line about Helm, those about the charts, and what these make.
async fn rendered(
    settings: &HelmApply,
    laid: &Laid,
    capabilities: Capabilities,
) -> (Line, Vec<Line>, Option<charts::Made>) {
    let charts = settings.releases.iter().map(|release| &release.chart);
    let secrets = charts.fold(Secrets::default(), |secrets, chart| {
        secrets.with_those_in(chart)
    });
    let namespace = &settings.cluster.namespace;
    let helm = charts::helm(&settings.helm, namespace, secrets, settings.adopt);
    let (line, helm) = helm.await;
    let helm = helm.map(|helm| helm.knowing(capabilities));
    let (lines, made) = charts::charts(helm.as_ref(), laid, settings.migrate).await;
    (line, lines, made)
}

/// What `sweep-deleted` needs.
pub(in super::super) async fn sweep_deleted(
    start: &Start<SweepDeleted>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    let repository = settings.github.repository(&here.ci)?;
    let via = settings.via_buildkite.as_ref();
    let needs = github::Needs::of(match via {
        // The build that sweeps says what became of the deployments.
        Some(_) => forge::READING,
        None => forge::DEPLOYING,
    });
    let github = github::lines(&settings.github, &needs, &repository, &here);
    let elsewhere = async {
        match (via, &settings.cluster) {
            (Some(pipeline), _) => {
                let needed: &[&str] = match settings.wait {
                    true => &["write_builds", "read_builds"],
                    false => &["write_builds"],
                };
                buildkite::builds(pipeline, &settings.buildkite, needed, &here).await
            }
            (None, Some(options)) => sweeping(options, &settings.helm, &here).await,
            (None, None) => Vec::new(),
        }
    };
    here.look("sweep-deleted", stop, at_once(github, elsewhere))
        .await
}

/// What `sweep-stale` needs.
pub(in super::super) async fn sweep_stale(
    start: &Start<SweepStale>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    let repository = settings.github.repository(&here.ci)?;
    let needs = github::Needs::of(match settings.comment {
        true => forge::ANNOUNCING,
        false => forge::DEPLOYING,
    });
    let github = github::lines(&settings.github, &needs, &repository, &here);
    let cluster = sweeping(&settings.cluster, &settings.helm, &here);
    here.look("sweep-stale", stop, at_once(github, cluster))
        .await
}

/// The lines about the cluster and Helm of a sweep.
async fn sweeping(options: &ClusterOptions, helm: &HelmOptions, here: &Here<'_>) -> Vec<Line> {
    let (lines, (helm, _)) = tokio::join!(
        cluster::lines(options, Use::Sweep, None, here),
        charts::helm(helm, &options.namespace, Secrets::default(), false),
    );
    [lines, vec![helm]].concat()
}

/// What `environments` needs, for what it is to do.
pub(in super::super) async fn environments(
    start: &Start<Environments>,
    stop: &Stop,
    report: &Report,
) -> anyhow::Result<Ending> {
    let here = Here::of(start, report)?;
    let settings = &start.settings;
    let used = match settings.action {
        Action::List => Use::List,
        Action::Keep => Use::Keep,
        Action::Adopt => Use::Adopt,
    };
    let repository = match settings.action {
        Action::Adopt => {
            app_to_adopt(settings)?;
            Some(settings.github.repository(&here.ci)?)
        }
        Action::List | Action::Keep => None,
    };
    let needs = github::Needs::of(forge::READING);
    let github = async {
        match &repository {
            Some(repository) => github::lines(&settings.github, &needs, repository, &here).await,
            None => Vec::new(),
        }
    };
    let cluster = cluster::lines(&settings.cluster, used, None, &here);
    here.look("environments", stop, at_once(github, cluster))
        .await
}
