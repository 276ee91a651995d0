//! Connections, to vetted addresses only.
//!
//! A connector belongs to one granted origin and connects nowhere else, whatever it is asked.
//! The name is resolved once for each connection, every address of it is held against the
//! reach, and those same addresses are connected to: a name that answers differently a moment
//! later changes nothing.
//!
//! To one origin there are as many connections as requests may be under way, however many the
//! client would begin: one that loses to another that became free is kept, and counts as long as
//! it lives.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use super::address::{AddressKind, Reach};
use super::error::OutboundError;
use super::origin::HttpOrigin;

/// After this time the next address is tried beside the one that does not answer.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to one origin, within one reach.
#[derive(Clone)]
pub(super) struct Connector {
    origin: Arc<HttpOrigin>,
    reach: Reach,
    permits: Arc<Semaphore>,
}

impl Connector {
    /// One that has at most so many connections at a time.
    ///
    /// They must be as many as requests are under way to this origin, and of this origin alone.
    /// Then who waits for a permit waits for nobody who waits for him: one connection at least
    /// serves no request, so it is idle and the client takes it instead, or about to be, or
    /// closing.
    pub(super) fn new(origin: &HttpOrigin, reach: Reach, most: usize) -> Self {
        Self {
            origin: Arc::new(origin.clone()),
            reach,
            permits: Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS))),
        }
    }

    async fn connect(self) -> Result<Counted, OutboundError> {
        let permit = self.permits.acquire_owned().await;
        let permit = permit.expect("nobody closes the semaphore");
        let addresses = resolve(&self.origin).await?;
        vet(&self.origin, self.reach, &addresses)?;
        let stream = connect_any(&addresses)
            .await
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|error| OutboundError::Connect {
                origin: (*self.origin).clone(),
                reason: error.kind(),
            })?;
        Ok(Counted {
            stream: TokioIo::new(stream),
            _permit: permit,
        })
    }
}

