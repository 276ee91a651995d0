//! The debug log, of this crate and of every crate below it.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use secret_runtime::outbound::HostCredential;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::server::{Reply, Server};
use super::{gate, get, secret, with_header};

/// Writes down everything that anybody logs, at any level.
#[derive(Clone, Default)]
pub(crate) struct Transcript(Arc<Mutex<String>>);

impl Transcript {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Transcript {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Line(&mut self.0.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Line(&mut self.0.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = self.0.lock().unwrap();
        event.record(&mut Line(&mut text));
        text.push('\n');
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn the_log_names_origins_and_never_more() {
    let transcript = Transcript::default();
    let _guard = tracing::subscriber::set_default(transcript.clone());
    let server =
        Server::start(|_| Reply::of("418 No", "a: hidden-header\r\n", "hidden-body")).await;
    let gate = gate(
        &server.origin(),
        vec![
            HostCredential::Bearer(secret("hidden-token")),
            HostCredential::Query {
                name: "key".to_owned(),
                value: secret("hidden-key"),
            },
        ],
    );
    let mut request = get(format!("{}/hidden-path?a=hidden-query", server.origin()));
    request.method = "PUT".to_owned();
    request.body = b"hidden-payload".to_vec();
    let request = with_header(request, "a", "hidden-value");
    gate.send(get("https://other.example/hidden-path"))
        .await
        .unwrap_err();
    assert!(!gate.has_answered());
    gate.send(request).await.unwrap();
    assert!(gate.has_answered());
    // A plugin that was given an answer could put a value into the name of a host.
    gate.send(get("https://hidden-value.example/"))
        .await
        .unwrap_err();
    gate.send(get("hidden-url")).await.unwrap_err();
    let text = transcript.text();
    let answered = format!(
        "plugin=example method=\"PUT\" origin={} status=418",
        server.origin()
    );
    assert!(text.contains(&answered), "{text}");
    assert!(
        text.contains("origin=https://other.example status=0 outcome=\"plugin-http-denied\""),
        "{text}"
    );
    assert!(
        text.contains("origin=- status=0 outcome=\"plugin-http-denied\""),
        "{text}"
    );
    assert!(text.contains("outcome=\"plugin-http-url\""), "{text}");
    assert!(text.contains(" microseconds="), "{text}");
    assert!(!text.contains("hidden"), "{text}");
}
