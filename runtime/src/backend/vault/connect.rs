//! Connections to a server, or to the socket of an agent.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tower_service::Service;

use super::address::Address;
use crate::outbound::{HttpOrigin, Scheme, connect_any};

/// Connects to one address, whatever it is asked.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) address: Address,
    /// Whether a name that is this machine's must lead to it.
    pub(super) production: bool,
}

impl Connector {
    async fn connect(self) -> io::Result<Stream> {
        match &self.address {
            Address::Origin(origin) => {
                let stream = connect_any(&self.resolve(origin).await?).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(TokioIo::new(stream)))
            }
            Address::Socket(path) => {
                let stream = UnixStream::connect(path).await?;
                Ok(Stream::Unix(TokioIo::new(stream)))
            }
        }
    }

    async fn resolve(&self, origin: &HttpOrigin) -> io::Result<Vec<SocketAddr>> {
        let host = origin.host().trim_matches(['[', ']']);
        let addresses = tokio::net::lookup_host((host, origin.port())).await?;
        let plain = self.production && origin.scheme() == Scheme::Http;
        Ok(addresses
            .filter(|address| !plain || address.ip().is_loopback())
            .collect())
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

/// A connection.
pub(super) enum Stream {
    Tcp(TokioIo<TcpStream>),
    Unix(TokioIo<UnixStream>),
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Unix(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
