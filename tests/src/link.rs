//! A link between a client and a server: far away, unreliable, or both.
//!
//! A proxy on 127.0.0.1 takes connections and hands their bytes on. Each direction takes half of
//! the round-trip time, and a new connection costs a whole one, as its handshake would. Bytes in
//! flight do not wait for each other: the delay is one of distance, not of bandwidth.
//!
//! It counts round trips by causes, not by time: what a client says after it heard something could
//! depend on that, and is one trip later. So a slow machine counts the same, as long as a trip takes
//! longer than the server needs for its answers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};

/// The bytes that are taken at once.
const PIECE: usize = 64 * 1024;

/// What goes wrong on a link. Bytes are those from the server to the client, of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends in good order after so many bytes: the answer is incomplete.
    CutAfter(u64),
    /// The connection is reset after so many bytes. With 0, as soon as the client says something.
    ResetAfter(u64),
    /// Nothing comes any more after so many bytes, and nothing ends either.
    StallAfter(u64),
    /// After so many bytes, each is another than the server sent.
    GarbageAfter(u64),
}

/// How far away the server is, and what goes wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quality {
    /// The time of one round trip.
    pub round_trip: Duration,
    /// What goes wrong, on each connection that is made from now on.
    pub fault: Option<Fault>,
}

/// A link to one server. When it is dropped, its connections end.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    target: SocketAddr,
    quality: Mutex<Quality>,
    /// What goes wrong on so many connections before that of `quality` does.
    first: Mutex<(usize, Option<Fault>)>,
    dropped: AtomicBool,
    connections: AtomicUsize,
    up: AtomicU64,
    down: AtomicU64,
    /// The most round trips that anything took which a client has heard.
    heard: AtomicU64,
    open: Mutex<Vec<Arc<Pair>>>,
}

/// The two ends of one connection.
#[derive(Debug)]
struct Pair {
    client: TcpStream,
    server: TcpStream,
    accepted: Instant,
    quality: Quality,
    /// How many round trips were made when the handshake was.
    connected: u64,
    /// In which round trip that was said which the server has heard.
    reached: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// Bytes that were read, when they arrive at the other end, and in which round trip. No bytes: the
/// end.
type Piece = (Instant, Vec<u8>, u64);

impl Link {
    /// A link to `target` with no delay and no fault.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            target,
            quality: Mutex::default(),
            first: Mutex::default(),
            dropped: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            heard: AtomicU64::new(0),
            open: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared }
    }

    /// The same link over a distance of one round trip.
    #[must_use]
    pub fn round_trip(self, round_trip: Duration) -> Self {
        lock(&self.shared.quality).round_trip = round_trip;
        self
    }

    /// The same link with a fault.
    #[must_use]
    pub fn fault(self, fault: Fault) -> Self {
        lock(&self.shared.quality).fault = Some(fault);
        self
    }

    /// Changes what connections will find that are made from now on.
    pub fn change(&self, quality: Quality) {
        *lock(&self.shared.quality) = quality;
    }

    /// The next `count` connections have a fault; those after them are as they are.
    pub fn flap(&self, count: usize, fault: Fault) {
        *lock(&self.shared.first) = (count, Some(fault));
    }

    /// Where clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many bytes clients have sent.
    #[must_use]
    pub fn bytes_up(&self) -> u64 {
        self.shared.up.load(Ordering::SeqCst)
    }

    /// How many bytes the server has sent, whether the client got them or not.
    #[must_use]
    pub fn bytes_down(&self) -> u64 {
        self.shared.down.load(Ordering::SeqCst)
    }

    /// How many round trips clients have waited for, the handshakes of connections included.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.shared.heard.load(Ordering::SeqCst)
    }

    /// Ends every open connection in good order.
    pub fn cut(&self) {
        for pair in lock(&self.shared.open).drain(..) {
            pair.end();
        }
    }
}

impl Shared {
    /// What the next connection finds.
    fn next_quality(&self) -> Quality {
        let mut quality = *lock(&self.quality);
        let (count, fault) = &mut *lock(&self.first);
        if *count > 0 {
            *count -= 1;
            quality.fault = *fault;
        }
        quality
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.dropped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
        self.cut();
    }
}

impl Pair {
    /// In which round trip that is which one end says now.
    fn round_trip(&self, direction: Direction, shared: &Shared) -> u64 {
        match direction {
            Direction::Up => self.connected.max(shared.heard.load(Ordering::SeqCst)) + 1,
            Direction::Down => self.reached.load(Ordering::SeqCst),
        }
    }

    /// Notes that bytes have arrived which were said in this round trip.
    fn arrived(&self, direction: Direction, round_trip: u64, shared: &Shared) {
        let reached = match direction {
            Direction::Up => &self.reached,
            Direction::Down => &shared.heard,
        };
        reached.fetch_max(round_trip, Ordering::SeqCst);
    }

