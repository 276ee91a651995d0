//! One of the command's outputs, on its way to that of the parent.
//!
//! It never waits: it is read when nothing is left to write, and written when the reader can
//! take it. A reader that is slow slows the command, as it would without a parent.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use nix::unistd::read;
use zeroize::Zeroizing;

use super::masker::{Masker, Patterns};
use crate::watch::outlet::Outlet;

/// How long the end of what was written may wait for what follows.
const PAUSE: Duration = Duration::from_millis(500);
/// After the command's end: how long nothing may come, and how long something may.
const QUIET: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// One of the command's outputs.
pub(super) struct Stream {
    from: OwnedFd,
    to: Outlet,
    masker: Masker,
    pending: Zeroizing<Vec<u8>>,
    written: usize,
    ended: bool,
    /// When something came last.
    heard: Instant,
    /// When the command ended.
    left_at: Option<Instant>,
}

impl Stream {
    pub(super) fn new(from: OwnedFd, to: Outlet, patterns: Arc<Patterns>, now: Instant) -> Self {
        Self {
            from,
            to,
            masker: Masker::new(patterns),
            pending: Zeroizing::default(),
            written: 0,
            ended: false,
            heard: now,
            left_at: None,
        }
    }

    pub(super) fn look_for(&mut self, patterns: Arc<Patterns>) {
        self.masker.look_for(patterns);
    }

    /// The command has ended; what else has the pipe is not waited for without end.
    pub(super) fn leave(&mut self, now: Instant) {
        self.left_at.get_or_insert(now);
        self.heard = now;
    }

    /// What it waits for.
    pub(super) fn awaited(&self) -> PollFd<'_> {
        if self.pending.is_empty() {
            PollFd::new(self.from.as_fd(), PollFlags::POLLIN)
        } else {
            PollFd::new(self.to.as_fd(), PollFlags::POLLOUT)
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let longest = self.left_at.map(|left| left + LONGEST);
        if !self.pending.is_empty() {
            return longest;
        }
        let pause = self.masker.holds().then(|| self.heard + PAUSE);
        let quiet = self.left_at.map(|_| self.heard + QUIET);
        [pause, quiet, longest].into_iter().flatten().min()
    }

    /// Whether nothing more of it is waited for.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let drained = self.ended && self.pending.is_empty();
        drained
            || self.left_at.is_some_and(|left| {
                let quiet = self.pending.is_empty() && self.heard + QUIET <= now;
                quiet || left + LONGEST <= now
            })
    }

    /// Reads or writes as much as goes without waiting.
    pub(super) fn carry(&mut self, now: Instant) {
        if self.pending.is_empty() && !self.ended {
            self.read(now);
        }
        if !self.pending.is_empty() {
            self.write();
        }
    }

    fn read(&mut self, now: Instant) {
        let mut piece = Zeroizing::new([0; 16 << 10]);
        match read(&self.from, &mut piece[..]) {
            Ok(0) => {
                self.ended = true;
                self.masker.finish(&mut self.pending);
            }
            Ok(length) => {
                self.heard = now;
                self.masker.feed(&piece[..length], &mut self.pending);
            }
            Err(Errno::EAGAIN | Errno::EINTR) => {
                if self.masker.holds() && self.heard + PAUSE <= now {
                    self.masker.idle(&mut self.pending);
                }
            }
            Err(_) => self.ended = true,
        }
    }

    fn write(&mut self) {
        match self.to.write(&self.pending[self.written..]) {
            Ok(length) => self.written += length,
            Err(Errno::EAGAIN | Errno::EINTR) => return,
            Err(_) => {
                // The reader is gone. Once the pipe is closed, the command learns of it, too.
                self.ended = true;
                self.written = self.pending.len();
            }
        }
        if self.written == self.pending.len() {
            self.pending = Zeroizing::default();
            self.written = 0;
        }
    }
}
