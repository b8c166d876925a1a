//! Why a release did not come up: which workload, pod and container, what they say, what to try.

mod advice;
mod sentence;
mod words;

use serde::Serialize;

use self::{
    advice::advice,
    sentence::{cause, sentence},
    words::{line, words},
};
use super::{
    markdown::{cell, escape, fenced},
    plain,
};
use crate::model::{Secrets, Trouble, What};

/// The longest line that is shown of what others wrote, in characters.
const WIDTH: usize = 400;

/// The most bytes that names may take before what is wrong, where there is little room.
const NAMES: usize = 50;

/// So many other troubles are told, each in one sentence.
const ALSO: usize = 3;

/// So many lines of a log are shown, its last.
pub const LOG_LINES: usize = 25;

/// Why a release did not come up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// The release's name in Helm.
    pub release: String,
    /// All of it in one sentence.
    pub summary: String,
    /// The same without names, for where there is little room.
    #[serde(skip)]
    pub cause: String,
    /// The object of the chart, as in `Deployment/hey-new`.
    pub workload: String,
    /// When Helm runs it, where it is a hook.
    pub hook: Option<String>,
    /// How many of its pods are ready, as in `0 of 2`.
    pub ready: Option<String>,
    /// The pod.
    pub pod: Option<String>,
    /// The container.
    pub container: Option<String>,
    /// Its image.
    pub image: Option<String>,
    /// In one word, as in `CrashLoopBackOff`.
    pub reason: Option<String>,
    /// The container's exit status.
    pub exit_status: Option<i64>,
    /// How often the container was started anew.
    pub restarts: Option<u64>,
    /// In the cluster's words.
    pub message: Option<String>,
    /// What else is wrong with the release, each in one sentence.
    pub also: Vec<String>,
    /// The last lines of the container's log.
    pub log: Vec<String>,
    /// Why there is no log, where there should be one.
    pub no_log: Option<String>,
    /// What the cluster said last, newest first.
    pub events: Vec<String>,
    /// What Helm said.
    pub helm: Option<String>,
    /// What to try.
    pub advice: String,
    /// What could not be seen.
    pub unseen: Vec<String>,
}

/// What is known of a failure.
#[derive(Debug)]
pub struct Failure<'a> {
    /// The release's name in Helm.
    pub release: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// What is wrong.
    pub trouble: &'a Trouble,
    /// What else is wrong.
    pub also: &'a [Trouble],
    /// The end of the container's log, or why it cannot be had; none where there is none.
    pub log: Option<Result<String, String>>,
    /// What Helm said.
    pub helm: Option<&'a str>,
    /// What could not be seen.
    pub unseen: &'a [String],
}

impl Failure<'_> {
    /// The explanation, with all secrets left out.
    pub fn explained(&self, secrets: &Secrets) -> Explanation {
        let shown = |text: &str| short(&plain(&secrets.mask(text)));
        let some = |text: &str| Some(shown(text)).filter(|text| !text.is_empty());
        let Trouble {
            what, container, ..
        } = self.trouble;
        let (reason, message) = words(what);
        let (log, no_log) = match &self.log {
            Some(Ok(text)) => (last_lines(&secrets.mask(text)), None),
            Some(Err(reason)) => (Vec::new(), some(reason)),
            None => (Vec::new(), None),
        };
        let events = self.trouble.events.iter();
        Explanation {
            release: self.release.to_owned(),
            summary: shown(&sentence(self.release, self.trouble)),
            cause: shown(&cause(self.trouble)),
            workload: shown(&self.trouble.workload),
            hook: self.trouble.hook.as_deref().and_then(some),
            ready: self
                .trouble
                .ready
                .map(|(ready, of)| format!("{ready} of {of}")),
            pod: self.trouble.pod.clone(),
            container: container.as_ref().map(|it| it.name.clone()),
            image: container.as_ref().and_then(|it| some(&it.image)),
            reason: some(reason),
            exit_status: match what {
                What::Exit { code, .. } => Some(*code),
                _ => None,
            },
            restarts: container.as_ref().map(|it| it.restarts),
            message: some(message),
            also: self.also().iter().map(|text| shown(text)).collect(),
            log,
            no_log,
            events: events.map(|event| shown(&line(event))).collect(),
            helm: self.helm.and_then(some),
            advice: shown(&advice(self.namespace, self.trouble)),
            unseen: self.unseen.iter().map(|text| shown(text)).collect(),
        }
    }

    fn also(&self) -> Vec<String> {
        let told = self.also.iter().take(ALSO);
        let mut told: Vec<_> = told.map(|it| sentence(self.release, it)).collect();
        let more = self.also.len().saturating_sub(ALSO);
        told.extend((more > 0).then(|| format!("{more} more")));
        told
    }
}

