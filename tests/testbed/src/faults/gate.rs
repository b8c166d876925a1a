//! A request held until the test lets it go, so that races need no sleeping.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio::sync::Notify;

/// Holds requests. `reached` blocks until one is held, `open` lets all of them go, for good.
#[derive(Clone, Debug)]
pub struct Gate {
    arrivals: Arc<std::sync::Mutex<mpsc::Receiver<()>>>,
    arrive: mpsc::Sender<()>,
    opened: Arc<Notify>,
    open: Arc<std::sync::atomic::AtomicBool>,
}

impl Default for Gate {
    fn default() -> Self {
        let (arrive, arrivals) = mpsc::channel();
        Self {
            arrivals: Arc::new(arrivals.into()),
            arrive,
            opened: Arc::default(),
            open: Arc::default(),
        }
    }
}

impl Gate {
    /// Waits until a request arrives here.
    ///
    /// # Panics
    /// When none arrived within 30 seconds: the test went another way than it thought.
    pub fn reached(&self) {
        let arrivals = self
            .arrivals
            .lock()
            .expect("nobody panics while waiting at a gate");
        arrivals
            .recv_timeout(Duration::from_secs(30))
            .expect("a request at the gate in 30 s");
    }

    /// Whether a request arrives here while `goes_on`: until whoever sends it has ended.
    pub fn is_reached_while(&self, mut goes_on: impl FnMut() -> bool) -> bool {
        let arrivals = self.arrivals.lock();
        let arrivals = arrivals.expect("nobody panics while waiting at a gate");
        loop {
            if arrivals.recv_timeout(Duration::from_millis(50)).is_ok() {
                return true;
            }
            if !goes_on() {
                return arrivals.try_recv().is_ok();
            }
        }
    }

    /// Lets the requests that wait here go on, and all later ones pass.
    pub fn open(&self) {
        self.open.store(true, std::sync::atomic::Ordering::SeqCst);
        self.opened.notify_waiters();
    }

    pub(crate) async fn pass(&self) {
        let opened = self.opened.notified();
        // A test that no longer looks has dropped nothing: this gate holds its own receiver.
        let _ = self.arrive.send(());
        if !self.open.load(std::sync::atomic::Ordering::SeqCst) {
            opened.await;
        }
    }
}
