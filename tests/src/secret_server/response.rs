//! An answer as a test wants it.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::Request;

/// An answer. Made well; each further method makes it more special, or worse.
#[derive(Debug, Clone)]
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    delay: Duration,
    drip: Option<Duration>,
    claimed: Option<u64>,
    echoes: Vec<String>,
    guard: Option<Guard>,
}

/// What a request must be like.
#[derive(Debug, Clone)]
struct Guard {
    condition: Condition,
    refusal: Box<Response>,
}

#[derive(Debug, Clone)]
enum Condition {
    /// It has a header of this value, or none of this name.
    Header(String, Option<String>),
    /// This is its body.
    Body(String),
    /// So many have come before it.
    Turn(Arc<AtomicUsize>),
}

impl Condition {
    fn holds(&self, request: &Request) -> bool {
        match self {
            Self::Header(name, value) => request.header(name) == value.as_deref(),
            Self::Body(body) => request.body == body.as_bytes(),
            Self::Turn(left) => {
                let one_less = |left: usize| left.checked_sub(1);
                let (set, fetched) = (Ordering::SeqCst, Ordering::SeqCst);
                left.fetch_update(set, fetched, one_less).is_err()
            }
        }
    }
}

impl Response {
    /// An empty answer of this status.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            delay: Duration::ZERO,
            drip: None,
            claimed: None,
            echoes: Vec::new(),
            guard: None,
        }
    }

    /// Sends the client on.
    #[must_use]
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status).header("location", location)
    }

    /// With a header; its value may be any bytes.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let header = (name.to_owned(), value.as_ref().to_vec());
        self.headers.push(header);
        self
    }

    /// With `count` further headers of `length` bytes each.
    #[must_use]
    pub fn flood(mut self, count: usize, length: usize) -> Self {
        let value = vec![b'x'; length];
        let headers = (0..count).map(|index| (format!("x-flood-{index}"), value.clone()));
        self.headers.extend(headers);
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body = body.as_ref().to_vec();
        self
    }

    /// With a body and a header that are no UTF-8.
    #[must_use]
    pub fn invalid_utf8(self) -> Self {
        self.header("x-invalid", b"dummy-\xff\xfe")
            .body(b"dummy-\xc3\x28\xff\xfe")
    }

    /// The body claims to have this many bytes; where that is more than it has, the connection
    /// ends in the middle.
    #[must_use]
    pub fn claim(mut self, length: u64) -> Self {
        self.claimed = Some(length);
        self
    }

    /// Nothing is said for so long.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// One byte of the body comes at a time, with this pause before each.
    #[must_use]
    pub fn drip(mut self, pause: Duration) -> Self {
        self.drip = Some(pause);
        self
    }

    /// What the client sent as header `name` comes back: as the header `x-echo-NAME`, and as a
    /// line at the end of the body. So does a server that shows what it was sent.
    #[must_use]
    pub fn echo(mut self, name: &str) -> Self {
        self.echoes.push(name.to_ascii_lowercase());
        self
    }

    /// Only for requests with the header `name` of this value; to others the answer is `refusal`.
    #[must_use]
    pub fn only_with(self, name: &str, value: &str, refusal: Self) -> Self {
        let condition = Condition::Header(name.to_ascii_lowercase(), Some(value.to_owned()));
        self.guarded(condition, refusal)
    }

    /// Only for requests without the header `name`; to others the answer is `refusal`.
    #[must_use]
    pub fn only_without(self, name: &str, refusal: Self) -> Self {
        let condition = Condition::Header(name.to_ascii_lowercase(), None);
        self.guarded(condition, refusal)
    }

    /// Only for requests with this body; to others the answer is `refusal`.
    #[must_use]
    pub fn only_for(self, body: &str, refusal: Self) -> Self {
        self.guarded(Condition::Body(body.to_owned()), refusal)
    }

    /// Only after so many requests, to which the answer is `refusal`.
    #[must_use]
    pub fn only_after(self, requests: usize, refusal: Self) -> Self {
        let left = Arc::new(AtomicUsize::new(requests));
        self.guarded(Condition::Turn(left), refusal)
    }

    fn guarded(mut self, condition: Condition, refusal: Self) -> Self {
        self.guard = Some(Guard {
            condition,
            refusal: Box::new(refusal),
        });
        self
    }

    /// Says it to a client. An error means that nothing more can be said on this connection.
    pub(crate) fn send(&self, request: &Request, mut stream: &TcpStream) -> io::Result<()> {
        if let Some(guard) = &self.guard
            && !guard.condition.holds(request)
        {
            return guard.refusal.send(request, stream);
        }
        thread::sleep(self.delay);
        let mut body = self.body.clone();
        let mut head = format!("HTTP/1.1 {} Dummy\r\n", self.status).into_bytes();
        let mut push = |name: &str, value: &[u8]| {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        };
        for (name, value) in &self.headers {
            push(name, value);
        }
        for name in &self.echoes {
            let value = request.header(name).unwrap_or_default();
            push(&format!("x-echo-{name}"), value.as_bytes());
            body.extend_from_slice(format!("\n{name}: {value}").as_bytes());
        }
        let length = self.claimed.unwrap_or(body.len() as u64);
        push("content-length", length.to_string().as_bytes());
        head.extend_from_slice(b"\r\n");

        stream.write_all(&head)?;
        if request.method == "HEAD" {
            return Ok(());
        }
        match self.drip {
            None => stream.write_all(&body)?,
            Some(pause) => {
                for byte in &body {
                    thread::sleep(pause);
                    stream.write_all(&[*byte])?;
                }
            }
        }
        if length == body.len() as u64 {
            return Ok(());
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
