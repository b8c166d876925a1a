//! Everything that a deploy is decided by, read before anything is touched.

use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};

use super::super::{
    Start,
    address::{self, Expectation},
    connect::connect,
    forge,
    here::Here,
    releases::{self, Manner, Planned},
    statuses::Statuses,
};
use crate::{
    clients::{
        cluster::Cluster,
        github::{GitHub, RepositoryFacts},
        helm::Helm,
    },
    decide::Expected,
    model::{Branch, Commit, Deployment, Environment, Facts, Halt, Releases, branch_values},
    report::Report,
    settings::{AddressOptions, Ci, HelmApply, Landing, Sources, UsageError},
};

/// What a deploy works with, and what it is to do.
pub(in super::super) struct Gathered {
    pub github: GitHub,
    pub repository: RepositoryFacts,
    pub cluster: Cluster,
    pub helm: Helm,
    pub lock_duration: Duration,
    pub lock_timeout: Duration,
    pub plan: Plan,
}

impl Gathered {
    /// Where the deploy's statuses go.
    pub(super) fn statuses(&self) -> Statuses<'_> {
        Statuses {
            github: &self.github,
            deployment: self.plan.deployment,
            log_url: self.plan.log_url.as_deref(),
        }
    }
}

/// What a deploy is to do.
pub(in super::super) struct Plan {
    pub environment: Environment,
    pub commit: Commit,
    pub deployment: Option<u64>,
    pub deployed_by: Option<String>,
    pub keep_until: Option<DateTime<Utc>>,
    pub log_url: Option<String>,
    pub url: Option<String>,
    pub answer: Option<Expectation>,
    pub releases: Vec<Planned>,
    pub manner: Manner,
    pub max_environments: Option<usize>,
    /// Whether this is a job of a Buildkite build.
    pub in_build: bool,
}

impl Plan {
    /// Which commit of which branch goes where, in one line.
    pub(super) fn heading(&self) -> String {
        let Environment { branch, tier, .. } = &self.environment;
        let deployment = self
            .deployment
            .map(|id| format!(" (deployment {id})"))
            .unwrap_or_default();
        format!(
            "Deploying {branch} at {} → {} on {tier}{deployment}",
            self.commit.short(),
            self.environment.name()
        )
    }
}

/// What is landed, wherever it was told.
struct Wanted {
    branch: Branch,
    commit: Commit,
    deployment: Option<u64>,
    migrate: bool,
    keep_for: Option<Duration>,
    deployed_by: Option<String>,
}

/// Reads all of it; none for a deployment that is none of ours.
pub(super) async fn gather(
    start: &Start<HelmApply>,
    report: &Report,
) -> Option<anyhow::Result<Gathered>> {
    gathered(start, report).await.transpose()
}

async fn gathered(start: &Start<HelmApply>, report: &Report) -> anyhow::Result<Option<Gathered>> {
    let settings = &start.settings;
    let here = Here::of(start, report)?;
    let ci = &here.ci;
    let options = &settings.github;
    let (app, tier) = settings.app.place();
    let repository = options.repository(ci)?;
    let github = forge::connect(options, forge::DEPLOYING, repository, &here).await?;
    let Some(wanted) = wanted(settings, ci, &github).await? else {
        report.note(&format!(
            "the deployment is none of {}'s on {}: nothing to do",
            app, tier
        ));
        return Ok(None);
    };
    let repository = github.repository().await?;
    let environment = Environment {
        app: app.clone(),
        tier: tier.to_owned(),
        branch: wanted.branch.clone(),
        repository_id: repository.id,
    };
    let cluster = connect(&settings.cluster, &start.sources, report).await?;
    let (program, timeout) = (settings.helm.helm.clone(), settings.helm.helm_timeout);
    let charts = settings.releases.iter().map(|release| &release.chart);
    let secrets = charts.fold(github.secrets().clone(), |secrets, chart| {
        secrets.with_those_in(chart)
    });
    let (found, capabilities) = tokio::join!(
        Helm::find(program, cluster.target().clone(), timeout, secrets),
        cluster.capabilities(),
    );
    // An old API server does not tell: then charts find what Helm itself knows.
    let helm = found?.knowing(capabilities.unwrap_or_default());
    if settings.adopt {
        helm.may_adopt()?;
    }
    let plan = plan(settings, &start.sources, ci, environment, wanted, &helm).await?;
    Ok(Some(Gathered {
        github,
        repository,
        cluster,
        helm,
        lock_duration: settings.lock.lock_duration,
        lock_timeout: settings.lock.lock_timeout,
        plan,
    }))
}

/// The deployment's payload, or what the CI and flags tell; none for a deployment of another app,
/// tier or tool.
async fn wanted(settings: &HelmApply, ci: &Ci, github: &GitHub) -> anyhow::Result<Option<Wanted>> {
    let id = match settings.landing(ci)? {
        Landing::Deployment(id) => id,
        Landing::Commit(branch, commit) => {
            return Ok(Some(Wanted {
                branch,
                commit,
                deployment: None,
                migrate: settings.migrate,
                keep_for: settings.keep_for,
                deployed_by: ci.creator(),
            }));
        }
    };
    let Some(deployment) = github.deployment(id).await? else {
        bail!(Halt::usage(format!(
            "GitHub shows no deployment {id}: is it of another repository, or has the token no \
             access (deployments: read)?"
        )));
    };
    from_deployment(settings, ci, &deployment)
}

