//! What the parent has said, on its way to standard error.
//!
//! Nobody has to read it: what finds no room waits here, up to a bound, and the parent goes on. What
//! finds none here either is counted, and the count is said when there is room again.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};

use secret_runtime::error::Problem;

use super::outlet::Outlet;
use crate::render::{self, Format};

/// How much may wait.
const MOST: usize = 64 << 10;
/// How long the last words may wait for their reader.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is said, and not written yet.
pub(super) struct Outbox {
    /// Nothing, if it is closed.
    outlet: Option<Outlet>,
    waiting: Vec<u8>,
    lost: usize,
    /// When nothing more was to be said.
    left_at: Option<Instant>,
}

impl Outbox {
    /// To standard error.
    pub(super) fn to_standard_error() -> Self {
        Self::to(Outlet::of(io::stderr().as_fd()).ok())
    }

    fn to(outlet: Option<Outlet>) -> Self {
        Self {
            outlet,
            waiting: Vec::new(),
            lost: 0,
            left_at: None,
        }
    }

    /// Says problems for a process that will not be there to say more: what finds no room is lost.
    pub(super) fn say_once(problems: &[Problem], format: Format, consequence: &str) {
        let text = render::rendered(problems, format, consequence);
        Self::to_standard_error().say(&text);
    }

    /// Takes a text, and writes as much as goes.
    pub(super) fn say(&mut self, text: &str) {
        if self.waiting.len() + text.len() > MOST {
            self.lost += 1;
        } else {
            self.waiting.extend_from_slice(text.as_bytes());
        }
        self.carry();
    }

    /// Writes as much as goes without waiting.
    pub(super) fn carry(&mut self) {
        while !self.waiting.is_empty() {
            let outlet = self.outlet.as_ref();
            let written = outlet.map_or(Err(Errno::EPIPE), |outlet| outlet.write(&self.waiting));
            match written {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return,
                // It is lost; what comes next may find a reader, or a disk that is not full.
                Err(_) => {
                    self.waiting = Vec::new();
                    self.lost = 0;
                }
            }
        }
    }

    /// How much was lost, once there is room to say so.
    pub(super) fn take_lost(&mut self) -> Option<usize> {
        let has_room = self.waiting.is_empty() && self.lost > 0;
        has_room.then(|| std::mem::take(&mut self.lost))
    }

    /// What it waits for.
    pub(super) fn awaited(&self) -> Option<PollFd<'_>> {
        let outlet = self.outlet.as_ref();
        let outlet = outlet.filter(|_| !self.waiting.is_empty());
        outlet.map(|outlet| PollFd::new(outlet.as_fd(), PollFlags::POLLOUT))
    }

    /// The command has ended.
    pub(super) fn leave(&mut self, now: Instant) {
        self.left_at.get_or_insert(now);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let left_at = self.left_at.filter(|_| !self.waiting.is_empty());
        left_at.map(|left_at| left_at + PATIENCE)
    }

    /// Whether nothing is waited for any more.
    pub(super) fn is_over(&mut self, now: Instant) -> bool {
        if self.deadline().is_some_and(|late| late <= now) {
            // Nobody has read it in time.
            (self.waiting, self.lost) = (Vec::new(), 0);
        }
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::io::{Read, pipe};

    use super::*;

    #[test]
    fn what_nobody_reads_waits_up_to_a_bound_and_the_rest_is_counted() {
        let (mut reader, writer) = pipe().unwrap();
        let mut outbox = Outbox::to(Some(Outlet::of(writer.as_fd()).unwrap()));
        drop(writer);
        let line = "x".repeat(999) + "\n";
        for _ in 0..1000 {
            outbox.say(&line);
        }
        assert!(outbox.waiting.len() <= MOST && outbox.awaited().is_some());
        assert_eq!(outbox.take_lost(), None, "there is no room to say it");
        let lost = outbox.lost;
        assert!(lost > 0);

        let mut text = Vec::new();
        while outbox.awaited().is_some() {
            let mut piece = [0; 4096];
            let read = reader.read(&mut piece).unwrap();
            text.extend_from_slice(&piece[..read]);
            outbox.carry();
        }
        assert_eq!(outbox.take_lost(), Some(lost));
        assert_eq!(outbox.take_lost(), None);
        drop(outbox);
        reader.read_to_end(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(
            text == line.repeat(1000 - lost),
            "whole, and in their order"
        );
    }

    #[test]
    fn last_words_wait_no_longer_than_their_time() {
        let (_reader, writer) = pipe().unwrap();
        let mut outbox = Outbox::to(Some(Outlet::of(writer.as_fd()).unwrap()));
        let now = Instant::now();
        assert!(outbox.is_over(now));
        for _ in 0..100 {
            outbox.say(&"x".repeat(1000));
        }
        assert!(!outbox.is_over(now + 2 * PATIENCE), "the command runs");
        outbox.leave(now);
        assert!(!outbox.is_over(now));
        assert_eq!(outbox.deadline(), Some(now + PATIENCE));
        assert!(outbox.is_over(now + PATIENCE));
    }

    #[test]
    fn who_is_gone_is_not_waited_for() {
        let (reader, writer) = pipe().unwrap();
        let mut outbox = Outbox::to(Some(Outlet::of(writer.as_fd()).unwrap()));
        drop(reader);
        outbox.say("text");
        outbox.say("text");
        assert!(outbox.awaited().is_none() && outbox.is_over(Instant::now()));
        assert_eq!(outbox.take_lost(), None);
    }
}
