//! What a candidate and the parent say to each other, over a pair of sockets.
//!
//! The candidate reports once what it has, and then does what it is ordered, one step after the
//! other. A side that is gone is seen by the end of the stream: a candidate then ends, too.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Instant, SystemTime};

use secret_runtime::metrics::Metrics;
use secret_runtime::resilience::Breakers;
use secret_runtime::secret::SecretValue;
use zeroize::Zeroizing;

use super::breakers;
use super::leases::{Given, Upkeep};
use super::redact::Values;
use super::report::Report;
use super::wire::{bytes, length, take};

/// What a candidate is ordered to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Order {
    /// Make everything that the command gets, and say when it is there.
    Prepare = b'p',
    /// Become the command.
    Start = b's',
    /// Write the files with a path again, say when they are there, and end.
    Rewrite = b'w',
}

/// What the parent hears.
#[derive(Debug)]
pub(super) enum Message {
    /// What it was given for a time, also by a reading that failed. Before the report.
    Leases(Given),
    /// Which backends have failed. Also if nothing can be started.
    Breakers(Breakers),
    /// What is masked in the outputs, if anything is. Before the report.
    Values(Values),
    /// What was counted, also if nothing can be started. Before the report.
    Metrics(Box<Metrics>),
    /// What could be started.
    Report(Report),
    /// An order was carried out.
    Done,
    /// What came of each lease that a keeper looked after.
    Upkeep(Vec<Upkeep>),
}

/// The larger of what a report may take: a manifest has no room for so many entries.
const LARGEST: usize = 64 << 20;

/// What a message begins with.
const BREAKERS: u8 = b'b';
const LEASES: u8 = b'l';
const UPKEEP: u8 = b'k';
const VALUES: u8 = b'v';
const METRICS: u8 = b'm';
const REPORT: u8 = b'r';
const DONE: u8 = b'd';

/// The candidate's side.
pub(super) struct CandidateGate(UnixStream);

impl CandidateGate {
    pub(super) fn leases(&mut self, given: &Given) -> io::Result<()> {
        self.send(&given.encode(LEASES))
    }

    pub(super) fn breakers(&mut self, breakers: &Breakers) -> io::Result<()> {
        self.send(&breakers::encode(breakers, BREAKERS, Instant::now()))
    }

    pub(super) fn upkeep(&mut self, upkeep: &[Upkeep]) -> io::Result<()> {
        self.send(&Upkeep::encode(upkeep, UPKEEP))
    }

    pub(super) fn values(&mut self, values: &[&SecretValue]) -> io::Result<()> {
        self.send(&encode_values(values))
    }

    pub(super) fn metrics(&mut self, metrics: &Metrics) -> io::Result<()> {
        let text = metrics.text(SystemTime::now());
        let mut content = vec![METRICS];
        let ageless = metrics.ageless().iter();
        for part in [&text].into_iter().chain(ageless) {
            content.extend_from_slice(&length(part.len()));
            content.extend_from_slice(part.as_bytes());
        }
        self.send(&content)
    }

    pub(super) fn report(&mut self, report: &Report) -> io::Result<()> {
        self.send(&report.encode(REPORT))
    }

    pub(super) fn done(&mut self) -> io::Result<()> {
        self.send(&[DONE])
    }

    fn send(&mut self, content: &[u8]) -> io::Result<()> {
        self.0.write_all(&length(content.len()))?;
        self.0.write_all(content)
    }

    /// Waits for an order. `None` says that there will be none.
    pub(super) fn order(&mut self) -> Option<Order> {
        let mut byte = [0];
        self.0.read_exact(&mut byte).ok()?;
        [Order::Prepare, Order::Start, Order::Rewrite]
            .into_iter()
            .find(|order| *order as u8 == byte[0])
    }
}

/// The parent's side. It never waits.
pub(super) struct ParentGate {
    stream: UnixStream,
    /// Of the message that is being read; its length comes first.
    content: Zeroizing<Vec<u8>>,
    filled: usize,
    has_length: bool,
    open: bool,
}

/// Both sides, of which none outlives `execve`.
pub(super) fn pair() -> io::Result<(ParentGate, CandidateGate)> {
    let (parent, candidate) = UnixStream::pair()?;
    parent.set_nonblocking(true)?;
    let gate = ParentGate {
        stream: parent,
        content: length_to_come(),
        filled: 0,
        has_length: false,
        open: true,
    };
    Ok((gate, CandidateGate(candidate)))
}

impl ParentGate {
    pub(super) fn order(&mut self, order: Order) {
        // A candidate that is gone is noticed by its end.
        let _ = self.stream.write_all(&[order as u8]);
    }

    /// Whether more can come.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// The next message, if all of it is there. What is no message closes the gate.
    pub(super) fn next(&mut self) -> Option<Message> {
        while self.open {
            if self.filled < self.content.len() {
                match self.stream.read(&mut self.content[self.filled..]) {
                    Ok(0) => self.open = false,
                    Ok(read) => self.filled += read,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => self.open = false,
                }
                continue;
            }
            self.filled = 0;
            if self.has_length {
                self.has_length = false;
                let content = std::mem::replace(&mut self.content, length_to_come());
                let message = decode(&content);
                self.open = message.is_some();
                return message;
            }
            let length = take::<4>(&mut &self.content[..]).map(u32::from_le_bytes);
            let length = length.and_then(|length| usize::try_from(length).ok());
            match length.filter(|length| *length <= LARGEST) {
                Some(length) => {
                    self.content = Zeroizing::new(vec![0; length]);
                    self.has_length = true;
                }
                None => self.open = false,
            }
        }
        None
    }
}

