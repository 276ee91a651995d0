//! What readings and restarts of the command add up to, and who asks for it.
//!
//! It is served from the parent's one loop: nothing here waits, every connection is bounded in
//! bytes and in time, and one turn of the loop does a bounded part of the work. A candidate is
//! told nothing of it: [`Exporter::leave`] closes all of it there. There are names and numbers
//! in it, and no value.

mod client;
mod exchange;
mod listener;
mod server;
mod socket;

use std::time::{Instant, SystemTime};

use nix::poll::PollFd;
use secret_runtime::manifest::MetricsAddress;
use secret_runtime::metrics::{Metrics, Resolution};
use secret_runtime::plan::Plan;
use secret_runtime::resilience::Breakers;

use self::listener::Listener;
use self::server::Server;
use super::notice::Notice;

/// What is counted while a command is supervised. Without `listen` in the manifest, nothing is.
pub(super) struct Exporter {
    served: Option<Served>,
}

struct Served {
    metrics: Metrics,
    server: Server,
    /// Whether the candidate that there is, if any, has said what it counted.
    reported: bool,
}

impl Exporter {
    /// Begins to listen where the manifest says. If that is not possible, that is to be said, and the
    /// command is supervised all the same.
    pub(super) fn of_plan(plan: &Plan) -> (Self, Option<Notice>) {
        let manifest = plan.manifest();
        let address = manifest.metrics.as_ref();
        let Some(address) = address.and_then(|metrics| metrics.listen.as_ref()) else {
            return (Self { served: None }, None);
        };
        match Listener::bind(address, manifest.source().directory()) {
            Ok(listener) => {
                let mut metrics = Metrics::of_plan(plan);
                metrics.is_supervised(plan);
                let served = Served {
                    metrics,
                    server: Server::new(listener),
                    reported: false,
                };
                let served = Some(served);
                (Self { served }, None)
            }
            Err(reason) => {
                let address = match address {
                    MetricsAddress::Loopback(address) => address.to_string(),
                    MetricsAddress::Unix(path) => path.display().to_string(),
                };
                let notice = Notice::NotServed { address, reason };
                (Self { served: None }, Some(notice))
            }
        }
    }

    /// This is the second process of the two that there are now: what is served is the parent's.
    pub(super) fn leave(&mut self) {
        if let Some(served) = self.served.take() {
            served.server.leave();
        }
    }

    /// There is a candidate.
    pub(super) fn candidate_begins(&mut self) {
        if let Some(served) = &mut self.served {
            served.reported = false;
        }
    }

    /// It says what it has counted.
    pub(super) fn add(&mut self, metrics: &Metrics) {
        if let Some(served) = &mut self.served {
            served.reported = true;
            served.metrics.add(metrics);
        }
    }

    /// It has ended, or was ended, with nothing that could be started. If it came to no word
    /// before, it has failed all the same.
    pub(super) fn candidate_failed(&mut self) {
        if let Some(served) = &mut self.served
            && !std::mem::replace(&mut served.reported, true)
        {
            let now = SystemTime::now();
            served.metrics.resolution(Resolution::Failed, now);
        }
    }

    /// The command was started again.
    pub(super) fn restarted(&mut self) {
        if let Some(served) = &mut self.served {
            served.metrics.restart();
        }
    }

    /// What is waited for.
    pub(super) fn awaited(&self) -> impl Iterator<Item = PollFd<'_>> {
        let served = self.served.iter();
        served.flat_map(|served| served.server.awaited())
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.served.as_ref()?.server.deadline()
    }

    /// Goes on with who asks, as far as that is possible without waiting.
    pub(super) fn serve(&mut self, breakers: &Breakers) {
        if let Some(Served {
            metrics, server, ..
        }) = &mut self.served
        {
            let now = Instant::now();
            server.serve(now, || {
                metrics.breakers(breakers, now);
                metrics.text(SystemTime::now())
            });
        }
    }
}
