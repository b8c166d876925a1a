use chrono::DateTime;

use super::*;
use crate::model::{Container, Event, Log};

fn crash() -> Trouble {
    Trouble {
        what: What::Exit {
            code: 3,
            reason: "Error".into(),
            message: String::new(),
            backs_off: true,
        },
        workload: "Deployment/hey-new".into(),
        hook: None,
        ready: Some((0, 2)),
        pod: Some("hey-new-6cb9-x".into()),
        container: Some(Container {
            name: "web".into(),
            image: "example.test/web:1".into(),
            restarts: 4,
            log: Some(Log::Previous),
        }),
        events: vec![Event {
            kind: "Pod".into(),
            object: "hey-new-6cb9-x".into(),
            warns: true,
            reason: "BackOff".into(),
            message: "Back-off restarting | failed container".into(),
            count: 5,
            at: DateTime::from_timestamp(1_795_000_000, 0),
            ..Event::default()
        }],
    }
}

fn explained(trouble: &Trouble, log: Option<Result<String, String>>) -> Explanation {
    let failure = Failure {
        release: "hey-new",
        namespace: "betas",
        trouble,
        also: &[],
        log,
        helm: Some("context deadline exceeded"),
        unseen: &["failed to list events: hush".to_owned()],
    };
    failure.explained(&Secrets::new(["hush".to_owned()]))
}

fn shown(explanation: &Explanation) -> String {
    let [facts, log, rest] = explanation.lines();
    let log = log.into_iter().map(|line| format!("| {line}"));
    let lines: Vec<_> = facts.into_iter().chain(log).chain(rest).collect();
    lines.join("\n")
}

#[test]
fn it_fits_a_screen_and_begins_with_what_tells_most() {
    let log: String = (0..99).map(|line| format!("line {line}\n")).collect();
    let explanation = explained(&crash(), Some(Ok(log + "hush: KeyError")));
    assert!(shown(&explanation).lines().count() <= 40);
    insta::assert_snapshot!(shown(&explanation));
}

#[test]
fn on_a_page_it_is_a_table_and_its_log_is_code() {
    let log = "a `b` | c\n```\n<b>".to_owned();
    insta::assert_snapshot!(explained(&crash(), Some(Ok(log))).markdown());
}

