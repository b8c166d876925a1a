//! Renders the charts, as a deploy does before it begins.

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

/// A line for each chart, and all objects that they render to, if each does.
pub(super) async fn charts(helm: Option<&Helm>, laid: &Laid) -> (Vec<Line>, Option<Vec<Object>>) {
    // With what a chart makes to migrate: any deploy may ask for it.
    let values = branch_values(&laid.facts, true, None);
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
    let mut made = Some(Vec::new());
    let mut lines = Vec::new();
    for (name, rendered) in join_all(rendered).await {
        lines.push(check::chart(
            &name,
            &rendered.clone().map(|it: Vec<_>| it.len()),
        ));
        match (rendered, &mut made) {
            (Fact::Told(objects), Some(made)) => made.extend(objects),
            (Fact::Told(_), None) => {}
            (Fact::Refused(_) | Fact::Silent(_), _) => made = None,
        }
    }
    (lines, made)
}
