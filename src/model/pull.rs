/// Why an image cannot be pulled, as far as the words tell that stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpulled {
    /// The registry is there, and the image is not.
    Missing,
    /// It may not be pulled, or is not there: to those who may not pull it most registries do not tell.
    Refused,
    /// For the time being, or for something else.
    Else,
}

/// The words of registries that have no time.
const BUSY: &[&str] = &["too many requests", "toomanyrequests", "rate limit"];

/// Those for what may not be pulled. All these and the following hold what no name of an image can, so that
/// none is taken for an answer.
const REFUSED: &[&str] = &[
    "pull access denied",
    "is denied",
    ": denied",
    " denied on resource",
    "401 unauthorized",
    "403 forbidden",
    ": unauthorized",
    ": access forbidden",
    "authentication required",
    "authorization failed",
    "no basic auth credentials",
    "authorization token has expired",
];

/// Those for what is not there.
const MISSING: &[&str] = &[
    " not found",
    "code = notfound",
    "manifest unknown",
    ": manifest_unknown",
    "name unknown",
    ": name_unknown",
    "no such image",
    "does not exist in the registry",
    "is not present with pull policy of never",
];

impl Unpulled {
    /// What the words mean of a registry, of those who ask it for a node (containerd, CRI-O, Docker), or of
    /// the kubelet.
    pub fn by(message: &str) -> Self {
        let message = message.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
        match () {
            () if says(BUSY) => Self::Else,
            // One that refuses says as well that there may be nothing.
            () if says(REFUSED) => Self::Refused,
            () if says(MISSING) => Self::Missing,
            () => Self::Else,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_from_what_may_not_be_pulled_and_from_what_passes() {
        let of = |words: &str| Unpulled::by(&format!("failed to pull image \"x/y:1\": {words}"));
        for (expected, words) in [
            // containerd of a tag, of a repository of Docker Hub's, of GHCR's.
            (
                Unpulled::Missing,
                "failed to resolve reference \"x/y:1\": x/y:1: not found",
            ),
            (
                Unpulled::Refused,
                "pull access denied, repository does not exist or may require \
                authorization: server message: insufficient_scope: authorization failed",
            ),
            (
                Unpulled::Refused,
                "failed to authorize: failed to fetch anonymous token: unexpected \
                status from GET request to https://x/token?scope=repository%3Ay: 403 Forbidden",
            ),
            // Docker's daemon.
            (
                Unpulled::Refused,
                "pull access denied for y, repository does not exist or may require \
                'docker login': denied: requested access to the resource is denied",
            ),
            (
                Unpulled::Refused,
                "Head \"https://x/v2/y/manifests/1\": denied",
            ),
            (
                Unpulled::Refused,
                "Head \"https://x/v2/y/manifests/1\": unauthorized",
            ),
            // CRI-O.
            (
                Unpulled::Missing,
                "reading manifest 1 in x/y: manifest unknown: manifest unknown",
            ),
            (
                Unpulled::Refused,
                "reading manifest 1 in x/y: errors:\ndenied: requested access to \
                the resource is denied\nunauthorized: authentication required",
            ),
            // ECR of a repository; one that does not know the node.
            (
                Unpulled::Missing,
                "name unknown: The repository with name 'y' does not exist in the \
                registry with id '1'",
            ),
            (
                Unpulled::Refused,
                "pull access denied, repository does not exist or may require \
                authorization: authorization failed: no basic auth credentials",
            ),
            (Unpulled::Missing, "unexpected status code 404 Not Found"),
            (Unpulled::Missing, "rpc error: code = NotFound desc = x"),
            (Unpulled::Else, "dial tcp: i/o timeout"),
            (Unpulled::Else, "lookup x: no such host"),
            (
                Unpulled::Else,
                "429 Too Many Requests: denied: authentication required",
            ),
            (Unpulled::Else, ""),
        ] {
            assert_eq!(of(words), expected, "{words}");
        }
    }

    #[test]
    fn a_name_of_an_image_is_no_answer() {
        let names = [
            "not-found:denied",
            "denied:notfound",
            "unauthorized:403",
            "manifest_unknown:1",
        ];
        for name in names {
            let words = format!("failed to pull image \"{name}\": dial {name}: i/o timeout");
            assert_eq!(Unpulled::by(&words), Unpulled::Else, "{words}");
        }
    }
}
