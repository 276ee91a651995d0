//! Where HTTP/2 is spoken, one connection carries all requests. So the first request goes ahead
//! alone until its connection is there, and the others do not open one each that nobody needs.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::client::legacy::{Error, ResponseFuture};
use tokio::sync::Mutex;

/// Lets one request of a client go ahead.
#[derive(Debug, Default)]
pub(crate) struct FirstAlone {
    /// Whether there was a connection, so that it is known which HTTP is spoken.
    is_open: AtomicBool,
    first: Mutex<()>,
}

impl FirstAlone {
    /// Sends a request by `send`, in its turn.
    pub(crate) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        send: impl FnOnce(Request<Full<Bytes>>) -> ResponseFuture,
    ) -> Result<Response<Incoming>, Error> {
        if self.is_open.load(Ordering::Relaxed) {
            return send(request).await;
        }
        let turn = self.first.lock().await;
        if self.is_open.load(Ordering::Relaxed) {
            drop(turn);
            return send(request).await;
        }
        let mut connection = capture_connection(&mut request);
        let mut answer = pin!(send(request));
        let is_connected = async { connection.wait_for_connection_metadata().await.is_some() };
        tokio::select! {
            biased;
            is_connected = is_connected => {
                if !is_connected {
                    return answer.await;
                }
            }
            answer = &mut answer => return answer,
        }
        self.is_open.store(true, Ordering::Relaxed);
        drop(turn);
        answer.await
    }
}