impl Service<Uri> for Connector {
    type Response = Counted;
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

/// A connection, which counts until it is closed.
pub(super) struct Counted {
    // Before the permit, since fields are dropped in this order.
    stream: TokioIo<TcpStream>,
    _permit: OwnedSemaphorePermit,
}

impl Counted {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut TokioIo<TcpStream>> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl Read for Counted {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl Write for Counted {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, parts)
    }
}

impl Connection for Counted {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

async fn resolve(origin: &HttpOrigin) -> Result<Vec<SocketAddr>, OutboundError> {
    if let Some(address) = origin.address() {
        return Ok(vec![SocketAddr::new(address, origin.port())]);
    }
    let addresses: Vec<_> = tokio::net::lookup_host((origin.host(), origin.port()))
        .await
        .map(Iterator::collect)
        .unwrap_or_default();
    if addresses.is_empty() {
        return Err(OutboundError::Resolve {
            origin: origin.clone(),
        });
    }
    Ok(addresses)
}

/// One address out of reach refuses the whole name: who can add a record to it could else wait
/// for the others to fail.
fn vet(origin: &HttpOrigin, reach: Reach, addresses: &[SocketAddr]) -> Result<(), OutboundError> {
    for address in addresses.iter().map(SocketAddr::ip) {
        if !reach.covers(address) {
            return Err(OutboundError::Address {
                origin: origin.clone(),
                address,
                kind: AddressKind::of(address),
            });
        }
        if !reach.bound.holds(address) {
            return Err(OutboundError::BeyondBound {
                origin: origin.clone(),
                address,
            });
        }
    }
    Ok(())
}

/// The first address that answers, in the order of the system's preference. One that is silent
/// does not hold up the others.
pub(crate) async fn connect_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter();
    let mut attempts: FuturesUnordered<_> =
        waiting.next().map(TcpStream::connect).into_iter().collect();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        tokio::select! {
            attempt = attempts.next() => match attempt {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => {
                    failure = error;
                    attempts.extend(waiting.next().map(TcpStream::connect));
                }
                None => return Err(failure),
            },
            () = tokio::time::sleep(STAGGER), if waiting.len() > 0 => {
                attempts.extend(waiting.next().map(TcpStream::connect));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;
    use crate::outbound::address::Bound;

    #[test]
    fn one_address_out_of_reach_refuses_the_name() {
        let origin = HttpOrigin::parse("https://api.example.com").unwrap();
        let socket = |text: &str| SocketAddr::new(text.parse().unwrap(), 443);
        let public = [socket("1.1.1.1"), socket("2606:4700::1111")];
        let reach = Reach::default();
        assert_eq!(vet(&origin, reach, &public), Ok(()));
        for other in ["10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "224.0.0.1"] {
            let mixed = [public[0], socket(other), public[1]];
            let Err(OutboundError::Address { address, .. }) = vet(&origin, reach, &mixed) else {
                panic!("{other}");
            };
            assert_eq!(address.to_string(), other);
        }
        let private = Reach {
            private: true,
            ..Reach::default()
        };
        assert_eq!(
            vet(&origin, private, &[public[0], socket("10.0.0.1")]),
            Ok(())
        );
        assert!(
            vet(
                &origin,
                private,
                &[socket("10.0.0.1"), socket("169.254.1.1")]
            )
            .is_err()
        );
    }

    #[test]
    fn a_name_may_not_lead_beyond_its_bound() {
        let origin = HttpOrigin::parse("http://metadata.example.com").unwrap();
        let socket = |text: &str| SocketAddr::new(text.parse().unwrap(), 80);
        let reach = |bound| Reach {
            private: true,
            link_local: true,
            bound,
        };
        let link = [socket("169.254.169.254"), socket("fe80::a9fe:a9fe")];
        assert_eq!(vet(&origin, reach(Bound::Link), &link), Ok(()));
        for other in ["1.1.1.1", "10.0.0.1", "100.100.100.200", "fd00:ec2::254"] {
            let mixed = [link[0], socket(other)];
            assert_eq!(vet(&origin, reach(Bound::None), &mixed), Ok(()), "{other}");
            let address = other.parse().unwrap();
            let error = OutboundError::BeyondBound {
                origin: origin.clone(),
                address,
            };
            assert!(error.is_violation());
            assert_eq!(vet(&origin, reach(Bound::Link), &mixed), Err(error));
        }
        // The bound grants nothing.
        let bound = Reach {
            bound: Bound::Link,
            ..Reach::default()
        };
        assert!(matches!(
            vet(&origin, bound, &link),
            Err(OutboundError::Address { .. })
        ));
        assert_eq!(
            vet(&origin, reach(Bound::Machine), &[socket("127.0.0.1")]),
            Ok(())
        );
        assert!(vet(&origin, reach(Bound::Machine), &link).is_err());
    }

    #[tokio::test]
    async fn an_address_that_refuses_does_not_hide_the_next() {
        let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let closed = refusing.local_addr().unwrap();
        drop(refusing);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let stream = connect_any(&[closed, closed, open]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open);
        let error = connect_any(&[closed, closed]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = connect_any(&[]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[tokio::test]
    async fn a_connection_counts_until_it_is_closed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = HttpOrigin::parse(&format!("http://{}", listener.local_addr().unwrap()));
        let origin = origin.unwrap();
        let private = Reach {
            private: true,
            ..Reach::default()
        };
        let connector = Connector::new(&origin, private, 2);
        let first = connector.clone().connect().await.unwrap();
        let second = connector.clone().connect().await.unwrap();
        let third = tokio::spawn(connector.clone().connect());
        // One that has a permit gets its connection; so would the third.
        for _ in 0..10 {
            let other = Connector::new(&origin, private, 1);
            other.connect().await.unwrap();
        }
        assert!(!third.is_finished());
        drop(first);
        let third = third.await.unwrap().unwrap();
        assert_eq!(connector.permits.available_permits(), 0);
        drop((second, third));
        assert_eq!(connector.permits.available_permits(), 2);
    }
}
