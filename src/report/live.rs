use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Report, plain};

/// How often a spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// Something that goes on beside others: a line that turns on a terminal, until it is dropped; elsewhere
/// a line for each thing that is told of it.
#[derive(Debug)]
pub struct Live<'a> {
    report: &'a Report,
    name: &'a str,
    spinner: Option<ProgressBar>,
}

impl Report {
    /// A line for something that goes on.
    pub fn live<'a>(&'a self, name: &'a str) -> Live<'a> {
        let spinner = self.is_terminal().then(|| self.turning(name));
        Live {
            report: self,
            name,
            spinner,
        }
    }

    /// A spinner beside a text, below all lines.
    pub(super) fn turning(&self, text: &str) -> ProgressBar {
        let spinner = ProgressBar::no_length().with_message(text.to_owned());
        // Only a wrong template is an error; then the default one turns.
        if let Ok(style) = ProgressStyle::with_template("[{spinner}] {wide_msg} {elapsed}") {
            spinner.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        let spinner = self.live.add(spinner);
        spinner.enable_steady_tick(TURN);
        spinner
    }
}

impl Live<'_> {
    /// Tells how far it is.
    pub fn tell(&self, text: &str) {
        let text = plain(&format!("{}: {text}", self.name));
        match &self.spinner {
            Some(spinner) => spinner.set_message(text),
            None => self.report.note(&text),
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