    /// Ends both sides. The threads that read from them or write to them come back.
    fn end(&self) {
        // One may have ended already: then there is nothing to do.
        let _ = self.client.shutdown(Shutdown::Both);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    /// Makes the client see a reset when the last handle of the connection is gone.
    fn reset(&self) {
        let now = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        setsockopt(&self.client, sockopt::Linger, &now).expect("a socket can be told to linger");
        // The reading half only: to end the writing half would be an end in good order.
        let _ = self.client.shutdown(Shutdown::Read);
        let _ = self.server.shutdown(Shutdown::Both);
    }

    fn ends(&self, direction: Direction) -> (&TcpStream, &TcpStream) {
        match direction {
            Direction::Up => (&self.client, &self.server),
            Direction::Down => (&self.server, &self.client),
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.dropped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        shared.connections.fetch_add(1, Ordering::SeqCst);
        // Nobody listens there: the client sees its connection end.
        let Ok(server) = TcpStream::connect(shared.target) else {
            continue;
        };
        let connected = shared.heard.load(Ordering::SeqCst) + 1;
        let pair = Arc::new(Pair {
            client,
            server,
            accepted: Instant::now(),
            quality: shared.next_quality(),
            connected,
            reached: AtomicU64::new(connected),
        });
        for stream in [&pair.client, &pair.server] {
            // The delay is ours to make.
            stream
                .set_nodelay(true)
                .expect("a socket can be told not to wait");
        }
        lock(&shared.open).push(Arc::clone(&pair));
        thread::spawn({
            let shared = Arc::clone(shared);
            move || carry(&pair, &shared)
        });
    }
}

/// Carries one connection until both directions have ended.
fn carry(pair: &Arc<Pair>, shared: &Arc<Shared>) {
    let directions = [Direction::Up, Direction::Down];
    thread::scope(|scope| {
        for direction in directions {
            let (sender, receiver) = channel();
            scope.spawn(move || take(pair, direction, shared, &sender));
            scope.spawn(move || deliver(pair, direction, shared, &receiver));
        }
    });
    // The last handles but ours go, so that the connection closes now.
    lock(&shared.open).retain(|open| !Arc::ptr_eq(open, pair));
}

/// Reads what one end says, and notes when the other may hear it.
fn take(pair: &Pair, direction: Direction, shared: &Shared, sender: &Sender<Piece>) {
    let (mut from, _) = pair.ends(direction);
    let round_trip = pair.quality.round_trip;
    let connected = pair.accepted + round_trip;
    let mut buffer = vec![0; PIECE];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        let count = match direction {
            Direction::Up => &shared.up,
            Direction::Down => &shared.down,
        };
        count.fetch_add(read as u64, Ordering::SeqCst);
        // The client could speak only after the handshake. What the server says is an answer.
        let said = match direction {
            Direction::Up => Instant::now().max(connected),
            Direction::Down => Instant::now(),
        };
        let number = pair.round_trip(direction, shared);
        let piece = (said + round_trip / 2, buffer[..read].to_vec(), number);
        if sender.send(piece).is_err() || read == 0 {
            return;
        }
    }
}

/// Says it at the other end when its time has come, as far as the fault lets it.
fn deliver(pair: &Pair, direction: Direction, shared: &Shared, receiver: &Receiver<Piece>) {
    let (_, mut to) = pair.ends(direction);
    let fault = pair.quality.fault.filter(|_| direction == Direction::Down);
    let mut allowed = fault.map_or(u64::MAX, Fault::bytes);
    let garbage = matches!(fault, Some(Fault::GarbageAfter(_)));
    if direction == Direction::Up && pair.quality.fault == Some(Fault::ResetAfter(0)) {
        // The client has said something, and no server will ever answer.
        let _ = receiver.recv();
        return pair.reset();
    }
    for (arrival, mut bytes, round_trip) in receiver {
        thread::sleep(arrival.saturating_duration_since(Instant::now()));
        if bytes.is_empty() {
            // An end in good order, after a stall as well: then it does not arrive.
            if allowed > 0 || garbage {
                let _ = to.shutdown(Shutdown::Write);
            }
            return;
        }
        let mut passing =
            usize::try_from(allowed).map_or(bytes.len(), |most| most.min(bytes.len()));
        allowed -= passing as u64;
        if garbage {
            bytes[passing..].iter_mut().for_each(|byte| *byte = !*byte);
            passing = bytes.len();
        }
        // Before anybody can answer it.
        if passing > 0 {
            pair.arrived(direction, round_trip, shared);
        }
        if to.write_all(&bytes[..passing]).is_err() {
            // Who no longer listens shall not be spoken to: the other end learns of it.
            return pair.end();
        }
        if allowed == 0 {
            match fault {
                Some(Fault::CutAfter(_)) => return pair.end(),
                Some(Fault::ResetAfter(_)) => return pair.reset(),
                Some(Fault::StallAfter(_) | Fault::GarbageAfter(_)) | None => {}
            }
        }
    }
}

impl Fault {
    fn bytes(self) -> u64 {
        match self {
            Self::CutAfter(bytes)
            | Self::ResetAfter(bytes)
            | Self::StallAfter(bytes)
            | Self::GarbageAfter(bytes) => bytes,
        }
    }
}

/// What is locked here is whole at every step, also where a thread has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
