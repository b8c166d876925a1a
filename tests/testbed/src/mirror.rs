//! A server of files on loopback, as a mirror of releases is one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Response},
};

use crate::{faults::Faults, serve::Server};

/// Serves files that are in memory; it ends when it is dropped.
#[derive(Debug)]
pub struct Mirror {
    server: Server,
    shelf: Shelf,
    faults: Faults,
}

#[derive(Clone, Debug, Default)]
struct Shelf(Arc<Mutex<Stock>>);

#[derive(Debug, Default)]
struct Stock {
    files: BTreeMap<String, Bytes>,
    asked: Vec<String>,
}

impl Mirror {
    /// Starts one without files.
    pub fn start() -> Self {
        let (shelf, faults) = (Shelf::default(), Faults::default());
        let router = Router::new().fallback(serve).with_state(shelf.clone());
        let router = faults.wrap(router);
        Self {
            server: Server::start(|_| router),
            shelf,
            faults,
        }
    }

    /// Its address, without a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Puts a file at a path, which begins with a slash.
    pub fn put(&self, path: &str, content: Vec<u8>) {
        let mut stock = self.shelf.lock();
        stock.files.insert(path.to_owned(), content.into());
    }

    /// The paths that were asked for, but for those that met a fault, in their order.
    pub fn asked(&self) -> Vec<String> {
        self.shelf.lock().asked.clone()
    }

    /// The switches for faults on the wire.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Stock> {
        self.0.lock().expect("nobody panics with the files in hand")
    }
}

async fn serve(State(shelf): State<Shelf>, uri: Uri) -> Response {
    let mut stock = shelf.lock();
    stock.asked.push(uri.path().to_owned());
    match stock.files.get(uri.path()) {
        Some(file) => file.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
