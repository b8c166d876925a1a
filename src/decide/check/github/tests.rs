use super::*;
use crate::model::Verdict;

fn facts() -> GitHubFacts {
    GitHubFacts {
        asked_for: "acme/hey".into(),
        repository: Fact::Told("Acme/hey".into()),
        by: By::FineGrained,
        contents: Fact::Told(()),
        deployments: Some(Fact::Told(())),
        comments: false,
        hooks: Some((Fact::Told(vec![hook()]), "PAGE".into())),
    }
}

fn hook() -> Hook {
    Hook {
        host: "webhook.buildkite.com".into(),
        is_buildkites: true,
        active: true,
        events: vec!["push".into(), "deployment".into()],
        last: Some(200),
    }
}

#[track_caller]
fn last(facts: &GitHubFacts, verdict: Verdict, says: &str) {
    let line = github(facts).pop().unwrap();
    assert_eq!(line.verdict, verdict, "{line:?}");
    assert!(format!("{line:?}").contains(says), "{line:?}");
}

#[test]
fn all_that_is_there_is_there() {
    let all = github(&facts());
    assert!(all.iter().all(|line| line.verdict == Verdict::There));
    assert_eq!(all.len(), 4);
}

#[test]
fn the_hook_is_judged_by_what_it_is_sent_and_answers() {
    let with = |hooks: Vec<Hook>| GitHubFacts {
        hooks: Some((Fact::Told(hooks), "PAGE".into())),
        ..facts()
    };
    let events = |events: &[&str]| events.iter().map(|it| (*it).to_owned()).collect();
    let off = Hook {
        active: false,
        ..hook()
    };
    last(&with(vec![off]), Verdict::Missing, "switch it on: PAGE");
    let pushes = Hook {
        events: events(&["push"]),
        ..hook()
    };
    last(
        &with(vec![pushes.clone()]),
        Verdict::Missing,
        "add Deployments",
    );
    let chat = Hook {
        host: "chat.example.com".into(),
        is_buildkites: false,
        ..hook()
    };
    let only = "only chat.example.com is sent";
    last(&with(vec![chat.clone()]), Verdict::Doubtful, only);
    last(
        &with(vec![chat.clone(), pushes.clone()]),
        Verdict::Doubtful,
        only,
    );
    last(
        &with(vec![chat, hook()]),
        Verdict::There,
        "webhook.buildkite.com",
    );
    let all = Hook {
        events: events(&["*"]),
        ..hook()
    };
    last(
        &with(vec![pushes.clone(), all]),
        Verdict::There,
        "buildkite",
    );
    let of_others = Hook {
        is_buildkites: false,
        ..pushes
    };
    last(
        &with(vec![of_others]),
        Verdict::Doubtful,
        "unless Buildkite's",
    );
    last(&with(vec![]), Verdict::Doubtful, "PAGE");
    let failing = Hook {
        last: Some(500),
        ..hook()
    };
    last(&with(vec![failing]), Verdict::Doubtful, "with 500");
    let hidden = Some((Fact::Refused("404".into()), "PAGE".into()));
    let hidden = GitHubFacts {
        hooks: hidden,
        ..facts()
    };
    last(&hidden, Verdict::Unknown, "PAGE");
}

#[test]
fn a_classic_token_is_told_with_its_scopes_or_that_it_has_none() {
    let of = |scopes: &str| {
        let by = By::Scopes(scopes.into());
        format!("{:?}", github(&GitHubFacts { by, ..facts() })[0])
    };
    assert!(of("repo, gist").contains("a token with the scopes repo, gist"));
    assert!(of("").contains("a token without scopes"));
}

#[test]
fn comments_are_known_of_an_app_and_of_a_classic_token_alone() {
    let of = |by| GitHubFacts {
        by,
        comments: true,
        hooks: None,
        ..facts()
    };
    last(&of(By::App), Verdict::There, "");
    last(&of(By::FineGrained), Verdict::Unknown, "");
    last(&of(By::Scopes("gist, repo".into())), Verdict::There, "");
    last(
        &of(By::Scopes("repo_deployment".into())),
        Verdict::Missing,
        "",
    );
}

#[test]
fn a_repository_that_nobody_shows_is_missing_and_one_that_was_renamed_is_told() {
    let of = |repository| {
        github(&GitHubFacts {
            repository,
            ..facts()
        })
        .remove(0)
    };
    for (fact, advice) in [
        (Fact::Refused("404".into()), "give a token"),
        (Fact::Silent("down".into()), "may reach GitHub"),
    ] {
        let line = of(fact);
        assert_eq!(line.verdict, Verdict::Missing);
        assert!(line.advice.unwrap().contains(advice));
    }
    let renamed = of(Fact::Told("acme/hello".into()));
    assert_eq!(renamed.verdict, Verdict::Doubtful);
    assert!(renamed.advice.unwrap().contains("acme/hello"));
}
