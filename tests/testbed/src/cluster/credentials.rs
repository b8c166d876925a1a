//! Who may come in, and by what.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::json;

/// The files and the token that a control plane is started with.
pub(crate) struct Credentials {
    /// The admin's bearer token.
    pub(crate) token: String,
    /// The API server's list of static tokens.
    pub(crate) tokens: PathBuf,
    /// Signs the tokens of ServiceAccounts.
    pub(crate) signing_key: PathBuf,
    /// Verifies them.
    pub(crate) verifying_key: PathBuf,
}

impl Credentials {
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let token = hex::encode(rand::random::<[u8; 16]>());
        let tokens = folder.join("tokens.csv");
        fs::write(&tokens, format!("{token},admin,admin,\"system:masters\"\n"))?;
        let (private, public) = key_pair()?;
        let signing_key = folder.join("service-accounts.key");
        let verifying_key = folder.join("service-accounts.pub");
        fs::write(&signing_key, pem("PRIVATE KEY", &private))?;
        fs::write(&verifying_key, pem("PUBLIC KEY", &public))?;
        Ok(Self {
            token,
            tokens,
            signing_key,
            verifying_key,
        })
    }
}

/// The beginning of each public key on the curve P-256 in its standard form: what it is, and that
/// an uncompressed point follows (RFC 5480).
const P256_PUBLIC_KEY: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A new private key (PKCS #8) and its public key (SubjectPublicKeyInfo).
fn key_pair() -> Result<(Vec<u8>, Vec<u8>)> {
    let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
        .map_err(|_| anyhow!("failed to make a signing key"))?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref(), &random)
        .map_err(|_| anyhow!("failed to read the signing key"))?;
    let public = [&P256_PUBLIC_KEY, pair.public_key().as_ref()].concat();
    Ok((private.as_ref().to_vec(), public))
}

fn pem(label: &str, content: &[u8]) -> String {
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        BASE64.encode(content)
    )
}

/// Where the API server is, and how it is known.
pub(crate) struct Server {
    pub(crate) url: String,
    /// Its authority's certificate, as PEM.
    pub(crate) authority: Vec<u8>,
}

impl Server {
    /// Writes a kubeconfig that holds all it needs, so that it may be copied anywhere.
    pub(crate) fn write_kubeconfig(
        &self,
        path: &Path,
        user: &str,
        token: &str,
        namespace: &str,
    ) -> Result<()> {
        let authority = BASE64.encode(&self.authority);
        let cluster = json!({"server": self.url, "certificate-authority-data": authority});
        let context = json!({"cluster": "testbed", "user": user, "namespace": namespace});
        // JSON is YAML too.
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "testbed",
            "clusters": [{"name": "testbed", "cluster": cluster}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "testbed", "context": context}],
        });
        fs::write(path, serde_json::to_vec_pretty(&config)?)
            .with_context(|| format!("failed to write {}", path.display()))
    }
}