#[test]
fn each_trouble_has_its_sentence_and_what_to_try() {
    let text = |text: &str| text.to_owned();
    let pair = || (text("Reason"), text("words"));
    let (reason, message) = pair();
    let exit = |code, reason: &str| What::Exit {
        code,
        reason: reason.into(),
        message: String::new(),
        backs_off: false,
    };
    let image = |reason: &str, message: &str| What::Image {
        reason: reason.into(),
        message: message.into(),
    };
    let all = [
        image("ErrImagePull", "x: not found"),
        image("ErrImagePull", "403 Forbidden"),
        image("InvalidImageName", "no name"),
        exit(1, "Error"),
        exit(137, "OOMKilled"),
        exit(127, "Error"),
        exit(128, "StartError"),
        What::Start { reason, message },
        What::Job {
            reason: text("Reason"),
            message: text("words"),
        },
        What::Job {
            reason: text("DeadlineExceeded"),
            message: text("words"),
        },
        What::Lost {
            reason: text("Evicted"),
            message: text("words"),
        },
        What::NotMade(text("exceeded quota")),
        What::NotMade(text("refused")),
        What::Claim {
            name: text("data"),
            reason: text("ProvisioningFailed"),
            message: text("words"),
        },
        What::Claim {
            name: text("data"),
            reason: text("FailedBinding"),
            message: text("words"),
        },
        What::Unschedulable(text("no room")),
        What::Ingress {
            reason: text("FailedBuildModel"),
            message: text("words"),
            culprit: None,
        },
        What::Ingress {
            reason: text("FailedBuildModel"),
            message: text("words"),
            culprit: Some(text("Ingress betas/old")),
        },
        What::Waits {
            reason: text("FailedMount"),
            message: text("words"),
        },
        What::Runs,
        What::NotReady(Some(text("503"))),
        What::NotReady(None),
    ];
    let lines = all.into_iter().map(|what| {
        let explanation = explained(&Trouble { what, ..crash() }, None);
        format!("{}\n  {}", explanation.summary, explanation.advice)
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_no_workload_of_the_releases_name_is_named() {
    let summary = |workload: &str, hook: Option<&str>| {
        let (workload, hook) = (workload.to_owned(), hook.map(str::to_owned));
        explained(
            &Trouble {
                workload,
                hook,
                ..crash()
            },
            None,
        )
        .summary
    };
    let says = "container web ends with status 3, restarted 4 times";
    assert_eq!(summary("Deployment/hey-new", None), says);
    let jobs = summary("Deployment/hey-new-jobs", None);
    assert_eq!(jobs, format!("Deployment/hey-new-jobs: {says}"));
    let hook = summary("Job/hey-new", Some("pre-upgrade"));
    assert_eq!(
        hook,
        format!("the hook Job/hey-new (pre-upgrade) fails: {says}")
    );
    let runs = Trouble {
        what: What::Runs,
        workload: "Job/hey-new".into(),
        hook: Some("pre-upgrade".into()),
        ..crash()
    };
    let says = "the hook Job/hey-new (pre-upgrade) is not done in time";
    assert_eq!(explained(&runs, None).summary, says);
}

/// A status has 140 characters, and the names of the longest app and branch take as many.
#[test]
fn where_there_is_little_room_the_cause_stands_before_long_names() {
    let brief = |name: &str, hook: Option<&str>, what| {
        let (workload, hook) = (name.to_owned(), hook.map(str::to_owned));
        let trouble = Trouble {
            what,
            workload,
            hook,
            ..crash()
        };
        explained(&trouble, None).brief()
    };
    let exits = "container web ends with status 3, restarted 4 times";
    let says = format!("hey-new: Deployment/hey-new-web: {exits}");
    assert_eq!(brief("Deployment/hey-new-web", None, crash().what), says);
    let long = format!("Deployment/{}", "x".repeat(40));
    let says = format!("{exits} ({long})");
    assert_eq!(brief(&long, None, crash().what), says);
    let node = || What::Unschedulable("no room".into());
    let says = format!("a pod finds no node: no room ({long})");
    assert_eq!(brief(&long, None, node()), says);
    let job = format!("Job/{}", "x".repeat(40));
    let says = format!("a hook fails: {exits} ({job})");
    assert_eq!(brief(&job, Some("pre-upgrade"), crash().what), says);
    let says = format!("a hook is not done in time ({job})");
    assert_eq!(brief(&job, Some("pre-upgrade"), What::Runs), says);
}

#[test]
fn what_else_is_wrong_is_told_in_a_sentence_each_and_not_without_end() {
    let also: Vec<_> = ["nginx", "jobs", "cable", "mail", "cron"]
        .map(|name| Trouble {
            workload: format!("Deployment/{name}"),
            what: What::NotMade("exceeded quota\n::error::boo".into()),
            ..crash()
        })
        .into();
    let told = |count: usize| {
        let failure = Failure {
            release: "hey-new",
            namespace: "betas",
            trouble: &crash(),
            also: &also[..count],
            log: None,
            helm: None,
            unseen: &[],
        };
        let [facts, _, rest] = failure.explained(&Secrets::default()).lines();
        assert!(!facts.iter().any(|line| line.starts_with("also")));
        let also = rest.iter().filter_map(|line| line.strip_prefix("also"));
        also.map(|text| text.trim().to_owned()).collect::<Vec<_>>()
    };
    let said = |name: &str| {
        format!("Deployment/{name}: its pods are not made: exceeded quota ::error::boo")
    };
    assert_eq!(told(1), [said("nginx")]);
    let all = ["nginx", "jobs", "cable"].map(said);
    assert_eq!(told(3), all);
    assert_eq!(told(5)[..3], all);
    assert_eq!(told(5)[3..], ["2 more"]);
}
