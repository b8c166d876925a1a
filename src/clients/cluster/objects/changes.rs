//! What changes of a namespace's workloads, as it does.

use futures::{Stream, StreamExt as _, stream};
use k8s_openapi::api::core::v1;
use kube::{
    Api,
    api::DynamicObject,
    core::ApiResource,
    runtime::{WatchStreamExt as _, watcher, watcher::Event},
};

use super::{
    Objects,
    scene::{event, keyed, resources},
};
use crate::model::{self, Change};

/// How long one watch stays silent, in seconds, until it is begun where it ended: before the client
/// takes a silent connection for a dead one.
const SILENCE: u32 = 25;

impl Objects {
    /// What is there of these kinds and of what controllers make for them, and then each change of it;
    /// what the cluster says of it, too. Never ends by itself, unless nothing of it may be seen.
    pub fn changes(&self, kinds: &[&str]) -> impl Stream<Item = Change> + use<> {
        let watches = resources(kinds)
            .into_iter()
            .map(|kind| self.watch(kind).boxed());
        let events = self.watch_events().boxed();
        stream::select_all(watches.chain([events]))
    }

    fn watch(&self, kind: ApiResource) -> impl Stream<Item = Change> + use<> {
        let client = self.client.clone();
        let api: Api<DynamicObject> = Api::namespaced_with(client, &self.namespace, &kind);
        let watch = watcher::watcher(api, watcher::Config::default().timeout(SILENCE));
        let (objects, mut is_first) = (self.clone(), true);
        let changes = watch.default_backoff().filter_map(move |seen| {
            let change = match seen {
                Ok(Event::InitApply(object)) if is_first => keyed(&kind, &object)
                    .ok()
                    .map(|(key, body)| Change::Found(key, body)),
                Ok(Event::Apply(object) | Event::InitApply(object)) => keyed(&kind, &object)
                    .ok()
                    .map(|(key, body)| Change::There(key, body)),
                Ok(Event::Delete(object)) => keyed(&kind, &object)
                    .ok()
                    .map(|(key, body)| Change::Gone(key, body)),
                Ok(Event::InitDone) => {
                    is_first = false;
                    None
                }
                Ok(Event::Init) => None,
                Err(error) => objects.refused(&kind.plural, error),
            };
            std::future::ready(change)
        });
        until_refused(changes)
    }

    fn watch_events(&self) -> impl Stream<Item = Change> + use<> {
        let api: Api<v1::Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let watch = watcher::watcher(api, watcher::Config::default().timeout(SILENCE));
        let (objects, mut before) = (self.clone(), true);
        let changes = watch.default_backoff().filter_map(move |seen| {
            std::future::ready(match seen {
                Ok(Event::Apply(said) | Event::InitApply(said)) => {
                    let event = event(said);
                    Some(Change::Said(model::Event { before, ..event }))
                }
                Ok(Event::InitDone) => {
                    before = false;
                    None
                }
                Ok(Event::Delete(_) | Event::Init) => None,
                Err(error) => objects.refused("events", error),
            })
        });
        until_refused(changes)
    }

    /// That something may not be seen. Any other trouble passes: the watch goes on by itself.
    fn refused(&self, what: &str, error: watcher::Error) -> Option<Change> {
        let error = match error {
            watcher::Error::InitialListFailed(error)
            | watcher::Error::WatchStartFailed(error)
            | watcher::Error::WatchFailed(error) => error,
            watcher::Error::WatchError(_) | watcher::Error::NoResourceVersion => return None,
        };
        match &error {
            kube::Error::Api(status) if matches!(status.code, 401 | 403) => {
                Some(Change::Unseen(self.not_listed(what, error).to_string()))
            }
            _ => None,
        }
    }
}

/// The changes up to the first that tells that there will be no more.
fn until_refused(changes: impl Stream<Item = Change>) -> impl Stream<Item = Change> {
    let mut is_over = false;
    changes.take_while(move |change| {
        let goes_on = !is_over;
        is_over = matches!(change, Change::Unseen(_));
        std::future::ready(goes_on)
    })
}
