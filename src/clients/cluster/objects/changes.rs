//! What changes of a namespace's workloads, as it does.

use std::sync::Arc;

use futures::{Stream, StreamExt as _, stream};
use k8s_openapi::api::core::v1;
use kube::{
    Api,
    api::DynamicObject,
    core::ApiResource,
    runtime::{WatchStreamExt as _, watcher, watcher::Event},
};
use serde_json::Value;

use super::{
    Objects,
    scene::{OBJECTS, concerns, event, keyed, resources},
};
use crate::model::{self, Change, Interest, Key};

/// How long one watch stays silent, in seconds, until it is begun where it ended: before the client
/// takes a silent connection for a dead one.
const SILENCE: u32 = 25;

impl Objects {
    /// What is there of interest, and then each change of it; what the cluster says of it, too. Never
    /// ends by itself, unless nothing of it may be seen.
    pub fn changes(&self, interest: &Arc<Interest>) -> impl Stream<Item = Change> + use<> {
        let watches = resources(interest).into_iter();
        let watches = watches.map(|kind| self.watch(kind, interest.clone()).boxed());
        let events = self.watch_events(interest.clone()).boxed();
        stream::select_all(watches.chain([events]))
    }

    fn watch(
        &self,
        kind: ApiResource,
        interest: Arc<Interest>,
    ) -> impl Stream<Item = Change> + use<> {
        let client = self.client.clone();
        let api: Api<DynamicObject> = Api::namespaced_with(client, &self.namespace, &kind);
        let watch = watcher::watcher(api, config());
        let (objects, mut is_first) = (self.clone(), true);
        let changes = watch.default_backoff().filter_map(move |seen| {
            let change = |what: fn(Key, Value) -> Change, object| {
                let (key, body) = keyed(&kind, object).ok()?;
                Some(what(key, body))
            };
            let change = match seen {
                Ok(Event::Apply(object) | Event::InitApply(object) | Event::Delete(object))
                    if !concerns(&interest, &object) =>
                {
                    None
                }
                Ok(Event::InitApply(object)) if is_first => change(Change::Found, object),
                Ok(Event::Apply(object) | Event::InitApply(object)) => {
                    change(Change::There, object)
                }
                Ok(Event::Delete(object)) => change(Change::Gone, object),
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

    fn watch_events(&self, interest: Arc<Interest>) -> impl Stream<Item = Change> + use<> {
        let api: Api<v1::Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let watch = watcher::watcher(api, config());
        let (objects, mut before) = (self.clone(), true);
        let changes = watch.default_backoff().filter_map(move |seen| {
            std::future::ready(match seen {
                Ok(Event::Apply(said) | Event::InitApply(said)) => {
                    let event = event(said);
                    let concerns = interest.concerns(&event.object);
                    concerns.then_some(Change::Said(model::Event { before, ..event }))
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

fn config() -> watcher::Config {
    let config = watcher::Config::default().timeout(SILENCE);
    config.page_size(OBJECTS)
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
