//! What an ordinary run asks of GitHub: the limit there is for everybody's programs together.

use chrono::TimeDelta;
use testbed::tools::Tool;

use crate::{figure::Figure, past::Seed, site::Site};

const ENVIRONMENTS: i64 = 100;
const MOST_REQUESTS: usize = 4;

/// A hundred environments that stay, and a sweep that sees so.
pub fn of_a_hundred() -> Vec<Figure> {
    let site = Site::new("bench-requests");
    let seed = |number| Seed::new(&format!("branch-{number}"), TimeDelta::minutes(number));
    let seeds: Vec<Seed> = (0..ENVIRONMENTS).map(seed).collect();
    site.push_and_seed(&seeds);
    site.github.clear_requests();
    site.sweep_stale(Tool::Helm3).run().ends_with(0);
    let requests = site.github.requests().len();
    vec![Figure {
        what: format!("{ENVIRONMENTS} environments that stay: GitHub"),
        ours: format!("{requests} requests"),
        helms: String::new(),
        limit: format!("at most {MOST_REQUESTS}"),
        within: requests <= MOST_REQUESTS,
    }]
}
