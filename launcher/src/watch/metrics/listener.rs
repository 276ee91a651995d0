//! Where the parent listens: a port of a loopback address, or a Unix socket.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use secret_runtime::manifest::MetricsAddress;

use super::socket::Socket;

/// Where the parent listens.
pub(super) enum Listener {
    Loopback(TcpListener),
    Unix(Socket),
}

/// Who has connected.
pub(super) enum Stream {
    Loopback(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    /// Nothing of it waits, and nothing outlives `execve`.
    pub(super) fn bind(address: &MetricsAddress, directory: &Path) -> io::Result<Self> {
        Ok(match address {
            MetricsAddress::Loopback(address) => {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Self::Loopback(listener)
            }
            MetricsAddress::Unix(path) => Self::Unix(Socket::bind(&directory.join(path))?),
        })
    }

    pub(super) fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Self::Loopback(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                Stream::Loopback(stream)
            }
            Self::Unix(socket) => {
                let (stream, _) = socket.listener().accept()?;
                stream.set_nonblocking(true)?;
                Stream::Unix(stream)
            }
        })
    }

    /// Closes it in a second process, which the file does not belong to.
    pub(super) fn leave(self) {
        if let Self::Unix(socket) = self {
            socket.leave();
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Loopback(listener) => listener.as_fd(),
            Self::Unix(socket) => socket.listener().as_fd(),
        }
    }
}

impl Stream {
    /// Whether a page in a browser could have come here.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self, Self::Loopback(_))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Loopback(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Loopback(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Loopback(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}
