//! All who ask, at once and without a thread. What one of them does delays none of the others, and
//! nothing else that the parent does.

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags};

use super::client::Client;
use super::listener::Listener;

/// How many may ask at once. One more, and who has asked for longest is given up: a scrape is over
/// at once, so that one is hardly a scrape.
const MOST_CLIENTS: usize = 16;
/// How many are let in by one turn of the loop: fewer, so that each is listened to before it is given up.
const MOST_AT_ONCE: usize = 8;
/// How long nobody is let in when that failed, as without a free descriptor.
const PAUSE: Duration = Duration::from_secs(1);

/// All who ask, and where they come from.
pub(super) struct Server {
    listener: Listener,
    /// Who has asked for longest comes first.
    clients: Vec<Client>,
    paused: Option<Instant>,
}

impl Server {
    pub(super) fn new(listener: Listener) -> Self {
        Self {
            listener,
            clients: Vec::new(),
            paused: None,
        }
    }

    /// Closes everything in a second process, which none of it belongs to.
    pub(super) fn leave(self) {
        self.listener.leave();
    }

    /// What is waited for.
    pub(super) fn awaited(&self) -> impl Iterator<Item = PollFd<'_>> {
        let lets_in = self.paused.is_none();
        let listener = lets_in.then(|| PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
        listener
            .into_iter()
            .chain(self.clients.iter().map(Client::awaited))
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let clients = self.clients.iter().map(Client::deadline);
        clients.chain(self.paused).min()
    }

    /// Lets in who has come, and goes on with all of them. None of it waits.
    pub(super) fn serve(&mut self, now: Instant, mut metrics: impl FnMut() -> String) {
        self.let_in(now);
        self.clients
            .retain_mut(|client| client.go_on(now, &mut metrics));
    }

    fn let_in(&mut self, now: Instant) {
        self.paused.take_if(|until| *until <= now);
        if self.paused.is_some() {
            return;
        }
        for _ in 0..MOST_AT_ONCE {
            match self.listener.accept() {
                Ok(stream) => {
                    if self.clients.len() == MOST_CLIENTS {
                        self.clients.remove(0);
                    }
                    self.clients.push(Client::new(stream, now));
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    // That one has gone again.
                    ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
                    _ => {
                        self.paused = Some(now + PAUSE);
                        return;
                    }
                },
            }
        }
    }
}
