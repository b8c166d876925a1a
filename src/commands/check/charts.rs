//! Renders the charts, as a deploy does before it begins.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::{
    clients::{cluster::Target, helm::Helm},
    commands::{helm_apply::Laid, releases},
    decide::check,
    model::{Fact, Line, Object, Secrets, branch_values},
    settings::HelmOptions,
};

/// The line about Helm, and Helm where it is there and may do what it is to: to render, for which it asks no
/// cluster.
pub(super) async fn helm(
    options: &HelmOptions,
    namespace: &str,
    secrets: Secrets,
    adopts: bool,
) -> (Line, Option<Helm>) {
    let target = Target {
        kubeconfig: None,
        context: None,
        namespace: namespace.to_owned(),
    };
    let (program, timeout) = (options.helm.clone(), options.helm_timeout);
    let found = Helm::find(program, target, timeout, secrets).await;
    let able = found.and_then(|helm| match adopts {
        true => helm.may_adopt().map(|()| helm),
        false => Ok(helm),
    });
    match able {
        Ok(helm) => {
            let version = Fact::Told(helm.version().to_owned());
            (check::helm(&version), Some(helm))
        }
        Err(error) => (check::helm(&Fact::Refused(format!("{error:#}"))), None),
    }
}

/// What the charts make, if each renders.
pub(super) struct Made {
    /// Whatever a deploy asks for.
    pub always: Vec<Object>,
    /// Beside that, where it asks for migrations.
    pub to_migrate: Vec<Object>,
}

/// A line for each chart, and what they make: for a deploy that `migrates`, or for any.
pub(super) async fn charts(
    helm: Option<&Helm>,
    laid: &Laid,
    migrates: bool,
) -> (Vec<Line>, Option<Made>) {
    let rendered = rendered(helm, laid, migrates).await;
    let count = |objects: Vec<Object>| objects.len();
    let mut lines: Vec<_> = rendered
        .iter()
        .map(|(name, rendered)| check::chart(name, &rendered.clone().map(count)))
        .collect();
    let made: Option<Vec<_>> = rendered.into_iter().map(|(_, it)| told(it)).collect();
    let Some(always) = made.map(|it| it.concat()) else {
        return (lines, None);
    };
    let mut to_migrate = Vec::new();
    if !migrates {
        for (name, rendered) in self::rendered(helm, laid, true).await {
            match rendered {
                Fact::Told(objects) => to_migrate.extend(objects),
                Fact::Refused(why) | Fact::Silent(why) => {
                    lines.push(check::unmigrated(&name, &why));
                }
            }
        }
    }
    let keys: BTreeSet<_> = always.iter().map(|object| &object.key).collect();
    to_migrate.retain(|object| !keys.contains(&object.key));
    (lines, Some(Made { always, to_migrate }))
}

fn told<T>(fact: Fact<T>) -> Option<T> {
    match fact {
        Fact::Told(it) => Some(it),
        Fact::Refused(_) | Fact::Silent(_) => None,
    }
}

/// Each chart's name, and what it renders to.
async fn rendered(
    helm: Option<&Helm>,
    laid: &Laid,
    migrates: bool,
) -> Vec<(String, Fact<Vec<Object>>)> {
    let values = branch_values(&laid.facts, migrates, None);
    let rendered = laid.releases.iter().map(async |release| match helm {
        Some(helm) => {
            let name = helm.mask(&release.settings.chart);
            let rendered = releases::render(helm, release, &laid.facts, &values).await;
            match rendered {
                Ok(planned) => (name, Fact::Told(planned.objects)),
                Err(error) => (name, Fact::Refused(format!("{error:#}"))),
            }
        }
        None => {
            let name = Secrets::default().with_those_in(&release.settings.chart);
            let name = name.mask(&release.settings.chart);
            (name, Fact::Silent("not rendered: there is no Helm".into()))
        }
    });
    join_all(rendered).await
}
