//! What a program needs at Buildkite.

use crate::model::{Fact, Line};

/// What was found about a pipeline whose builds are read or started.
#[derive(Debug, Clone)]
pub struct BuildkiteFacts {
    /// As organization/pipeline.
    pub pipeline: String,
    /// The token's scopes.
    pub scopes: Fact<Vec<String>>,
    /// The scopes that are needed.
    pub needed: &'static [&'static str],
    /// Whether builds of the pipeline are shown.
    pub shown: Fact<()>,
}

/// The settings of the pipeline that GitHub's deployments start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployPipeline {
    /// What starts its builds.
    pub trigger_mode: Option<String>,
    /// Whether statuses of deployments start builds too.
    pub builds_on_statuses: Option<bool>,
    /// Whether a newer build ends one that waits, or runs.
    pub drops_builds: bool,
    /// Whether it builds the repository that is deployed; none where its address tells no repository.
    pub is_of_repository: Option<bool>,
}

const SCOPES: &str = "Buildkite: token";

/// The lines about a pipeline whose builds are read or started.
pub fn buildkite(facts: &BuildkiteFacts) -> Vec<Line> {
    let what = format!("Buildkite: pipeline {}", facts.pipeline);
    let pipeline = match &facts.shown {
        Fact::Told(()) => Line::there(what, "its builds are shown"),
        Fact::Refused(words) => Line::missing(what, words, SPELT),
        Fact::Silent(why) => Line::unknown(what, why),
    };
    vec![token(&facts.scopes, facts.needed), pipeline]
}

const SPELT: &str = "write it as in its address, organization/pipeline, and let the token see that \
                     organization";

fn token(scopes: &Fact<Vec<String>>, needed: &[&str]) -> Line {
    let all = needed.join(", ");
    let advice =
        format!("make an API token with the scopes {all} and set BUILDKITE_API_TOKEN to it");
    let scopes = match scopes {
        Fact::Told(scopes) => scopes,
        Fact::Refused(words) | Fact::Silent(words) => {
            return Line::missing(SCOPES, words, advice);
        }
    };
    let lacks = needed
        .iter()
        .filter(|scope| !scopes.iter().any(|it| it == *scope));
    let lacks: Vec<_> = lacks.copied().collect();
    match lacks[..] {
        [] => Line::there(SCOPES, format!("it has {all}")),
        _ => Line::missing(SCOPES, format!("it lacks {}", lacks.join(", ")), advice),
    }
}

/// The lines about the pipeline that GitHub's deployments start. Nobody fails for lack of a token that
/// only a check would use.
pub fn deploy_pipeline(pipeline: &str, found: &Fact<DeployPipeline>) -> Vec<Line> {
    let what = format!("Buildkite: deploy pipeline {pipeline}");
    let found = match found {
        Fact::Told(found) => found,
        Fact::Refused(words) => return vec![Line::missing(what, words, SPELT)],
        Fact::Silent(why) => return vec![Line::unknown(what, why)],
    };
    let settings = format!("https://buildkite.com/{pipeline}/settings");
    let mut lines = vec![match found.trigger_mode.as_deref() {
        Some("deployment") => Line::there(&what, "its trigger_mode is deployment"),
        Some(other) => Line::missing(
            &what,
            format!("its trigger_mode is {other}: no deployment starts a build"),
            format!("set trigger_mode to deployment: {settings}"),
        ),
        None => Line::unknown(&what, "Buildkite tells no trigger_mode of it"),
    }];
    if found.builds_on_statuses == Some(true) {
        lines.push(Line::missing(
            &what,
            "build_deployment_status_created is on: each status that a deploy posts starts a build",
            format!("switch it off: {settings}"),
        ));
    }
    if found.drops_builds {
        lines.push(Line::doubtful(
            &what,
            "it skips or cancels intermediate builds, in the middle of a migration too",
            format!("leave both off: {settings}"),
        ));
    }
    if found.is_of_repository == Some(false) {
        lines.push(Line::missing(
            &what,
            "it is of another repository",
            "give the pipeline that builds this one's deployments",
        ));
    }
    lines
}

/// The line about that pipeline where the token is of no use to anybody: whoever set it thinks that it is.
pub fn useless(pipeline: &str, why: &str) -> Line {
    Line::doubtful(
        format!("Buildkite: deploy pipeline {pipeline}"),
        why,
        "give --check a token that Buildkite takes, with the scope read_pipelines, or none",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;

    #[test]
    fn a_token_without_a_scope_is_told_which() {
        let of = |scopes: Fact<Vec<String>>| token(&scopes, &["read_builds", "write_builds"]);
        let lacking = of(Fact::Told(vec!["read_builds".into()]));
        assert_eq!(lacking.verdict, Verdict::Missing);
        assert_eq!(lacking.found, "it lacks write_builds");
        let all = vec![
            "write_builds".into(),
            "graphql".into(),
            "read_builds".into(),
        ];
        assert_eq!(of(Fact::Told(all)).verdict, Verdict::There);
        assert_eq!(of(Fact::Silent("down".into())).verdict, Verdict::Missing);
    }

    #[test]
    fn a_pipeline_is_told_of_as_far_as_its_builds_are_shown() {
        let of = |shown| {
            let lines = buildkite(&BuildkiteFacts {
                pipeline: "acme/hey".into(),
                scopes: Fact::Told(vec!["read_builds".into()]),
                needed: &["read_builds"],
                shown,
            });
            lines.iter().map(|line| line.verdict).collect::<Vec<_>>()
        };
        for (shown, verdict) in [
            (Fact::Told(()), Verdict::There),
            (Fact::Refused("404".into()), Verdict::Missing),
            (Fact::Silent("down".into()), Verdict::Unknown),
        ] {
            assert_eq!(of(shown), [Verdict::There, verdict]);
        }
    }

    #[test]
    fn a_deploy_pipeline_is_started_by_deployments_and_by_nothing_else() {
        let good = DeployPipeline {
            trigger_mode: Some("deployment".into()),
            builds_on_statuses: Some(false),
            drops_builds: false,
            is_of_repository: Some(true),
        };
        let verdicts = |found: DeployPipeline| {
            let lines = deploy_pipeline("acme/d", &Fact::Told(found));
            lines.iter().map(|line| line.verdict).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(good.clone()), [Verdict::There]);
        let code = DeployPipeline {
            trigger_mode: Some("code".into()),
            ..good.clone()
        };
        assert_eq!(verdicts(code), [Verdict::Missing]);
        let silent = DeployPipeline {
            trigger_mode: None,
            ..good.clone()
        };
        assert_eq!(verdicts(silent), [Verdict::Unknown]);
        let looping = DeployPipeline {
            builds_on_statuses: Some(true),
            ..good.clone()
        };
        assert_eq!(verdicts(looping), [Verdict::There, Verdict::Missing]);
        let dropping = DeployPipeline {
            drops_builds: true,
            ..good.clone()
        };
        assert_eq!(verdicts(dropping), [Verdict::There, Verdict::Doubtful]);
        let of_another = DeployPipeline {
            is_of_repository: Some(false),
            ..good
        };
        assert_eq!(verdicts(of_another), [Verdict::There, Verdict::Missing]);
    }
}
