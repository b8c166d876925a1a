//! Pods that answer: what a container would do, done from here.

mod answer;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt, TryStreamExt};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, ResourceExt,
    runtime::{WatchStreamExt, watcher, watcher::Event},
};
use tokio::{net::TcpListener, task::JoinSet};

use self::answer::Answer;
use crate::network::reachable;

/// Below it a listener needs rights that nobody running tests should need.
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// Listens for each pod that runs, on its address and its containers' ports, and answers every
/// HTTP request: who it is, its images, and what it was told of branch and commit. The annotation
/// `testbed/answer-status` sets the status.
pub(crate) async fn answer(client: Client) {
    let mut servers = Servers::default();
    let mut events = watcher(Api::all(client), watcher::Config::default())
        .default_backoff()
        .boxed();
    loop {
        match events.try_next().await {
            Ok(Some(Event::Apply(pod) | Event::InitApply(pod))) => servers.update(&pod).await,
            Ok(Some(Event::Delete(pod))) => servers.remove(&pod),
            // A new listing tells of every pod anew.
            Ok(Some(Event::Init)) => servers.0.clear(),
            // The watch goes on by itself after an error.
            Ok(Some(Event::InitDone)) | Err(_) => {}
            Ok(None) => return,
        }
    }
}

/// The server of each running pod, by the pod's uid.
#[derive(Default)]
struct Servers(HashMap<String, Server>);

/// Dropping it closes its listeners and cuts its connections.
struct Server {
    answer: Arc<Mutex<Answer>>,
    _listeners: JoinSet<()>,
}

impl Servers {
    async fn update(&mut self, pod: &Pod) {
        let Some(address) = running_at(pod) else {
            return self.remove(pod);
        };
        let uid = pod.uid().unwrap_or_default();
        let answer = Answer::of(pod);
        if let Some(server) = self.0.get(&uid) {
            *server.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        } else {
            self.0
                .insert(uid, Server::start(address, &ports(pod), answer).await);
        }
    }

    fn remove(&mut self, pod: &Pod) {
        self.0.remove(&pod.uid().unwrap_or_default());
    }
}

impl Server {
    async fn start(address: IpAddr, ports: &[u16], answer: Answer) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let mut listeners = JoinSet::new();
        for &port in ports {
            match TcpListener::bind(SocketAddr::new(address, port)).await {
                Ok(listener) => {
                    listeners.spawn(serve(listener, Arc::clone(&answer)));
                }
                Err(error) => {
                    eprintln!("testbed: a pod cannot listen on {address}:{port}: {error}")
                }
            }
        }
        Self {
            answer,
            _listeners: listeners,
        }
    }
}

/// Where a pod is to be reached, as long as it runs and is not told to end.
fn running_at(pod: &Pod) -> Option<IpAddr> {
    let status = pod.status.as_ref()?;
    let runs = status.phase.as_deref() == Some("Running");
    if !runs || pod.metadata.deletion_timestamp.is_some() {
        return None;
    }
    status.pod_ip.as_deref()?.parse().ok().map(reachable)
}

fn ports(pod: &Pod) -> Vec<u16> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    let mut ports: Vec<u16> = ports
        .filter(|port| port.protocol.as_deref().unwrap_or("TCP") == "TCP")
        .filter_map(|port| u16::try_from(port.container_port).ok())
        .filter(|&port| port >= FIRST_UNPRIVILEGED_PORT)
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The connections are this task's own, so that they end with it.
async fn serve(listener: TcpListener, answer: Arc<Mutex<Answer>>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let answer = Arc::clone(&answer);
        connections.spawn(async move {
            let respond = service_fn(|_| {
                let response = answer
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .response();
                async { Ok::<_, std::convert::Infallible>(response) }
            });
            // The other side may leave whenever it likes.
            http1::Builder::new()
                .serve_connection(TokioIo::new(stream), respond)
                .await
                .ok();
        });
    }
}
