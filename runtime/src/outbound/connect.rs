//! Connections, to vetted addresses only.
//!
//! A connector belongs to one granted origin and connects nowhere else, whatever it is asked.
//! The name is resolved once for each connection, every address of it is held against the
//! reach, and those same addresses are connected to: a name that answers differently a moment
//! later changes nothing.

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
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
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
}

impl Connector {
    pub(super) fn new(origin: &HttpOrigin, reach: Reach) -> Self {
        Self {
            origin: Arc::new(origin.clone()),
            reach,
        }
    }

    async fn connect(self) -> Result<TokioIo<TcpStream>, OutboundError> {
        let addresses = resolve(&self.origin).await?;
        vet(&self.origin, self.reach, &addresses)?;
        let stream = connect_any(&addresses)
            .await
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .map_err(|error| OutboundError::Connect {
                origin: (*self.origin).clone(),
                reason: error.kind(),
            })?;
        Ok(TokioIo::new(stream))
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = OutboundError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
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
async fn connect_any(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
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
}
