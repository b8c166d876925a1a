//! What the sweep costs beside Helm: `cargo bench --bench sweep`, or a part of it,
//! `cargo bench --bench sweep -- small large teardown requests`.

mod figure;
mod listing;
#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../tests/past.rs"]
#[allow(dead_code)]
mod past;
mod requests;
#[path = "../../tests/site.rs"]
#[allow(dead_code)]
mod site;
mod teardown;

use figure::Figure;

/// A part by its name, and what it measures.
type Part = (&'static str, fn() -> Vec<Figure>);

const PARTS: [Part; 4] = [
    ("small", || listing::of(&listing::SMALL)),
    ("large", || listing::of(&listing::LARGE)),
    ("teardown", teardown::of_thirty),
    ("requests", requests::of_a_hundred),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` hands over flags of libtest: then it is enough that this compiles.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !PARTS.iter().any(|(name, _)| named(name));
    let mut figures = Vec::new();
    for (_, part) in PARTS.iter().filter(|(name, _)| all || named(name)) {
        figures.extend(part());
    }
    println!("\n{}", Figure::HEAD);
    for figure in &figures {
        println!("{figure}");
    }
    let within = figures.iter().all(|figure| figure.within);
    std::process::exit(i32::from(!within));
}
