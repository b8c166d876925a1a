//! What images need: who waits for one, and who runs it.

use std::collections::BTreeSet;

use crate::model::{Fact, Line, Object};

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

/// The Secrets that pods pull their images by, without those that the charts make themselves.
pub fn pull_secrets(made: &[Object]) -> BTreeSet<&str> {
    let is_made = |name: &str| {
        let mut secrets = made.iter().filter(|object| object.key.kind == "Secret");
        secrets.any(|secret| secret.key.name == name)
    };
    let named = made.iter().flat_map(Object::pull_secrets);
    named.filter(|name| !is_made(name)).collect()
}

/// The line about one of them. Where it is not there yet, something may make it in time, and an image
/// may be free for all.
pub fn pull_secret(name: &str, is_there: &Fact<bool>) -> Line {
    let what = format!("Cluster: pull secret {name}");
    match is_there {
        Fact::Told(true) => Line::there(what, "it is there"),
        Fact::Told(false) => Line::doubtful(
            what,
            "the charts pull images by it, and the namespace has none of that name",
            format!("kubectl create secret docker-registry {name}"),
        ),
        Fact::Refused(why) | Fact::Silent(why) => Line::unknown(what, why),
    }
}

/// The line about a step of the build that we are in, which the agent is asked for.
pub fn step(key: &str, found: &Fact<()>) -> Line {
    let what = format!("Buildkite: step {key}");
    match found {
        Fact::Told(()) => Line::there(what, "the agent knows it"),
        Fact::Refused(words) => Line::missing(what, words, "give the key of a step of this build"),
        Fact::Silent(why) => Line::unknown(what, why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::objects;

    #[test]
    fn a_pull_secret_that_a_chart_makes_itself_is_not_asked_for() {
        let account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x}\n\
             imagePullSecrets: [{name: made}, {name: asked}, {name: asked}]\n";
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: made}\n";
        let made = objects(&format!("{account}---\n{secret}")).unwrap();
        assert_eq!(
            pull_secrets(&made).into_iter().collect::<Vec<_>>(),
            ["asked"]
        );
    }
}
