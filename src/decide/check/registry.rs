//! What a wait for an image needs.

use crate::model::{Fact, Line};

/// The line about an image's registry, which told whether it has the image.
pub fn registry(image: &str, is_there: &Fact<bool>) -> Line {
    let what = "Registry";
    match is_there {
        Fact::Told(true) => Line::there(what, format!("{image} is there")),
        Fact::Told(false) => Line::there(what, format!("it answers, and has no {image} yet")),
        Fact::Refused(words) => Line::missing(what, words, LOG_IN),
        Fact::Silent(words) => Line::missing(what, words, "is the registry's name right?"),
    }
}

const LOG_IN: &str = "log in before the program runs, as one who may pull: docker login, or a \
                      credential helper in Docker's configuration";

/// The line about a step of the build that we are in, which the agent is asked for.
pub fn step(key: &str, found: &Fact<()>) -> Line {
    let what = format!("Buildkite: step {key}");
    match found {
        Fact::Told(()) => Line::there(what, "the agent knows it"),
        Fact::Refused(words) => Line::missing(what, words, "give the key of a step of this build"),
        Fact::Silent(why) => Line::unknown(what, why),
    }
}
