//! What a backend may write to the log of the launcher.

use crate::backend_guest::{BackendGuest, FREE, Import};
use crate::bed::{Bed, VALUE};
use crate::messenger::{grant, wanting};
use crate::server::{Server, answer};
use crate::transcript::Transcript;

/// Writes a line, asks the server, and writes another at each level.
fn talkative(origin: &str) -> BackendGuest {
    let before = "begins at once";
    let after = "read dummy-value-first, or yzzub-eulav";
    let url = format!("{origin}/");
    let write = |level: usize, at: usize, text: &str| {
        let length = text.len();
        format!("(call $log (i32.const {level}) (i32.const {at}) (i32.const {length}))")
    };
    let (at_after, at_url) = (FREE + before.len(), FREE + before.len() + after.len());
    let on_fetch = format!(
        "{} (drop (call $get_url (i32.const {at_url}) (i32.const {}))) {}",
        write(1, FREE, before),
        url.len(),
        (0..4)
            .map(|level| write(level, at_after, after))
            .collect::<String>(),
    );
    let guest = BackendGuest::that(&on_fetch)
        .with(&format!(
            "(data (i32.const {FREE}) \"{before}{after}{url}\")"
        ))
        .importing(&[Import::Log, Import::Http]);
    wanting(guest, &[origin])
}

fn logged(server: &Server, grant: &str) -> String {
    let transcript = Transcript::default();
    let bed = Bed::of(&talkative(&server.origin()));
    {
        let _guard = tracing::subscriber::set_default(transcript.clone());
        bed.run(grant).unwrap();
    }
    transcript.text()
}

#[test]
fn a_line_after_an_answer_is_not_shown_in_any_spelling() {
    // Also an answer that is an error may have a value in it.
    for status in ["200 OK", "500 No", "302 Found"] {
        let server = Server::start(move |_| Some(answer(status, "", VALUE)));
        let text = logged(&server, &grant(&server));
        assert!(text.contains("begins at once"), "{text}");
        let withheld = "a line of 38 bytes, not shown after an answer";
        assert_eq!(text.matches(withheld).count(), 4, "{text}");
        for part in ["dummy-val", "yzzub", "eulav", "read "] {
            assert!(!text.contains(part), "{text}");
        }
    }
}

#[test]
fn a_line_of_a_plugin_without_an_answer_is_shown() {
    // It holds what it was made with, and its settings.
    let server = Server::start(|_| Some("no HTTP".repeat(10)));
    let text = logged(&server, &grant(&server));
    assert!(text.contains("begins at once"), "{text}");
    assert_eq!(text.matches("or yzzub-eulav").count(), 4, "{text}");
    assert!(!text.contains("not shown"), "{text}");
}
