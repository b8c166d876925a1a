//! docs/screens.md: what a person sees of a deploy, by running it. `INSTA_UPDATE=always` writes it anew.

use std::{fs, path::Path, time::Duration};

use regex::Regex;
use serde_json::{Value, json};
use testbed::{Cluster, tools::Tool, wait_until_within};

use crate::{
    helm_apply::early_end::say,
    site::{Program, Ran, Site},
};

const BRANCH: &str = "new-inbox";
const NAME: &str = "hey-new-inbox";

const BEGINNING: &str = "\
# Screens

What a person sees in the log of `helm-apply`, of the [example app](../examples/hey) on the testbed. A
test runs them and compares. Times, counts of restarts and events, the random endings of names, the
namespace and the port are made the same each time, and some lines of progress are left out. In Buildkite
and GitHub Actions headings fold, and what failed is unfolded; the page of the build or job shows the same
as a table.
";

/// A chapter of the page: what it is, in what it differs from an ordinary deploy, and what is seen.
struct Screen {
    title: &'static str,
    words: &'static str,
    seen: String,
}

#[test]
fn the_page_of_screens_shows_what_is_seen() {
    let screens = std::thread::scope(|scope| {
        let all = [good, crash, image, migration, address].map(|screen| scope.spawn(screen));
        all.map(|screen| screen.join().expect("the screen is as it should be"))
    });
    let chapters = screens.iter().map(|screen| {
        let Screen { title, words, seen } = screen;
        let lines = seen
            .lines()
            .map(|line| format!("    {line}").trim_end().to_owned() + "\n");
        format!("\n## {title}\n\n{words}\n\n{}", lines.collect::<String>())
    });
    let page = BEGINNING.to_owned() + &chapters.collect::<String>();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens.md");
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        fs::write(&path, &page).expect("it can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let lines = found.lines().zip(page.lines()).enumerate();
    let other = lines
        .filter(|(_, (found, made))| found != made)
        .map(|(number, (found, made))| {
            format!(
                "line {}: {made:?}, where docs/screens.md has {found:?}",
                number + 1
            )
        });
    let other = other.take(10).collect::<Vec<_>>().join("\n");
    assert!(found == page, "{other}\nThe page should be:\n{page}");
}

/// A deploy of the example app and its Redis, with these values of the app's.
fn deploy(site: &Site, values: &Value, more: &[&str]) -> Program {
    let port = Cluster::shared().load_balancer().port();
    let app = json!({"chart": "charts/app", "values": ["config/beta.yaml", values],
        "needs": ["redis"]});
    let mut program = site
        .helm_apply(Tool::Helm4, site.push(BRANCH))
        // Five at once on a slow machine would lose the lock of the other tests.
        .without("BRANCH_DEPLOYS_LOCK_DURATION")
        .release(&json!({"name": "redis", "chart": "charts/redis"}))
        .release(&app);
    let url = format!("http://{{slug}}.beta.example.com:{port}");
    program
        .0
        .args(["--url", &url, "--lookup", "ingress"])
        .args(more);
    program
}

fn web(annotations: Value) -> Value {
    json!({"web": {"podAnnotations": annotations}})
}

fn good() -> Screen {
    let site = Site::new("screen-good");
    let ran = deploy(&site, &web(json!({"testbed/ready-after": "4s"})), &[]).run();
    assert!(ran.stdout.contains(PROGRESS), "{ran}");
    Screen {
        title: "A good deploy",
        words: "Where a release takes longer than two seconds, a line tells what it waits for when that \
                changes.",
        seen: seen(&site, "helm-apply", ran.ends_with(0)),
    }
}

fn crash() -> Screen {
    let site = Site::new("screen-crash");
    let log = "=> Booting Puma\n=> Rails 8.1.1 application starting in production\n\
               bin/rails aborted!\nKeyError: key not found: \"SMTP_PASSWORD\"\n\
               /app/config/environments/production.rb:41:in 'fetch'";
    let crashes = json!({"testbed/fail": "true", "testbed/fail-container": "app", "testbed/log": log, "testbed/restart-after": "300ms"});
    let ran = deploy(&site, &web(crashes), &[]).run();
    Screen {
        title: "A crash on start",
        words: "Given up after `--max-restarts` restarts, 3 by default, rather than when Helm's time is up.",
        seen: seen(&site, "helm-apply", ran.ends_with(1)),
    }
}

fn image() -> Screen {
    let site = Site::new("screen-image");
    // Seen before the kubelet tries again, however slow all of it is.
    let missing = json!({"testbed/image-missing": "true", "testbed/back-off-after": "1h"});
    let ran = deploy(&site, &web(missing), &[]).run();
    Screen {
        title: "A missing image",
        words: "Given up at once. A registry that does not answer is waited for.",
        seen: seen(&site, "helm-apply", ran.ends_with(1)),
    }
}

fn migration() -> Screen {
    let site = Site::new("screen-migration");
    let log = "== 20261128 AddPinnedToTopics: migrating\n-- remove_column(:topics, :starred)\n\
               bin/migrate: remove_column is not additive, and all branches share this database";
    let fails = json!({"testbed/fail": "true", "testbed/log": log});
    let values = json!({"migrate": {"podAnnotations": fails}});
    let ran = deploy(&site, &values, &["--migrate"]).run();
    Screen {
        title: "A failed migration",
        words: "`deploy -m` asks for the migrations. What the chart's hook says is shown while it runs; \
                where it fails, nothing of the app's release has changed.",
        seen: seen(&site, "helm-apply --migrate", ran.ends_with(1)),
    }
}

fn address() -> Screen {
    let site = Site::new("screen-address");
    Cluster::shared()
        .load_balancer()
        .hold_addresses(site.namespace.name());
    let running = deploy(&site, &json!({}), &[]).start();
    let ingress = format!("{NAME}-external");
    let says = "no certificate found for host: new-inbox.beta.example.com";
    wait_until_within(Duration::from_secs(60), "the Ingress", || {
        let there = site.namespace.find("Ingress", &ingress);
        there.map(drop).ok_or("there is none")
    });
    say(&site, "Ingress", &ingress, "FailedBuildModel", says);
    Screen {
        title: "An address that never comes",
        words: "The app is up, and the load balancer's controller refuses the Ingress.",
        seen: seen(&site, "helm-apply", running.end().ends_with(1)),
    }
}

/// The line that tells how far a good deploy is: which others there are hangs on the machine's speed.
const PROGRESS: &str = "hey-new-inbox: hey-new-inbox-web 0 of 1 ready; Started: Started containers";

fn is_hasty(line: &str, is_good: bool) -> bool {
    let is_far = |words| line.contains(words) && line.starts_with("[…] ");
    let waits = is_far(" of 1 ready") || is_far(" has yet to run");
    // The load balancer hears of a pod that is ready a moment later.
    waits && !(is_good && line.ends_with(PROGRESS)) || line.contains(": it answers 503")
}

/// What was seen, with all that differs from run to run made the same.
fn seen(site: &Site, command: &str, ran: Ran) -> String {
    let commit = site.repository.head(BRANCH).expect("it was pushed");
    let port = Cluster::shared().load_balancer().port();
    let is_good = ran.status == 0;
    let lines = ran.stdout.lines();
    let lines = lines.filter(|line| !is_hasty(line, is_good));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    let text = text.replace(site.namespace.name(), "betas");
    let text = text.replace(&commit, "4f2a91c0d7e6b5a4938271605f4e3d2c1b0a9f8e");
    let text = text
        .replace(&commit[..7], "4f2a91c")
        .replace(&format!(":{port}"), "");
    let same = [
        (r"deployment \d+", "deployment 4400000007"),
        (r"-[0-9a-f]{6,10}-[a-z0-9]{5}\b", "-6cb9f9dc55-txxg8"),
        (r"-migrate-[a-z0-9]{5}\b", "-migrate-txxg8"),
        (r"\d+\.\d s\b", "1.2 s"),
        (r"\d\d:\d\d:\d\d", "10:38:23"),
        (r"restarted \d+ times", "restarted 3 times"),
        (r" \(×\d+\)", " (×4)"),
    ];
    let text = same.iter().fold(text, |text, (pattern, same)| {
        let pattern = Regex::new(pattern).expect("it is a pattern");
        pattern.replace_all(&text, *same).into_owned()
    });
    format!("$ {command}\n{}", text.trim_end())
}