fn from_deployment(
    settings: &HelmApply,
    ci: &Ci,
    deployment: &Deployment,
) -> anyhow::Result<Option<Wanted>> {
    let (app, tier) = settings.app.place();
    if let Some(reason) = deployment.flaw(app, tier) {
        let id = deployment.id;
        return Err(Halt::usage(format!("the payload of deployment {id}: {reason}")).into());
    }
    let Some(payload) = deployment.ours(app, tier) else {
        return Ok(None);
    };
    let keep_for = payload
        .keep_for
        .as_deref()
        .map(humantime::parse_duration)
        .transpose();
    let keep_for = keep_for.map_err(|reason| {
        let id = deployment.id;
        Halt::usage(format!(
            "the payload of deployment {id}: keep_for: {reason}"
        ))
    })?;
    Ok(Some(Wanted {
        branch: payload.branch,
        commit: payload.commit,
        deployment: Some(deployment.id),
        migrate: payload.migrate || settings.migrate,
        keep_for: settings.keep_for.or(keep_for),
        deployed_by: payload.deployed_by.or_else(|| ci.creator()),
    }))
}

async fn plan(
    settings: &HelmApply,
    sources: &Sources,
    ci: &Ci,
    environment: Environment,
    wanted: Wanted,
    helm: &Helm,
) -> anyhow::Result<Plan> {
    let mistake = |option, reason| UsageError(format!("{}: {reason}", sources.spell(option)));
    let Laid {
        facts,
        url,
        answer,
        releases,
    } = lay_out(settings, sources, &environment, &wanted.commit)?;
    let deployed_by = wanted.deployed_by;
    let values = branch_values(&facts, wanted.migrate, deployed_by.as_deref());
    let releases = releases::plan(helm, &releases, &facts, &values).await?;
    let keep_until = keep_until(wanted.keep_for).map_err(|reason| mistake("keep-for", reason))?;
    Ok(Plan {
        environment,
        commit: wanted.commit,
        deployment: wanted.deployment,
        deployed_by,
        keep_until,
        log_url: settings.lock.log_url(ci),
        url,
        answer,
        releases,
        manner: Manner {
            history_max: settings.history_max,
            skip_openapi_validation: settings.skip_openapi_validation,
            adopt: settings.adopt,
            max_restarts: settings.max_restarts,
        },
        max_environments: settings.max_environments,
        in_build: ci.buildkite.is_job(),
    })
}

/// What the settings make of a commit of a branch.
pub(in super::super) struct Laid {
    pub facts: Facts,
    pub url: Option<String>,
    pub answer: Option<Expectation>,
    pub releases: Releases,
}

/// Fills in the settings' templates.
///
/// # Errors
/// What is wrong with the settings, of the option that it is in.
pub(in super::super) fn lay_out(
    settings: &HelmApply,
    sources: &Sources,
    environment: &Environment,
    commit: &Commit,
) -> Result<Laid, UsageError> {
    let mistake = |option, reason| UsageError(format!("{}: {reason}", sources.spell(option)));
    let place = (&environment.app, environment.tier.as_str());
    let facts = Facts::new(place, &environment.branch, commit);
    let (facts, url, answer) = match &settings.url {
        Some(template) => {
            let url = template.address(&facts);
            let url = url.map_err(|reason| mistake("url", reason))?;
            let host = address::host_of(&url);
            let facts = facts.with_address(&url, &host);
            let answer = expectation(&settings.address, &url, &facts);
            let answer = answer.map_err(|(option, reason)| mistake(option, reason))?;
            (facts, Some(url), Some(answer))
        }
        None => (facts.with_address("", ""), None, None),
    };
    let releases = Releases::new(environment, settings.releases.clone());
    Ok(Laid {
        facts,
        url,
        answer,
        releases: releases.map_err(|reason| mistake("releases", reason))?,
    })
}

fn keep_until(keep_for: Option<Duration>) -> Result<Option<DateTime<Utc>>, String> {
    let Some(time) = keep_for else {
        return Ok(None);
    };
    let time = TimeDelta::from_std(time).ok();
    let until = time.and_then(|time| Utc::now().checked_add_signed(time));
    until
        .map(Some)
        .ok_or_else(|| "no calendar reaches that far".to_owned())
}

/// What counts as an answer of `url`, which must be one that can be asked for.
fn expectation(
    options: &AddressOptions,
    url: &str,
    facts: &Facts,
) -> Result<Expectation, (&'static str, String)> {
    let path = &options.health_path;
    let asked = address::health_url(url, path).map_err(|error| ("url", format!("{error:#}")))?;
    if !matches!(asked.scheme(), "http" | "https") || asked.host_str().is_none() {
        let reason = format!("`{url}` is no http or https address with a host");
        return Err(("url", reason));
    }
    let header = options.expect_header.as_ref().map(|header| {
        let value = header.value.fill(facts);
        value.map(|value| (header.name.clone(), value))
    });
    let header = header.transpose();
    let header = header.map_err(|reason| ("expect-header", reason))?;
    Ok(Expectation {
        url: asked,
        answer: Expected {
            statuses: options.expect_status.clone(),
            header,
            text: options.expect_text.clone(),
        },
        times: options.expect_times,
        timeout: options.address_timeout,
        limit: address::LIMIT,
        dns: options.dns.clone(),
    })
}