impl AsFd for ParentGate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn length_to_come() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![0; 4])
}

/// In its final size, so that growing leaves no copy behind.
fn encode_values(values: &[&SecretValue]) -> Zeroizing<Vec<u8>> {
    let size = values.iter().map(|value| 4 + value.expose().len());
    let mut content = Zeroizing::new(Vec::with_capacity(1 + size.sum::<usize>()));
    content.push(VALUES);
    for value in values {
        content.extend_from_slice(&length(value.expose().len()));
        content.extend_from_slice(value.expose());
    }
    content
}

fn decode(content: &[u8]) -> Option<Message> {
    let (kind, rest) = content.split_first()?;
    match *kind {
        BREAKERS => breakers::decode(rest, Instant::now()).map(Message::Breakers),
        LEASES => Given::decode(rest).map(Message::Leases),
        UPKEEP => Upkeep::decode(rest).map(Message::Upkeep),
        VALUES => decode_values(rest),
        METRICS => decode_metrics(rest),
        REPORT => Report::decode(rest).map(Message::Report),
        DONE => rest.is_empty().then_some(Message::Done),
        _ => None,
    }
}

fn decode_values(mut rest: &[u8]) -> Option<Message> {
    let mut values = Values::new();
    while !rest.is_empty() {
        values.push(SecretValue::copy_of(bytes(&mut rest)?));
    }
    Some(Message::Values(values))
}

/// Their text, and the names of secrets whose age nobody knows any more.
fn decode_metrics(mut rest: &[u8]) -> Option<Message> {
    let mut metrics = Metrics::parse(std::str::from_utf8(bytes(&mut rest)?).ok()?)?;
    while !rest.is_empty() {
        metrics.is_ageless(std::str::from_utf8(bytes(&mut rest)?).ok()?);
    }
    Some(Message::Metrics(Box::new(metrics)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use secret_runtime::metrics::Resolution;

    use super::*;
    use crate::watch::report::tests::report;

    fn reported(parent: &mut ParentGate) -> Report {
        match parent.next() {
            Some(Message::Report(report)) => report,
            other => panic!("no report came, but {other:?}"),
        }
    }

    #[test]
    fn no_value_is_in_a_debug_print_of_what_the_parent_hears() {
        let heard = Message::Values(vec![SecretValue::copy_of(b"dummy")]);
        assert_eq!(format!("{heard:?}"), "Values([SecretValue(..)])");
    }

    #[test]
    fn messages_and_orders_arrive_as_they_were_said() {
        let (mut parent, mut candidate) = pair().unwrap();
        assert!(parent.next().is_none());
        let value = SecretValue::copy_of(b"dummy");
        candidate.values(&[&value, &value]).unwrap();
        let mut counted = Metrics::default();
        counted.resolution(Resolution::Failed, SystemTime::now());
        counted.is_ageless("SPARE");
        candidate.metrics(&counted).unwrap();
        candidate.report(&report()).unwrap();
        candidate.done().unwrap();
        let Some(Message::Values(values)) = parent.next() else {
            panic!("no values came");
        };
        let values: Vec<_> = values.iter().map(SecretValue::expose).collect();
        assert_eq!(values, [b"dummy"; 2]);
        let Some(Message::Metrics(metrics)) = parent.next() else {
            panic!("no metrics came");
        };
        assert_eq!(*metrics, counted);
        assert_eq!(reported(&mut parent), report());
        assert!(matches!(parent.next(), Some(Message::Done)));
        assert!(parent.next().is_none());
        assert!(parent.is_open());
        for order in [Order::Prepare, Order::Start, Order::Rewrite] {
            parent.order(order);
            assert_eq!(candidate.order(), Some(order));
        }
        drop(candidate);
        assert!(parent.next().is_none());
        assert!(!parent.is_open());
    }

    #[test]
    fn a_message_in_pieces_is_waited_for() {
        let (mut parent, mut candidate) = pair().unwrap();
        let content = report().encode(REPORT);
        let all = [&length(content.len())[..], &content].concat();
        for byte in &all[..all.len() - 1] {
            candidate.0.write_all(&[*byte]).unwrap();
            assert!(parent.next().is_none());
        }
        candidate.0.write_all(&all[all.len() - 1..]).unwrap();
        assert_eq!(reported(&mut parent), report());
    }

    #[test]
    fn what_is_no_message_closes_the_gate() {
        for nonsense in [
            &b"\xff\xff\xff\xff"[..],
            b"\0\0\0\0",
            b"\x05\0\0\0r\x01\0\0\0",
            b"\x08\0\0\0m\x03\0\0\0{}\n",
        ] {
            let (mut parent, mut candidate) = pair().unwrap();
            candidate.0.write_all(nonsense).unwrap();
            assert!(parent.next().is_none());
            assert!(!parent.is_open(), "{nonsense:?}");
        }
    }

    #[test]
    fn a_parent_that_is_gone_gives_no_order() {
        let (parent, mut candidate) = pair().unwrap();
        drop(parent);
        assert_eq!(candidate.order(), None);
    }
}
