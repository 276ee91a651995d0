//! Handing lines to a daemon of this machine: syslog, or the journal of systemd.
//!
//! Each line is one datagram. What the daemon does with it, it does by its own rules; lines do
//! not vouch for each other there.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::AuditError;
use super::run::{Happened, Run};

/// Where a syslog daemon, or the journal in its place, listens.
pub(super) const SYSLOG: &str = "/dev/log";
/// Where the journal listens.
pub(super) const JOURNAL: &str = "/run/systemd/journal/socket";
/// How long a daemon may take for a line before we give up.
const PATIENCE: Duration = Duration::from_secs(5);

/// As syslog calls us.
const TAG: &str = "secret-run";
/// Security messages of processes: `LOG_AUTHPRIV`.
const FACILITY: u8 = 10;
const WARNING: u8 = 4;
const INFORMATION: u8 = 6;

/// How a daemon wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// RFC 3164, without the time, which the daemon adds: it knows its time zone.
    Syslog,
    /// The journal's own protocol.
    Journal,
}

/// A daemon that listens.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    manner: Manner,
    socket: UnixDatagram,
}

impl Socket {
    pub(super) fn connect(path: &Path, manner: Manner) -> Result<Self, AuditError> {
        let opened = || AuditError::io(path, "opened");
        let socket = UnixDatagram::unbound().map_err(opened())?;
        socket.connect(path).map_err(opened())?;
        socket.set_write_timeout(Some(PATIENCE)).map_err(opened())?;
        Ok(Self {
            path: path.to_owned(),
            manner,
            socket,
        })
    }

    pub(super) fn send(&self, run: &Run, events: &[Happened]) -> Result<(), AuditError> {
        for happened in events {
            let line = run.line(happened, None);
            let message = match self.manner {
                Manner::Syslog => syslog(happened, &line),
                Manner::Journal => journal(run, happened, &line),
            };
            let sent = self.socket.send(&message);
            sent.map_err(AuditError::io(&self.path, "written"))?;
        }
        Ok(())
    }
}

fn level(happened: &Happened) -> u8 {
    if happened.event.is_alarming() {
        WARNING
    } else {
        INFORMATION
    }
}

fn syslog(happened: &Happened, line: &[u8]) -> Vec<u8> {
    let priority = FACILITY * 8 + level(happened);
    let mut message = format!("<{priority}>{TAG}[{}]: ", std::process::id()).into_bytes();
    message.extend(line);
    message
}

/// Fields by which the journal finds entries. A line of JSON has no line end, and neither has
/// any of the other texts: they are our own, or names of variables.
fn journal(run: &Run, happened: &Happened, line: &[u8]) -> Vec<u8> {
    let (event, secret) = happened.event.subject();
    let mut message = format!(
        "PRIORITY={}\nSYSLOG_FACILITY={FACILITY}\nSYSLOG_IDENTIFIER={TAG}\nSECRET_RUN_ID={}\nSECRET_RUN_EVENT={event}\n",
        level(happened),
        run.id(),
    );
    if let Some(secret) = secret {
        message += &format!("SECRET_RUN_SECRET={secret}\n");
    }
    let mut message = message.into_bytes();
    message.extend(b"MESSAGE=");
    message.extend(line);
    message.push(b'\n');
    message
}
