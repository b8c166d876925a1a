//! A way to the API server that can be cut: what is sent stays on the way, and nobody is told.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Condvar, Mutex},
    thread,
};

use serde_json::{Value, json};

use crate::site::Site;

/// A link between one program and the API server. What it holds back, it lets go when it is dropped.
pub struct Link {
    /// The site's kubeconfig, by way of the link.
    pub kubeconfig: PathBuf,
    cut: Arc<(Mutex<bool>, Condvar)>,
}

impl Link {
    /// A link that is not cut yet.
    pub fn new(site: &Site) -> Self {
        let text = fs::read_to_string(&site.kubeconfig).expect("it is there");
        let mut config: Value = serde_json::from_str(&text).expect("the testbed writes JSON");
        let cluster = &mut config["clusters"][0]["cluster"];
        let server = cluster["server"].as_str().expect("it names a server");
        let server = server.trim_start_matches("https://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let here = listener.local_addr().expect("it has a port");
        cluster["server"] = json!(format!("https://{here}"));
        // The certificate is for the server's own address, and for this name.
        cluster["tls-server-name"] = json!("kubernetes");
        let kubeconfig = site.kubeconfig.with_extension("link");
        fs::write(&kubeconfig, config.to_string()).expect("the folder can be written");
        let cut = Arc::new((Mutex::new(false), Condvar::new()));
        let state = cut.clone();
        thread::spawn(move || {
            for here in listener.incoming().flatten() {
                let Ok(there) = TcpStream::connect(&server) else {
                    continue;
                };
                let ways = [(&here, &there), (&there, &here)];
                for (from, to) in ways {
                    let (from, to) = (from.try_clone(), to.try_clone());
                    let (Ok(from), Ok(to)) = (from, to) else {
                        continue;
                    };
                    let state = state.clone();
                    thread::spawn(move || carry(from, to, &state));
                }
            }
        });
        Self { kubeconfig, cut }
    }

    /// From now on nothing comes through.
    pub fn cut(&self) {
        *self.cut.0.lock().unwrap() = true;
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        *self.cut.0.lock().unwrap() = false;
        self.cut.1.notify_all();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, cut: &(Mutex<bool>, Condvar)) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer)
        && read > 0
    {
        let held = cut.1.wait_while(cut.0.lock().unwrap(), |cut| *cut);
        drop(held.unwrap());
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
