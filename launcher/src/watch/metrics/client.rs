//! One who asks: bounded in bytes, and in the time for all of it.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};

use super::exchange::{LARGEST_REQUEST, answer};
use super::listener::Stream;

/// For a request and its answer, on one machine.
const PATIENCE: Duration = Duration::from_secs(5);

/// One who asks.
pub(super) struct Client {
    stream: Stream,
    late: Instant,
    received: Vec<u8>,
    /// What is answered, and how much of it was sent.
    answer: Option<(Vec<u8>, usize)>,
}

impl Client {
    pub(super) fn new(stream: Stream, now: Instant) -> Self {
        Self {
            stream,
            late: now + PATIENCE,
            received: Vec::new(),
            answer: None,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.late
    }

    /// What it waits for.
    pub(super) fn awaited(&self) -> PollFd<'_> {
        let flags = match self.answer {
            None => PollFlags::POLLIN,
            Some(_) => PollFlags::POLLOUT,
        };
        PollFd::new(self.stream.as_fd(), flags)
    }

    /// Goes on as far as that is possible without waiting: one piece is read, one is written.
    /// Whether there is more to come.
    pub(super) fn go_on(&mut self, now: Instant, metrics: impl FnOnce() -> String) -> bool {
        if self.late <= now {
            return false;
        }
        match self.step(metrics) {
            Ok(goes_on) => goes_on,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        }
    }

    fn step(&mut self, metrics: impl FnOnce() -> String) -> io::Result<bool> {
        if self.answer.is_none() {
            let mut piece = [0; LARGEST_REQUEST];
            let room = LARGEST_REQUEST - self.received.len();
            let read = self.stream.read(&mut piece[..room])?;
            if read == 0 {
                return Ok(false);
            }
            self.received.extend_from_slice(&piece[..read]);
            let answer = answer(&self.received, self.stream.is_loopback(), metrics);
            self.answer = answer.map(|bytes| (bytes, 0));
        }
        if let Some((bytes, sent)) = &mut self.answer {
            *sent += self.stream.write(&bytes[*sent..])?;
            return Ok(*sent < bytes.len());
        }
        Ok(true)
    }
}
