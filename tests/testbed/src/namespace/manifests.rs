//! Objects by manifest.

use anyhow::{Context, Result};
use kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    core::TypeMeta,
};
use serde_json::Value;

use super::Namespace;

const FIELD_MANAGER: &str = "testbed";

impl Namespace {
    /// Applies the objects of a manifest, which may have several documents. Those of cluster-wide kinds
    /// are everybody's, and the test's to delete.
    #[track_caller]
    pub fn apply(&self, manifest: &str) {
        self.done("apply a manifest", async {
            self.apply_all(parse(manifest)?).await
        });
    }

    pub(super) async fn apply_all(&self, objects: Vec<Value>) -> Result<()> {
        for object in objects {
            let types: TypeMeta = serde_json::from_value(object.clone())?;
            let name = object["metadata"]["name"]
                .as_str()
                .context("a document has no name")?;
            let api: Api<DynamicObject> = self.api_of(self.access.resource(&types).await?);
            api.patch(
                name,
                &PatchParams::apply(FIELD_MANAGER).force(),
                &Patch::Apply(&object),
            )
            .await
            .with_context(|| format!("the API server refused {} {name}", types.kind))?;
        }
        Ok(())
    }
}

/// The documents of a manifest; empty ones do not count.
pub(super) fn parse(manifest: &str) -> Result<Vec<Value>> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(manifest).context("the manifest is no YAML")?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}
