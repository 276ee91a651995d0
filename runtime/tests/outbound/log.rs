//! The debug log, of this crate and of every crate below it.

use secret_runtime::outbound::HostCredential;

use super::server::{Reply, Server};
use super::transcript::Transcript;
use super::{gate, get, secret, with_header};

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
