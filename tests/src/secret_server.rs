//! An HTTP/1.1 server of documents that answers as it is told to, well or badly.
//!
//! ```no_run
//! use secret_run_tests::{Response, SecretServer};
//!
//! let server = SecretServer::start();
//! server.document("app/token", "dummy-token", "3");
//! server.answer("/login", Response::new(401).header("www-authenticate", "Basic"));
//! // … a client asks for server.url("/secrets/app/token") …
//! assert_eq!(server.requests()[0].path, "/secrets/app/token");
//! ```

mod request;
mod response;

use std::collections::HashMap;
use std::io::BufReader;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

pub use self::request::Request;
pub use self::response::Response;

/// How long a connection may be silent.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server. Its connections end when it is dropped.
#[derive(Debug)]
pub struct SecretServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    answers: Mutex<HashMap<String, Response>>,
    otherwise: Mutex<Option<Response>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    /// By the number of the connection, for as long as it is served.
    open: Mutex<HashMap<usize, TcpStream>>,
    dropped: AtomicBool,
}

impl SecretServer {
    /// Starts it on a free port of 127.0.0.1. It knows no path, and answers 404.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start() -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into())
    }

    /// Starts it at an address of this machine.
    ///
    /// # Panics
    /// When that is taken, or none of this machine.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("the address is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::<Shared>::default();
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared }
    }

    /// Holds `body` at `/secrets/PATH`, with the version in the header `x-version`.
    pub fn document(&self, path: &str, body: impl AsRef<[u8]>, version: &str) {
        let response = Response::new(200).header("x-version", version).body(body);
        self.answer(&format!("/secrets/{path}"), response);
    }

    /// Answers every request for `path` so from now on, whatever its method. `path` begins with
    /// `/`; a query belongs to it only if it has one: `/a` also answers `/a?b`.
    pub fn answer(&self, path: &str, response: Response) {
        lock(&self.shared.answers).insert(path.to_owned(), response);
    }

    /// Answers so from now on where it knows no path.
    pub fn otherwise(&self, response: Response) {
        *lock(&self.shared.otherwise) = Some(response);
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its origin: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of a path that begins with `/`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// What was asked for, in the order in which it was read.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for SecretServer {
    fn drop(&mut self) {
        self.shared.dropped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
        for (_, stream) in lock(&self.shared.open).drain() {
            // The client may have ended it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.dropped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let number = shared.connections.fetch_add(1, Ordering::SeqCst);
        let handle = stream.try_clone().expect("a socket can be shared");
        lock(&shared.open).insert(number, handle);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            serve(&stream, &shared);
            lock(&shared.open).remove(&number);
        });
    }
}

/// Answers the requests of one connection, one after the other. Ends without a word where the
/// client does: what it made of the answer is for the test to say.
fn serve(stream: &TcpStream, shared: &Shared) {
    let prepared = stream
        .set_read_timeout(Some(LIMIT))
        .and_then(|()| stream.set_nodelay(true));
    prepared.expect("a socket takes options");
    let mut reader = BufReader::new(stream);
    while let Ok(Some(request)) = Request::read(&mut reader) {
        lock(&shared.requests).push(request.clone());
        let response = shared.find(&request);
        if response.send(&request, stream).is_err() {
            break;
        }
        if request.header("connection") == Some("close") {
            break;
        }
    }
    // The other handle would keep the connection open.
    let _ = stream.shutdown(Shutdown::Both);
}

impl Shared {
    fn find(&self, request: &Request) -> Response {
        let answers = lock(&self.answers);
        let path = request.path.split('?').next().unwrap_or_default();
        let answer = answers.get(&request.path).or_else(|| answers.get(path));
        let otherwise = || lock(&self.otherwise).clone();
        let answer = answer.cloned().or_else(otherwise);
        answer.unwrap_or_else(|| Response::new(404))
    }
}

/// What is locked here is whole at every step, also where a thread has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
