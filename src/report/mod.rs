//! What people and machines read.

mod announcement;
mod checked;
mod checklist;
mod end;
mod explanation;
mod live;
pub mod markdown;
mod progress;
mod result;
mod sweep;
mod table;

use std::{
    io::{IsTerminal, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

pub use announcement::Announcement;
pub use checked::Checked;
pub use checklist::Checklist;
pub use end::{FAILED, end_of};
pub use explanation::{Explanation, Failure, LOG_LINES};
pub use live::Live;
pub use progress::progress;
pub use result::{Deployed, Gated, Queued, Removed};
pub use sweep::{Judged, Swept, Word};
pub use table::{Shown, span, table};

use chrono::{DateTime, Utc};
use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::{
    model::Ending,
    settings::{Log, Output},
};

/// What a person reads while a command works: one line for each thing that became true.
///
/// Every line begins with a mark of ours or is indented, so that nothing that others wrote (a
/// branch's name, Helm's output) can begin a line and be taken for a command by a CI's log.
#[derive(Debug, Clone)]
pub struct Report {
    output: Output,
    log: Log,
    started: Instant,
    color: bool,
    /// Whether what is written now is folded away, in a log of GitHub's: there it is until somebody says so.
    folded: Arc<AtomicBool>,
    /// What turns below the lines.
    live: MultiProgress,
}

/// Unfolds the group of Buildkite's log in which it stands.
const OPEN: &str = "^^^ +++";

/// Whether a person has to look at it.
fn is_bad(ending: Ending) -> bool {
    !matches!(ending, Ending::Done | Ending::Superseded)
}

/// An error as its own last lines, where no report was begun or it goes no further.
pub fn error(text: &str, log: Log) -> String {
    let text = plain(text);
    match log {
        Log::Plain => format!("error: {text}"),
        Log::Buildkite => format!("{OPEN}\nerror: {text}"),
        Log::Actions => command("error", &text),
    }
}

/// A command of GitHub's runner that shows `text` on the run's page.
fn command(name: &str, text: &str) -> String {
    let text = text.replace('%', "%25");
    format!("::{name} title=branch-deploys::{text}")
}

/// Sentences about time are told in tenths of a second below a minute.
pub fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        0..=59 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// `text` as nothing but text: in one line, without control characters, and without the mark by
/// which GitHub's runner finds an old kind of command anywhere in a line.
pub fn plain(text: &str) -> String {
    let steers = |c: char| c.is_control() || turns(c);
    let line: String = text
        .chars()
        .map(|c| if steers(c) { ' ' } else { c })
        .collect();
    line.replace("##[", "## [")
}

/// Whether it ends a line, or turns the direction of what follows: a branch's name would rearrange
/// the rest of its row.
fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `result` as JSON in which no CI finds a command: no line begins with a text, and what would be
/// one anywhere in a line is escaped, which leaves the values as they are.
fn document(result: &impl serde::Serialize) -> String {
    let text = serde_json::to_string_pretty(result).unwrap_or_default();
    let escaped = text.replace("##[", "#\\u0023[");
    let mut document = String::with_capacity(escaped.len());
    for c in escaped.chars() {
        match c {
            // Other control characters stand escaped in JSON anyway.
            '\u{7f}'..='\u{9f}' => document.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => document.push(c),
        }
    }
    document
}

impl Report {
    /// Lines to standard output; to standard error when that holds the JSON document.
    pub fn new(output: Output, log: Log) -> Self {
        let terminal = match output {
            Output::Text => std::io::stdout().is_terminal(),
            Output::Json => std::io::stderr().is_terminal(),
        };
        let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            output,
            log,
            started: Instant::now(),
            color,
            folded: Arc::default(),
            live: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
        }
    }

    /// Whether somebody looks on: lines may be drawn over.
    pub fn is_terminal(&self) -> bool {
        self.output == Output::Text && std::io::stdout().is_terminal()
    }

    /// What is about to be done, once, at the top. In a CI's log the lines that follow are folded
    /// away below it.
    pub fn heading(&self, text: &str) {
        let text = plain(text);
        self.line(&match self.log {
            Log::Plain => self.paint("1", &text),
            Log::Buildkite => format!("--- {text}"),
            Log::Actions => format!("::group::{text}"),
        });
        self.folded
            .store(self.log == Log::Actions, Ordering::Relaxed);
    }

    /// Lines that stand together, as a plan does.
    pub fn block(&self, lines: &[String]) {
        for line in lines {
            self.line(&format!("    {}", plain(line)));
        }
    }

    /// Something holds now.
    pub fn done(&self, text: &str) {
        self.line(&format!(
            "{} {text}",
            self.paint("32", "[✔]"),
            text = plain(text)
        ));
    }

    /// Something goes on.
    pub fn note(&self, text: &str) {
        self.line(&format!("[…] {}", plain(text)));
    }

    /// Somebody else is waited for.
    pub fn waiting(&self, whom: &str) {
        self.note(&format!("waiting: {whom}"));
    }

    /// Somebody who gave no answer, or wants to be left alone, is asked again after this time, which begins now.
    pub fn put_off(&self, whom: &str, wait: Duration) {
        let wait = elapsed(wait);
        self.waiting(&format!("{whom} is asked again in {wait}"));
    }

    /// Something is not as it should be, and the work goes on.
    pub fn warn(&self, text: &str) {
        self.line(&format!(
            "{} {text}",
            self.paint("33", "[!]"),
            text = plain(text)
        ));
    }

    /// Something failed: a person looks at it, and at what follows.
    pub fn failed(&self, text: &str) {
        self.unfold();
        self.line(&format!(
            "{} {text}",
            self.paint("31", "[✘]"),
            text = plain(text)
        ));
        if self.log == Log::Buildkite {
            self.line(OPEN);
        }
    }

    /// Ends what is folded away, if something is.
    fn unfold(&self) {
        if self.folded.swap(false, Ordering::Relaxed) {
            self.line("::endgroup::");
        }
    }

    /// Text that others wrote, each line behind a bar: GitHub's runner takes `::error` for a
    /// command behind blanks too.
    pub fn quote(&self, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.line(&format!("    │ {}", plain(line.trim_end())));
        }
    }

    /// Why something failed, below the line that says so.
    pub fn explain(&self, explanation: &Explanation) {
        let [facts, log, rest] = explanation.lines();
        self.block(&facts);
        self.quote(&log.join("\n"));
        self.block(&rest);
    }

    /// The result: a last line for people, and with `--output json` the document.
    pub fn result(&self, ending: Ending, sentence: &str, result: &impl serde::Serialize) {
        if self.output == Output::Text || self.log != Log::Plain {
            self.last_line(ending, &plain(sentence));
        }
        if self.output == Output::Json {
            let _ = writeln!(std::io::stdout(), "{}", document(result));
        }
    }

    fn last_line(&self, ending: Ending, sentence: &str) {
        match self.log {
            Log::Plain => self.line(&format!("\n{}", self.paint("1", sentence))),
            Log::Buildkite => {
                if is_bad(ending) {
                    self.line(OPEN);
                }
                self.line(&format!("+++ {sentence}"));
            }
            Log::Actions => {
                self.unfold();
                self.line(&match ending {
                    Ending::Done => sentence.to_owned(),
                    Ending::Superseded => command("notice", sentence),
                    _ => command("error", sentence),
                });
            }
        }
    }

    /// The environments, for people alone.
    pub fn table(&self, shown: &[Shown], now: DateTime<Utc>) {
        if self.output == Output::Text && !shown.is_empty() {
            self.line(&table(shown, now, columns()));
        }
    }

    /// What a check found, line by line, for people alone.
    pub fn checked(&self, checked: &Checked) {
        if self.output == Output::Text {
            for line in checked.table(columns()).lines() {
                self.line(&self.marked(line));
            }
        }
    }

    /// Time since the command began.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// A line with its mark painted, if it begins with one.
    fn marked(&self, line: &str) -> String {
        let marks = [("[✔]", "32"), ("[✘]", "31"), ("[!]", "33"), ("[?]", "33")];
        let mut marks = marks.into_iter();
        let painted = marks.find_map(|(mark, code)| {
            let rest = line.strip_prefix(mark)?;
            Some(format!("{}{rest}", self.paint(code, mark)))
        });
        painted.unwrap_or_else(|| line.to_owned())
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// A closed pipe is no reason to leave an environment half made: what cannot be written is
    /// dropped.
    fn line(&self, line: &str) {
        let written = || match self.output {
            Output::Text => writeln!(std::io::stdout(), "{line}"),
            Output::Json => writeln!(std::io::stderr(), "{line}"),
        };
        let _ = match self.is_terminal() {
            true => self.live.suspend(written),
            false => written(),
        };
    }
}

/// How wide standard output is: a terminal's width, or what COLUMNS says of something else; no limit
/// where nobody tells.
fn columns() -> Option<u16> {
    let terminal = terminal_size::terminal_size_of(std::io::stdout());
    let told = || std::env::var("COLUMNS").ok()?.parse().ok();
    let (terminal_size::Width(columns), _) = match terminal {
        Some(size) => size,
        None => return told(),
    };
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_no_command() {
        assert_eq!(plain("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(plain("x ##[error]y"), "x ## [error]y");
        assert_eq!(plain("a\u{202e}b\u{2028}c \u{fc}\u{5d0}"), "a b c ü\u{5d0}");
    }

    #[test]
    fn a_document_is_no_command_and_means_the_same() {
        let value = serde_json::json!({
            "message": "x ##[error]y ###[z\n::error::\u{1b}]1339;\u{9b}31m", "##[x": "--- a",
        });
        let text = document(&value);
        assert!(!text.contains("##["), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
        let begins = |line: &str| line.trim_start().starts_with(['"', '{', '}']);
        assert!(text.lines().all(begins), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, value);
    }

    #[test]
    fn an_error_is_marked_as_the_log_shows_it() {
        assert_eq!(error("a\nb", Log::Plain), "error: a b");
        assert_eq!(error("a", Log::Buildkite), "^^^ +++\nerror: a");
        let told = error("50 %0A::stop-commands::x", Log::Actions);
        assert_eq!(
            told,
            "::error title=branch-deploys::50 %250A::stop-commands::x"
        );
    }

    #[test]
    fn time_is_told_in_tenths_of_a_second_below_a_minute() {
        assert_eq!(elapsed(Duration::from_millis(2340)), "2.3 s");
        assert_eq!(elapsed(Duration::from_secs(125)), "2 min 5 s");
    }
}
