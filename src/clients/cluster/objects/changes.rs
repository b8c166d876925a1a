//! What changes of a namespace's workloads, as it does.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
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
        let (objects, mut known) = (self.clone(), Known::default());
        let changes = watch.default_backoff().flat_map(move |seen| {
            let of_interest = |object| {
                let concerns = concerns(&interest, &object);
                concerns.then(|| keyed(&kind, object).ok()).flatten()
            };
            let changes: Vec<Change> = match seen {
                Ok(Event::Apply(object)) => {
                    let there = of_interest(object).into_iter();
                    there.map(|object| known.there(object)).collect()
                }
                Ok(Event::InitApply(object)) => {
                    let listed = of_interest(object).into_iter();
                    listed.map(|object| known.listed(object)).collect()
                }
                Ok(Event::Delete(object)) => {
                    let gone = of_interest(object).into_iter();
                    gone.map(|object| known.gone(object)).collect()
                }
                Ok(Event::Init) => {
                    known.begin();
                    Vec::new()
                }
                Ok(Event::InitDone) => known.done(),
                Err(error) => objects.refused(&kind.plural, error).into_iter().collect(),
            };
            stream::iter(changes)
        });
        until_refused(changes)
    }

    fn watch_events(&self, interest: Arc<Interest>) -> impl Stream<Item = Change> + use<> {
        let api: Api<v1::Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let watch = watcher::watcher(api, config());
        let (objects, mut heard) = (self.clone(), Heard::default());
        let changes = watch.default_backoff().filter_map(move |seen| {
            let of_interest = |event: &model::Event| interest.concerns(&event.object);
            std::future::ready(match seen {
                Ok(Event::Apply(said)) => Some(event(said)).filter(of_interest).map(Change::Said),
                Ok(Event::InitApply(said)) => {
                    let listed = heard.listed(event(said));
                    Some(listed).filter(of_interest).map(Change::Said)
                }
                Ok(Event::InitDone) => {
                    heard.is_later = true;
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

/// What a watch has seen and not seen go. Where it lost its place it lists anew, and what went meanwhile is
/// told by nobody: it is what is not listed.
#[derive(Default)]
struct Known {
    all: BTreeMap<Key, Value>,
    /// What was known before the listing that is under way, and is not seen in it yet.
    unseen: BTreeMap<Key, Value>,
    is_later: bool,
}

impl Known {
    fn begin(&mut self) {
        // One that broke off has seen less than there is.
        self.unseen.extend(std::mem::take(&mut self.all));
    }

    fn listed(&mut self, (key, body): (Key, Value)) -> Change {
        self.unseen.remove(&key);
        self.all.insert(key.clone(), body.clone());
        match self.is_later {
            true => Change::There(key, body),
            false => Change::Found(key, body),
        }
    }

    fn done(&mut self) -> Vec<Change> {
        self.is_later = true;
        let gone = std::mem::take(&mut self.unseen).into_iter();
        gone.map(|(key, body)| Change::Gone(key, body)).collect()
    }

    fn there(&mut self, (key, body): (Key, Value)) -> Change {
        self.all.insert(key.clone(), body.clone());
        Change::There(key, body)
    }

    fn gone(&mut self, (key, body): (Key, Value)) -> Change {
        self.all.remove(&key);
        Change::Gone(key, body)
    }
}

/// What was said before: a watch that lost its place lists that anew.
#[derive(Default)]
struct Heard {
    /// When the last of it was said.
    until: Option<DateTime<Utc>>,
    is_later: bool,
}

impl Heard {
    fn listed(&mut self, event: model::Event) -> model::Event {
        if !self.is_later {
            self.until = self.until.max(event.at);
        }
        let before = !self.is_later || event.at <= self.until;
        model::Event { before, ..event }
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::{Request, Response};
    use kube::{Client, client::Body};
    use serde_json::json;

    use super::*;
    use crate::model::{Object, ObjectKey, Scene};

    fn pod(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata":
            {"name": name, "uid": name, "namespace": "betas", "resourceVersion": "1"}})
    }

    /// An API server that lists these pods, one listing after the other, and forgets each time where a watch
    /// was; the last listing holds.
    fn forgetful(listings: Vec<Vec<Value>>) -> Objects {
        let listings = Arc::new(Mutex::new(listings));
        let answer = move |request: Request<Body>| {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let mut listings = listings.lock().unwrap();
            let expired = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "reason": "Expired", "message": "too old resource version", "code": 410});
            let text = match (query.contains("watch="), listings.len()) {
                (true, 0) => String::new(),
                (true, _) => json!({"type": "ERROR", "object": expired}).to_string() + "\n",
                (false, 0) => unreachable!("the last listing holds"),
                (false, _) => {
                    let items = listings.remove(0);
                    json!({"kind": "PodList", "apiVersion": "v1", "metadata":
                        {"resourceVersion": "1"}, "items": items})
                    .to_string()
                }
            };
            let answer = Response::new(Body::from(text.into_bytes()));
            std::future::ready(Ok::<_, std::convert::Infallible>(answer))
        };
        Objects::new(Client::new(tower::service_fn(answer), "betas"), "betas")
    }

    #[tokio::test]
    async fn what_went_while_the_watch_had_lost_its_place_is_gone() {
        let objects = forgetful(vec![
            vec![pod("web-1"), pod("web-2")],
            vec![pod("web-2"), pod("web-3")],
        ]);
        let web = Object {
            key: ObjectKey::new("v1", "Pod", "web"),
            body: json!({}),
        };
        let interest = Arc::new(Interest::in_all([&web]));
        let changes = objects.watch(ApiResource::erase::<v1::Pod>(&()), interest);
        let mut scene = Scene::default();
        let limit = std::time::Duration::from_secs(30);
        let changes = tokio::time::timeout(limit, changes.take(5).collect::<Vec<_>>());
        let changes = changes.await.expect("all five come");
        for change in changes {
            scene.apply(change);
        }
        let names: Vec<_> = scene
            .objects
            .keys()
            .map(|(_, name)| name.as_str())
            .collect();
        assert_eq!(names, ["web-2", "web-3"]);
        assert!(scene.is_old(&pod("web-2")) && !scene.is_old(&pod("web-3")));
    }

    #[test]
    fn what_was_said_before_stays_so_when_it_is_listed_anew() {
        let said = |at| model::Event {
            at: DateTime::from_timestamp(at, 0),
            ..model::Event::default()
        };
        let mut heard = Heard::default();
        assert!([2, 1].iter().all(|at| heard.listed(said(*at)).before));
        heard.is_later = true;
        let [old, new] = [2, 3].map(|at| heard.listed(said(at)).before);
        assert!(old && !new);
        let mut silent = Heard {
            is_later: true,
            ..Heard::default()
        };
        assert!(!silent.listed(said(1)).before, "nothing was said before");
    }

    #[test]
    fn a_listing_that_breaks_off_takes_nothing_away_and_the_next_tells() {
        let keyed = |name: &str| (("Pod".to_owned(), name.to_owned()), json!({}));
        let mut known = Known::default();
        known.begin();
        for name in ["a", "b", "c"] {
            known.listed(keyed(name));
        }
        assert!(known.done().is_empty());
        known.begin();
        known.listed(keyed("a"));
        known.begin();
        known.listed(keyed("b"));
        let gone = known.done();
        let name = |change: &Change| match change {
            Change::Gone((_, name), _) => Some(name.clone()),
            _ => None,
        };
        let gone: Vec<_> = gone.iter().filter_map(name).collect();
        assert_eq!(gone, ["a", "c"]);
    }
}
