//! A proxy that sees each request to a server of HTTP, and can hold it.

use std::collections::HashMap;
use std::io::BufReader;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::exchange;
use crate::secret_server::{Request, Response};

/// A proxy on 127.0.0.1. Each request goes through two points: when it is here and was not yet
/// handed on, and when its answer is here and was not yet handed back. Points are counted over all
/// requests.
#[derive(Debug)]
pub struct Checkpoint {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    paths: Vec<String>,
    /// How often requests for a path are kept waiting, and for how long.
    delays: HashMap<String, (usize, Duration)>,
    passed: usize,
    /// The point that nothing passes.
    closed: Option<usize>,
    /// Whether something stands there.
    is_held: bool,
    dropped: bool,
}

impl Checkpoint {
    /// A proxy before `target` that lets everything pass.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn before(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.state().dropped {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&accepting);
                thread::spawn(move || serve(&stream, target, &shared));
            }
        });
        Self { address, shared }
    }

    /// The same proxy, where nothing passes this point, from 0. What comes there is held until the
    /// proxy is dropped, and then it is not handed on.
    #[must_use]
    pub fn closed_at(self, point: usize) -> Self {
        self.shared.state().closed = Some(point);
        self
    }

    /// The same proxy, where the first requests for a path are kept waiting before they are handed
    /// on: so many of them, and for so long.
    #[must_use]
    pub fn slow(self, path: &str, times: usize, delay: Duration) -> Self {
        let mut state = self.shared.state();
        state.delays.insert(path.to_owned(), (times, delay));
        drop(state);
        self
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether something is held at the closed point.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.shared.state().is_held
    }

    /// The paths that were asked for, in the order in which they came.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.shared.state().paths.clone()
    }
}

impl Drop for Checkpoint {
    fn drop(&mut self) {
        self.shared.state().dropped = true;
        self.shared.changed.notify_all();
        // Wakes the thread that waits for connections, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    /// What is locked here is whole at every step, also where a thread has panicked.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what comes to the next point may go on. Comes back from a closed one when the proxy
    /// is dropped.
    fn pass(&self) -> bool {
        let mut state = self.state();
        let is_closed = state.closed == Some(state.passed);
        state.passed += 1;
        if !is_closed {
            return !state.dropped;
        }
        state.is_held = true;
        while !state.dropped {
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        false
    }

    /// Notes a request, and says for how long it waits.
    fn note(&self, request: &Request) -> Duration {
        let mut state = self.state();
        state.paths.push(request.path.clone());
        match state.delays.get_mut(&request.path) {
            Some((times, delay)) if *times > 0 => {
                *times -= 1;
                *delay
            }
            _ => Duration::ZERO,
        }
    }
}

/// Hands on the requests of one connection, one after the other.
fn serve(stream: &TcpStream, target: SocketAddr, shared: &Shared) {
    let mut reader = BufReader::new(stream);
    while let Ok(Some(request)) = Request::read(&mut reader) {
        thread::sleep(shared.note(&request));
        if !shared.pass() {
            break;
        }
        let own = ["host", "connection", "content-length", "transfer-encoding"];
        let headers = request.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !own.contains(name))
            .collect();
        let (method, path) = (&request.method, &request.path);
        let Ok(reply) = exchange(target, method, path, &headers, &request.body) else {
            break;
        };
        let response = Response::new(reply.status).body(&reply.body);
        if !shared.pass() || response.send(&request, stream).is_err() {
            break;
        }
    }
    // The client may be gone.
    let _ = stream.shutdown(Shutdown::Both);
}
