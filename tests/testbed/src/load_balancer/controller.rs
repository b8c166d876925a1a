//! Addresses and finalizers of Ingresses.

use std::sync::Arc;

use futures::StreamExt;
use k8s_openapi::api::networking::v1::Ingress;
use kube::{
    Api, Client, ResourceExt,
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt, reflector, reflector::Store, watcher},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Switches, is_ours};

const GROUP_ANNOTATION: &str = "alb.ingress.kubernetes.io/group.name";
/// Where every load balancer is.
const ADDRESS: &str = "127.0.0.1";

/// Sees to every Ingress of the class.
pub(super) struct Controller {
    client: Client,
    switches: Arc<Switches>,
    ingresses: Store<Ingress>,
    handle: Handle,
}

/// What is to be done about an Ingress next.
#[derive(Debug, PartialEq)]
enum Step {
    Nothing,
    SetFinalizers(Vec<String>),
    SetAddress,
}

impl Controller {
    pub(super) fn start(client: Client, switches: Arc<Switches>) -> Arc<Self> {
        let (ingresses, writer) = reflector::store();
        let watched = Api::<Ingress>::all(client.clone());
        let events = watcher(watched, watcher::Config::default()).default_backoff();
        let applied = events.reflect(writer).applied_objects();
        let handle = Handle::current();
        let controller = Arc::new(Self {
            client,
            switches,
            ingresses,
            handle,
        });
        let looking = Arc::clone(&controller);
        tokio::spawn(async move {
            let mut applied = applied.boxed();
            while let Some(event) = applied.next().await {
                // The watch goes on by itself after an error.
                if let Ok(ingress) = event {
                    looking.look_at(&ingress).await;
                }
            }
        });
        controller
    }

    pub(super) fn ingresses(&self) -> Store<Ingress> {
        self.ingresses.clone()
    }

    /// Looks at all Ingresses of a namespace once more, because a switch has changed.
    pub(super) fn look_again(self: &Arc<Self>, namespace: &str) {
        for ingress in self.ingresses.state() {
            if ingress.namespace().as_deref() == Some(namespace) {
                let controller = Arc::clone(self);
                self.handle
                    .spawn(async move { controller.look_at(&ingress).await });
            }
        }
    }

    async fn look_at(&self, ingress: &Ingress) {
        match self.next(ingress) {
            Step::Nothing => {}
            Step::SetFinalizers(finalizers) => {
                let version = ingress.resource_version();
                let metadata = json!({"finalizers": finalizers, "resourceVersion": version});
                self.patch(ingress, json!({"metadata": metadata}), "").await;
            }
            Step::SetAddress => {
                let namespace = ingress.namespace().unwrap_or_default();
                let address = match self.switches.name_in(&namespace) {
                    Some(name) => json!({"hostname": name}),
                    None => json!({"ip": ADDRESS}),
                };
                let status = json!({"loadBalancer": {"ingress": [address]}});
                self.patch(ingress, json!({"status": status}), "status")
                    .await;
            }
        }
    }

    fn next(&self, ingress: &Ingress) -> Step {
        let namespace = ingress.namespace().unwrap_or_default();
        let finalizer = finalizer(ingress);
        let finalizers = ingress.finalizers().to_vec();
        let holds = finalizers.contains(&finalizer);
        if ingress.metadata.deletion_timestamp.is_some() {
            if !holds || self.switches.keeps_finalizers(&namespace) {
                return Step::Nothing;
            }
            let others = finalizers.into_iter().filter(|other| *other != finalizer);
            return Step::SetFinalizers(others.collect());
        }
        if !is_ours(ingress) {
            return Step::Nothing;
        }
        if !holds {
            return Step::SetFinalizers([finalizers, vec![finalizer]].concat());
        }
        if has_address(ingress) || self.switches.holds_addresses(&namespace) {
            return Step::Nothing;
        }
        Step::SetAddress
    }

    /// What is refused (a conflict, an object just gone) is tried again with the next event, which
    /// the refusal's cause brings along.
    async fn patch(&self, ingress: &Ingress, patch: Value, subresource: &str) {
        let namespace = ingress.namespace().unwrap_or_default();
        let api: Api<Ingress> = Api::namespaced(self.client.clone(), &namespace);
        let (name, parameters) = (ingress.name_any(), PatchParams::default());
        let patch = Patch::Merge(patch);
        if subresource.is_empty() {
            api.patch(&name, &parameters, &patch).await.ok();
        } else {
            api.patch_subresource(subresource, &name, &parameters, &patch)
                .await
                .ok();
        }
    }
}

/// The real controller's names: one for a group that is named, one for an Ingress by itself.
fn finalizer(ingress: &Ingress) -> String {
    match ingress.annotations().get(GROUP_ANNOTATION) {
        Some(group) => format!("group.ingress.k8s.aws/{group}"),
        None => "ingress.k8s.aws/resources".to_owned(),
    }
}

/// Whether the load balancer has taken up an Ingress.
pub(super) fn has_address(ingress: &Ingress) -> bool {
    let balancer = ingress
        .status
        .as_ref()
        .and_then(|status| status.load_balancer.as_ref());
    balancer
        .and_then(|balancer| balancer.ingress.as_ref())
        .is_some_and(|all| !all.is_empty())
}
