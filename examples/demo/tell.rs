//! What the reader of the demo sees: short lines, on a terminal of any width and in a pipe.

use std::{
    env,
    io::{IsTerminal, stdout},
    sync::Mutex,
    time::Duration,
};

use textwrap::Options;

/// The widest line; prose is hard to read beyond it, and the programs' lines seldom reach it.
const WIDEST: usize = 100;

static CHAPTER: Mutex<String> = Mutex::new(String::new());

/// A new chapter begins.
pub fn title(text: &str) {
    *CHAPTER.lock().expect("nobody panics with it") = text.to_owned();
    println!("\n{}\n", paint("1", text));
}

/// The chapter that is being told, to say where something failed.
pub fn chapter() -> String {
    CHAPTER.lock().expect("nobody panics with it").clone()
}

/// What happens next.
pub fn say(text: &str) {
    wrapped("", "", text);
}

/// Something that was just checked.
pub fn fact(text: &str) {
    wrapped(&paint("32", "✔ "), "  ", text);
}

/// Something did not come out as it should.
pub fn failed(text: &str) {
    wrapped(&paint("31", "✘ "), "  ", text);
}

/// A command, as one would type it.
pub fn command(text: &str) {
    wrapped(&paint("36", "$ "), "    ", text);
}

/// A line of a program's output.
pub fn output(line: &str) {
    let bar = paint("2", "│ ");
    if line.is_empty() {
        return println!("{}", bar.trim_end());
    }
    wrapped(&bar, &format!("{bar}  "), line);
}

/// A setting, with lines of its own where its value has several.
pub fn setting(name: &str, value: &str) {
    if !value.contains('\n') {
        return wrapped("  ", "      ", &format!("{name}={value}"));
    }
    println!("  {name}=");
    for line in value.lines() {
        println!("    {line}");
    }
}

/// The end, and how long it took.
pub fn end(time: Duration) {
    println!();
    fact(&format!("All of it in {:.0} s", time.as_secs_f64()));
}

fn wrapped(first: &str, rest: &str, text: &str) {
    let width = textwrap::termwidth().min(WIDEST);
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest);
    // A path or an address that is too long is for the terminal to break, so that it can be copied.
    let options = options
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    println!("{}", textwrap::fill(text, options));
}

fn paint(code: &str, text: &str) -> String {
    let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain || !stdout().is_terminal() {
        return text.to_owned();
    }
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
