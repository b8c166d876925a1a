//! What is seen of a namespace's workloads.

use chrono::DateTime;
use futures::{StreamExt as _, stream};
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::{self, PersistentVolumeClaim, Pod},
    networking::v1::Ingress,
};
use kube::{
    Api, ResourceExt,
    api::{DynamicObject, ListParams},
    core::ApiResource,
};

use super::{Objects, live};
use crate::{
    clients::cluster::{ClusterError, anew_once},
    model::{Event, Interest, Key, ObjectKey, Scene},
};

/// The most events that are read, so many in one answer: what is said of workloads is kept for an hour,
/// in a namespace that they all share.
const EVENTS: usize = 20_000;
const PAGE: u32 = 2_000;

/// Objects in one answer: of what they all are, little is kept.
pub(super) const OBJECTS: u32 = 100;

/// How many kinds are listed at a time.
const AT_ONCE: usize = 4;

impl Objects {
    /// What is there of interest, and what the cluster says of it. What cannot be seen is told with it.
    pub async fn scene(&self, interest: &Interest) -> Scene {
        let mut scene = Scene::default();
        let known = resources(interest);
        let lists = stream::iter(known).map(|kind| self.all_of(kind, interest));
        let (lists, events) = tokio::join!(
            lists.buffered(AT_ONCE).collect::<Vec<_>>(),
            self.events(interest, &mut scene.unseen)
        );
        scene.events = events;
        for listed in lists {
            match listed {
                Ok(objects) => scene.objects.extend(objects),
                Err(error) => scene.unseen.push(error.to_string()),
            }
        }
        scene
    }

    async fn all_of(
        &self,
        kind: ApiResource,
        interest: &Interest,
    ) -> Result<Vec<Keyed>, ClusterError> {
        let client = self.client.clone();
        let api: Api<DynamicObject> = Api::namespaced_with(client, &self.namespace, &kind);
        anew_once(async || {
            let mut params = ListParams::default().limit(OBJECTS);
            let mut objects = Vec::new();
            loop {
                let page = api.list(&params).await;
                let page = page.map_err(|error| self.not_listed(&kind.plural, error))?;
                let items = page.items.into_iter();
                for object in items.filter(|it| concerns(interest, it)) {
                    objects.push(keyed(&kind, object)?);
                }
                match page.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => params = params.continue_token(&token),
                    None => return Ok(objects),
                }
            }
        })
        .await
    }

    /// What the cluster says of what is of interest; with what could not be read told.
    async fn events(&self, interest: &Interest, unseen: &mut Vec<String>) -> Vec<Event> {
        let api: Api<v1::Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut params = ListParams::default().limit(PAGE);
        let mut events = Vec::new();
        while events.len() < EVENTS {
            let page = match api.list(&params).await {
                Ok(page) => page,
                Err(error) => {
                    unseen.push(self.not_listed("events", error).to_string());
                    break;
                }
            };
            let said = page.items.into_iter().map(event);
            events.extend(said.filter(|it| interest.concerns(&it.object)));
            match page.metadata.continue_ {
                Some(next) if !next.is_empty() => params.continue_token = Some(next),
                Some(_) | None => break,
            }
        }
        events
    }
}

type Keyed = (Key, serde_json::Value);

/// An object under what names it.
pub(super) fn keyed(kind: &ApiResource, mut object: DynamicObject) -> Result<Keyed, ClusterError> {
    object.metadata.managed_fields = None;
    let key = ObjectKey::new(&kind.api_version, &kind.kind, object.name_any());
    let live = live(key, &object)?;
    Ok(((live.key.kind, live.key.name), live.body))
}

/// Whether an object, or whoever owns it, is of interest.
pub(super) fn concerns(interest: &Interest, object: &DynamicObject) -> bool {
    let owners = object.owner_references().iter().map(|it| it.name.as_str());
    let own = object.metadata.name.as_deref();
    owners.chain(own).any(|name| interest.concerns(name))
}

/// How the kinds are asked for: those of charts where a chart has them, and what is made for them.
pub(super) fn resources(interest: &Interest) -> Vec<ApiResource> {
    let made = [
        ApiResource::erase::<Pod>(&()),
        ApiResource::erase::<ReplicaSet>(&()),
        ApiResource::erase::<PersistentVolumeClaim>(&()),
    ];
    let charted = [
        ApiResource::erase::<Deployment>(&()),
        ApiResource::erase::<StatefulSet>(&()),
        ApiResource::erase::<DaemonSet>(&()),
        ApiResource::erase::<Job>(&()),
        ApiResource::erase::<Ingress>(&()),
    ];
    let charted = charted.into_iter();
    let charted = charted.filter(|kind| interest.has_kind(&kind.kind));
    made.into_iter().chain(charted).collect()
}

/// An event as the cluster has it.
pub(super) fn event(event: v1::Event) -> Event {
    let series = event.series.as_ref();
    let last = series.and_then(|it| it.last_observed_time.as_ref());
    let last = last.map(|time| time.0.as_second());
    let last = last.or(event.last_timestamp.map(|time| time.0.as_second()));
    let last = last.or(event.event_time.map(|time| time.0.as_second()));
    let count = series.and_then(|it| it.count).or(event.count);
    let about = event.involved_object;
    let message = event.message.unwrap_or_default();
    Event {
        kind: about.kind.unwrap_or_default(),
        object: about.name.unwrap_or_default(),
        uid: about.uid.unwrap_or_default(),
        warns: event.type_.as_deref() == Some("Warning"),
        reason: event.reason.unwrap_or_default(),
        message: message.split_whitespace().collect::<Vec<_>>().join(" "),
        count: count.and_then(|it| it.try_into().ok()).unwrap_or(1),
        before: false,
        outdated: false,
        at: last.and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
    }
}
