use std::time::Instant;

use indicatif::ProgressBar;

use super::{Report, columns, elapsed, plain};

/// How many columns a spinner's mark and time take.
const MARKS: usize = "[⠋]  12m 34s".len();

/// Steps that are taken one after another: the one that is taken turns on a terminal, and is a
/// line of its own elsewhere; one that is taken is ticked off, with its time.
#[derive(Debug)]
pub struct Checklist<'a> {
    report: &'a Report,
    step: Option<Step>,
}

#[derive(Debug)]
struct Step {
    title: String,
    /// The title, and what was told last.
    text: String,
    begun: Instant,
    spinner: Option<ProgressBar>,
}

impl<'a> Checklist<'a> {
    /// An empty one.
    pub fn new(report: &'a Report) -> Self {
        Self { report, step: None }
    }

    /// Ticks off the step before, and takes this one.
    pub fn begin(&mut self, text: &str) {
        self.done();
        let text = plain(text);
        let spinner = self
            .report
            .is_terminal()
            .then(|| self.report.turning(&text));
        if spinner.is_none() {
            self.report.note(&text);
        }
        let begun = Instant::now();
        self.step = Some(Step {
            title: text.clone(),
            text,
            begun,
            spinner,
        });
    }

    /// Tells more of the step that is taken, as the address of its log.
    pub fn tell(&mut self, more: &str) {
        let report = self.report;
        let Some(step) = &mut self.step else { return };
        let text = format!("{}: {}", step.title, plain(more));
        match &step.spinner {
            Some(spinner) => {
                // An address that the terminal cuts off cannot be followed.
                if !fits(&text) {
                    report.note(more);
                }
                spinner.set_message(text.clone());
            }
            None => report.note(&text),
        }
        step.text = text;
    }

    /// Warns beside the step that is taken.
    pub fn warn(&self, text: &str) {
        self.report.warn(text);
    }

    /// Ticks off the step that is taken.
    pub fn done(&mut self) {
        if let Some(step) = self.end() {
            let took = elapsed(step.begun.elapsed());
            self.report.done(&format!("{} ({took})", step.text));
        }
    }

    /// Crosses off the step that is taken.
    pub fn failed(&mut self) {
        if let Some(step) = self.end() {
            let took = elapsed(step.begun.elapsed());
            self.report.failed(&format!("{} ({took})", step.text));
        }
    }

    fn end(&mut self) -> Option<Step> {
        let step = self.step.take()?;
        if let Some(spinner) = &step.spinner {
            spinner.finish_and_clear();
        }
        Some(step)
    }
}

/// Whether a step has room in the terminal's line, with its mark and its time.
fn fits(text: &str) -> bool {
    let room = |columns: u16| usize::from(columns).saturating_sub(MARKS);
    columns().is_none_or(|columns| text.chars().count() <= room(columns))
}

impl Drop for Checklist<'_> {
    /// Whatever ended the work: no half drawn line is left.
    fn drop(&mut self) {
        self.end();
    }
}
