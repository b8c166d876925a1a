//! What the programs need that go to the cluster. Apart from the others, which link no client of
//! Kubernetes.

use super::{Here, buildkite, charts, cluster, dns, gate, github};
use crate::{
    clients::cluster::Cluster,
    commands::{
        Start,
        connect::connect,
        environments::app_to_adopt,
        forge,
        helm_apply::{Laid, lay_out},
        stop::Stop,
    },
    decide::check::Use,
    model::{Ending, Environment, Line, Object, Secrets},
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
    let lines = async {
        let cluster = connect(&settings.cluster, here.sources, here.report).await?;
        let in_cluster = async {
            let (helm, charts, made) = rendered(settings, &cluster, &laid).await;
            let cluster = cluster::lines(&cluster, Use::Deploy, made.as_deref()).await;
            [cluster, vec![helm], charts].concat()
        };
        let address = async {
            match laid.answer.as_ref().and_then(|it| it.url.host_str()) {
                Some(host) => dns::lines(host, &settings.address.dns).await,
                None => Vec::new(),
            }
        };
        let needs = github::Needs {
            rights: forge::DEPLOYING,
            hooks: false,
        };
        let (github, in_cluster, dns) = tokio::join!(
            github::lines(&settings.github, &needs, &repository, &here),
            in_cluster,
            address,
        );
        Ok([github?, in_cluster, dns].concat())
    };
    here.look("helm-apply", stop, lines).await
}

/// The line about Helm, those about the charts, and what these make.
async fn rendered(
    settings: &HelmApply,
    cluster: &Cluster,
    laid: &Laid,
) -> (Line, Vec<Line>, Option<Vec<Object>>) {
    let charts = settings.releases.iter().map(|release| &release.chart);
    let secrets = charts.fold(Secrets::default(), |secrets, chart| {
        secrets.with_those_in(chart)
    });
    let (line, helm) = charts::helm(&settings.helm, cluster.target().clone(), secrets).await;
    let (lines, made) = charts::charts(helm.as_ref(), laid).await;
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
    let needs = github::Needs {
        // The build that sweeps says what became of the deployments.
        rights: if via.is_some() {
            forge::READING
        } else {
            forge::DEPLOYING
        },
        hooks: false,
    };
    let lines = async {
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
                (None, None) => Ok(Vec::new()),
            }
        };
        let (github, elsewhere) = tokio::join!(
            github::lines(&settings.github, &needs, &repository, &here),
            elsewhere,
        );
        Ok([github?, elsewhere?].concat())
    };
    here.look("sweep-deleted", stop, lines).await
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
    let needs = github::Needs {
        rights: if settings.comment {
            forge::ANNOUNCING
        } else {
            forge::DEPLOYING
        },
        hooks: false,
    };
    let lines = async {
        let (github, cluster) = tokio::join!(
            github::lines(&settings.github, &needs, &repository, &here),
            sweeping(&settings.cluster, &settings.helm, &here),
        );
        Ok([github?, cluster?].concat())
    };
    here.look("sweep-stale", stop, lines).await
}

/// The lines about the cluster and Helm of a sweep.
async fn sweeping(
    options: &ClusterOptions,
    helm: &HelmOptions,
    here: &Here<'_>,
) -> anyhow::Result<Vec<Line>> {
    let cluster = connect(options, here.sources, here.report).await?;
    let (lines, (helm, _)) = tokio::join!(
        cluster::lines(&cluster, Use::Sweep, None),
        charts::helm(helm, cluster.target().clone(), Secrets::default()),
    );
    Ok([lines, vec![helm]].concat())
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
    let lines = async {
        let needs = github::Needs {
            rights: forge::READING,
            hooks: false,
        };
        let github = async {
            match &repository {
                Some(repository) => {
                    github::lines(&settings.github, &needs, repository, &here).await
                }
                None => Ok(Vec::new()),
            }
        };
        let cluster = async {
            let cluster = connect(&settings.cluster, here.sources, here.report).await?;
            anyhow::Ok(cluster::lines(&cluster, used, None).await)
        };
        let (github, cluster) = tokio::join!(github, cluster);
        Ok([github?, cluster?].concat())
    };
    here.look("environments", stop, lines).await
}
