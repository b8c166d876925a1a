//! What of a manifest tells the machines that an image is for.

use serde::Deserialize;

use crate::model::Platform;

/// A manifest: of one image, or of several of which each machine takes its own.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Manifest {
    Index(Index),
    Single(Single),
}

#[derive(Debug, Deserialize)]
pub(super) struct Index {
    manifests: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    platform: Option<Tells>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Single {
    pub(super) config: Config,
}

#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) digest: String,
}

/// How an index's entry, or an image's configuration, tells its platform.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tells {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Tells {
    /// The platform; none for what runs nowhere, as an attestation's `unknown/unknown`.
    pub(super) fn platform(&self) -> Option<Platform> {
        let known = |text: &str| !matches!(text, "" | "unknown");
        let runs = known(&self.os) && known(&self.architecture);
        runs.then(|| Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone().filter(|variant| known(variant)),
        })
    }
}

impl Index {
    /// All platforms that there is an image for.
    pub(super) fn platforms(&self) -> Vec<Platform> {
        let told = self.manifests.iter().filter_map(|it| it.platform.as_ref());
        told.filter_map(Tells::platform).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_attestation_is_for_no_machine() {
        let index: Manifest = serde_json::from_value(json!({"manifests": [
            {"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
            {"platform": {"os": "unknown", "architecture": "unknown"}},
            {},
        ]}))
        .unwrap();
        let Manifest::Index(index) = index else {
            panic!("it is an index: {index:?}")
        };
        assert_eq!(index.platforms(), ["linux/arm/v7".parse().unwrap()]);
    }

    proptest::proptest! {
        #[test]
        fn no_manifest_makes_it_panic(seed in proptest::prelude::any::<u64>(), which in 0..3usize) {
            let answers = [
                json!({"schemaVersion": 2, "manifests": [
                    {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "arm64"}},
                    {"digest": "sha256:b", "platform": {"os": "unknown", "architecture": "unknown"}},
                ]}),
                json!({"schemaVersion": 2, "config": {"digest": "sha256:a"}, "layers": []}),
                json!({"os": "linux", "architecture": "arm", "variant": "v7", "rootfs": {}}),
            ];
            let answer = testbed::faults::twisted(answers[which].clone(), seed);
            if let Ok(Manifest::Index(index)) = serde_json::from_value(answer.clone()) {
                index.platforms();
            }
            if let Ok(tells) = serde_json::from_value::<Tells>(answer) {
                tells.platform();
            }
        }
    }
}