impl Explanation {
    /// All of it for where there is little room: where names would take most of that, they stand behind.
    pub fn brief(&self) -> String {
        let named = format!("{}: {}", self.release, self.summary);
        match named.len().saturating_sub(self.cause.len()) > NAMES {
            true => format!("{} ({})", self.cause, self.workload),
            false => named,
        }
    }

    /// What is known, each with what it is called; the log stands after the first of them.
    fn facts(&self) -> Vec<(&'static str, String)> {
        let hook = self.hook.as_deref().map(|events| {
            // Helm changes nothing of a release before these are done.
            let is_first = events
                .split(',')
                .all(|event| event.trim().starts_with("pre-"));
            let release = &self.release;
            let unchanged = is_first.then(|| format!(": nothing of {release} has changed"));
            format!(", a hook ({events}){}", unchanged.unwrap_or_default())
        });
        let ready = self.ready.as_ref().map(|ready| format!(", {ready} ready"));
        let image = self.image.as_ref().map(|image| format!(", image {image}"));
        let restarts = self.restarts.filter(|count| *count > 0);
        let restarts = restarts.map(|count| format!(", restarted {}", times(count)));
        let status = self.exit_status.map(|code| format!("exit status {code}"));
        let reason = [status, self.reason.clone(), self.message.clone()];
        let reason: Vec<_> = reason.into_iter().flatten().collect();
        let joined = |text: &str, more: &[&Option<String>]| {
            let more = more.iter().filter_map(|it| it.as_deref());
            std::iter::once(text).chain(more).collect::<String>()
        };
        let mut facts = vec![("workload", joined(&self.workload, &[&hook, &ready]))];
        facts.extend(self.pod.as_ref().map(|pod| ("pod", pod.clone())));
        let container = self.container.as_ref();
        facts.extend(container.map(|it| ("container", joined(it, &[&image, &restarts]))));
        facts.push(("reason", reason.join(": ")));
        facts.retain(|(_, text)| !text.is_empty());
        facts
    }

    /// What else is known, less important than the log.
    fn rest(&self) -> Vec<(&'static str, String)> {
        let log = self
            .no_log
            .iter()
            .map(|reason| ("log", format!("not seen: {reason}")));
        let also = self.also.iter().map(|trouble| ("also", trouble.clone()));
        let events = self.events.iter().map(|event| ("event", event.clone()));
        let unseen = self.unseen.iter().map(|what| ("not seen", what.clone()));
        let helm = self.helm.iter().map(|said| ("Helm", said.clone()));
        let advice = [("try", self.advice.clone())];
        let rest = log
            .chain(also)
            .chain(events)
            .chain(unseen)
            .chain(helm)
            .chain(advice);
        rest.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// The explanation as lines of a log: each begins with a word of ours, or is to be quoted.
    pub(super) fn lines(&self) -> [Vec<String>; 3] {
        let row = |(name, text): (&str, String)| format!("{name:<11}{text}");
        let facts = self.facts().into_iter().map(row).collect();
        [
            facts,
            self.log.clone(),
            self.rest().into_iter().map(row).collect(),
        ]
    }

    /// The explanation for the page of a job.
    pub fn markdown(&self) -> String {
        let row = |(name, text): (&str, String)| format!("| {name} | {} |\n", cell(&text));
        let rows = |facts: Vec<_>| facts.into_iter().map(row).collect::<String>();
        let head = format!(
            "\n**{}**: {}\n\n",
            escape(&self.release),
            escape(&self.summary)
        );
        let table = format!(
            "| | |\n| - | - |\n{}{}",
            rows(self.facts()),
            rows(self.rest())
        );
        let log = match self.log.is_empty() {
            true => String::new(),
            false => format!("\nThe end of its log:\n\n{}", fenced(&self.log)),
        };
        format!("{head}{table}{log}")
    }
}

fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
    last.iter()
        .map(|line| short(&plain(line.trim_end())))
        .collect()
}

fn short(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How often, in words.
fn times(count: u64) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}

#[cfg(test)]
mod tests;
