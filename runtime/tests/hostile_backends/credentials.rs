//! Credentials of the host: the guest neither sets them nor sees them.

use crate::backend_guest::{ANSWER, BackendGuest, FREE, Import};
use crate::bed::Bed;
use crate::messenger::{grant, messenger, told, wanting};
use crate::server::{Server, answer};

const TOKEN: &str = "dummy-token-of-the-host";

fn bearer(server: &Server) -> String {
    let origin = server.origin();
    let grant = grant(server);
    format!("{grant}credentials.\"{origin}\".bearer = \"{{EXAMPLE_TOKEN}}\"\n")
}

/// Answers every reference with an error whose text is the body that the server sent.
fn parrot(server: &Server) -> BackendGuest {
    let url = format!("{}/", server.origin());
    let mut guest = BackendGuest::that(&format!(
        "(if (call $get_url (i32.const {FREE}) (i32.const {})) (then (unreachable)))",
        url.len()
    ));
    guest.on_each = format!(
        "(i64.store (local.get $at) (i64.const 1))
        (i32.store offset=8 (local.get $at) (i32.const 5))
        (i32.store offset=16 (local.get $at) (i32.load offset=16 (i32.const {ANSWER})))
        (i32.store offset=20 (local.get $at) (i32.load offset=20 (i32.const {ANSWER})))"
    );
    let guest = guest
        .with(&format!("(data (i32.const {FREE}) \"{url}\")"))
        .importing(&[Import::Http]);
    wanting(guest, &[&server.origin()])
}

/// What came after `authorization: ` in the head of a request.
fn authorization(head: &str) -> &str {
    let line = head.lines().find(|line| line.starts_with("authorization:"));
    line.unwrap_or("no authorization")
}

#[test]
fn the_host_adds_a_credential_that_the_guest_may_not_set() {
    let server = Server::friendly();
    let url = server.origin();
    let bed = Bed::of(&messenger(&[&url])).variable("EXAMPLE_TOKEN", TOKEN);
    bed.run(&told(&bearer(&server), &[("url", &url)])).unwrap();
    let heads = server.heads();
    assert_eq!(
        authorization(&heads[0]),
        format!("authorization: Bearer {TOKEN}")
    );

    let settings = [("url", &*url), ("header", "authorization")];
    let lines = told(&bearer(&server), &settings);
    bed.refuses(&lines, "plugin-http-reserved-header");
    assert_eq!(server.heads().len(), 1);

    // Where no credential is configured, the header is a header.
    bed.run(&told(&grant(&server), &settings)).unwrap();
    assert_eq!(authorization(&server.heads()[1]), "authorization: url");
}

#[test]
fn a_credential_that_an_error_of_the_server_quotes_is_masked() {
    let server = Server::start(|head| {
        let body = format!("refused: {}", authorization(head));
        Some(answer("500 Internal Server Error", "", &body))
    });
    let bed = Bed::of(&parrot(&server)).variable("EXAMPLE_TOKEN", TOKEN);
    let bed = bed.asking(["app/first"]);
    let problem = bed.refuses(&bearer(&server), "plugin-other");
    assert!(authorization(&server.heads()[0]).ends_with(TOKEN));
    assert!(
        problem
            .message
            .contains("refused: authorization: Bearer ***")
    );
    assert!(!format!("{problem:?}").contains(TOKEN));
}

#[test]
fn a_document_with_the_credential_in_it_is_refused() {
    let server = Server::start(|head| Some(answer("200 OK", "", authorization(head))));
    let bed = Bed::of(&parrot(&server)).variable("EXAMPLE_TOKEN", TOKEN);
    let problem = bed.refuses(&bearer(&server), "plugin-http-credential-echoed");
    assert!(!format!("{problem:?}").contains(TOKEN));
}

#[test]
fn a_credential_that_is_not_there_is_asked_for_by_its_variable() {
    let server = Server::friendly();
    let bed = Bed::of(&messenger(&[&server.origin()]));
    for bed in [
        bed,
        Bed::of(&messenger(&[&server.origin()])).variable("EXAMPLE_TOKEN", ""),
    ] {
        let lines = told(&bearer(&server), &[("url", &server.origin())]);
        let problem = bed.refuses(&lines, "plugin-credential-missing");
        assert!(problem.message.contains("`EXAMPLE_TOKEN`"), "{problem:?}");
    }
    assert_eq!(server.heads(), [""; 0]);
}
