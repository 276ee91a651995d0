//! Where the parent writes: an output of its own, without ever waiting for who reads it.
//!
//! Others write there, too, the command among them, so it is not made non-blocking: they would not
//! expect that. A pipe or a terminal is opened once more instead; a socket is asked call by call.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::write;
use rustix::net::{SendFlags, send};

/// What a pipe that is ready takes at once, and in one piece (`PIPE_BUF`).
const AT_ONCE: usize = 4096;

/// An output that nobody waits for.
pub(super) struct Outlet {
    to: OwnedFd,
    way: Way,
}

/// How a write is kept from waiting.
enum Way {
    /// The description is its own, and says so.
    Own,
    /// Each call says so.
    Socket,
    /// It is written to when it is ready. Of a file that never waits; and of a pipe or a terminal of
    /// another user, which cannot be opened once more: who else writes there may be faster.
    Shared,
}

impl Outlet {
    /// The same as `output`.
    pub(super) fn of(output: BorrowedFd<'_>) -> io::Result<Self> {
        let to = output.try_clone_to_owned()?;
        let looked_at = File::from(to);
        let metadata = looked_at.metadata();
        let to = OwnedFd::from(looked_at);
        let Ok(metadata) = metadata else {
            let way = Way::Shared;
            return Ok(Self { to, way });
        };
        if metadata.file_type().is_socket() {
            let way = Way::Socket;
            return Ok(Self { to, way });
        }
        // Who opens that one has another terminal.
        let is_maker = metadata.rdev() == libc::makedev(5, 2);
        let is_terminal = to.is_terminal() && !is_maker;
        let again = match metadata.file_type().is_fifo() || is_terminal {
            true => open_again(&to).ok(),
            false => None,
        };
        Ok(match again {
            Some(to) => Self { to, way: Way::Own },
            None => Self {
                to,
                way: Way::Shared,
            },
        })
    }

    /// Writes the beginning of it, as much as is taken at once. `EAGAIN` says that nothing is.
    pub(super) fn write(&self, bytes: &[u8]) -> nix::Result<usize> {
        let piece = &bytes[..bytes.len().min(AT_ONCE)];
        match self.way {
            Way::Own => write(&self.to, piece),
            Way::Socket => {
                let sent = send(&self.to, piece, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
                sent.map_err(|errno| Errno::from_raw(errno.raw_os_error()))
            }
            Way::Shared if self.is_ready() => write(&self.to, piece),
            Way::Shared => Err(Errno::EAGAIN),
        }
    }

    fn is_ready(&self) -> bool {
        let mut fds = [PollFd::new(self.as_fd(), PollFlags::POLLOUT)];
        poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Outlet {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.to.as_fd()
    }
}

/// Through `/proc`, which leads to what the descriptor is of, whatever its name has become.
fn open_again(to: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let mut options = File::options();
    let path = format!("/proc/self/fd/{}", to.as_raw_fd());
    let file = options.write(true).custom_flags(flags.bits()).open(path)?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::io::{Read, Write, pipe};
    use std::os::unix::net::UnixStream;

    use nix::fcntl::{FcntlArg, fcntl};

    use super::*;

    fn fill(outlet: &Outlet) -> usize {
        let mut filled = 0;
        loop {
            match outlet.write(&[b'x'; AT_ONCE]) {
                Ok(written) => filled += written,
                Err(Errno::EAGAIN) => return filled,
                Err(errno) => panic!("{errno}"),
            }
        }
    }

    #[test]
    fn what_nobody_reads_is_not_waited_for_and_stays_as_others_know_it() {
        let (mut reader, writer) = pipe().unwrap();
        let outlet = Outlet::of(writer.as_fd()).unwrap();
        let filled = fill(&outlet);
        assert!(filled >= AT_ONCE);
        let flags = fcntl(&writer, FcntlArg::F_GETFL).unwrap();
        assert!(!OFlag::from_bits_truncate(flags).contains(OFlag::O_NONBLOCK));
        // A piece that was read makes room for another.
        reader.read_exact(&mut [0; AT_ONCE]).unwrap();
        assert_eq!(outlet.write(b"one more").unwrap(), 8);

        let (mut reader, writer) = UnixStream::pair().unwrap();
        let outlet = Outlet::of(writer.as_fd()).unwrap();
        reader.read_exact(&mut vec![0; fill(&outlet)]).unwrap();
        assert_eq!(outlet.write(b"one more").unwrap(), 8);
    }

    #[test]
    fn who_reads_no_more_is_an_error() {
        let (reader, writer) = pipe().unwrap();
        let outlet = Outlet::of(writer.as_fd()).unwrap();
        drop(reader);
        assert_eq!(outlet.write(b"x"), Err(Errno::EPIPE));
        let alone = Outlet::of(writer.as_fd()).unwrap();
        assert_eq!(alone.write(b"x"), Err(Errno::EPIPE));
    }

    #[test]
    fn a_file_is_written_where_others_stopped() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"before ").unwrap();
        let outlet = Outlet::of(file.as_fd()).unwrap();
        assert_eq!(outlet.write(b"after").unwrap(), 5);
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        assert_eq!(std::fs::read(path).unwrap(), b"before after");
    }
}
