//! Somebody with fewer rights than an admin.

use std::path::PathBuf;

use anyhow::{Context, Result};
use k8s_openapi::api::{authentication::v1::TokenRequest, core::v1::ServiceAccount};
use kube::{Api, api::PostParams};
use serde_json::{Value, json};

use super::{Namespace, inventory, manifests};

/// The namespace that the project's manifests are written for.
const WRITTEN_FOR: &str = "betas";

impl Namespace {
    /// Applies a manifest of a ServiceAccount and its rights, written for the namespace `betas`,
    /// to this namespace. Gives a kubeconfig that holds a token of the account and this namespace.
    #[track_caller]
    pub fn service_account(&self, name: &str, rbac_manifest: &str) -> PathBuf {
        self.done(&format!("give rights to {name}"), async {
            let mut objects = manifests::parse(rbac_manifest)?;
            for object in &mut objects {
                self.move_here(object);
                object["metadata"]["labels"][inventory::OWN_LABEL] = json!("true");
            }
            self.apply_all(objects).await?;
            let token = self.token(name).await?;
            let server = &self.access.server;
            let path = self
                .access
                .folder
                .join(format!("{}-{name}.kubeconfig", self.name));
            server.write_kubeconfig(&path, name, &token, &self.name)?;
            Ok(path)
        })
    }

    /// Rewrites the namespace wherever the manifest names it, subjects of bindings too.
    fn move_here(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    if key == "namespace" && value == WRITTEN_FOR {
                        *value = json!(self.name);
                    }
                    self.move_here(value);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.move_here(item)),
            _ => {}
        }
    }

    async fn token(&self, account: &str) -> Result<String> {
        let accounts: Api<ServiceAccount> = self.typed();
        let request: TokenRequest = serde_json::from_value(json!({"spec": {"audiences": []}}))?;
        let answer = accounts
            .create_token_request(account, &PostParams::default(), &request)
            .await?;
        Ok(answer.status.context("the answer holds no token")?.token)
    }
}
