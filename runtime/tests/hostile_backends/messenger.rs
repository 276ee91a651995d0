//! A guest that sends what its settings say, and then answers as if nothing had happened.

use std::fmt::Write as _;

use crate::backend_guest::{ANSWER, BackendGuest, FREE, Import};
use crate::server::Server;

/// Sends a request to the URL in the setting `url`, with a header of the name in `header` if it
/// is there. If there is a `then`, the answer must be a redirect, and that URL is next.
///
/// Whatever comes of that, it answers with its documents. It may want to talk to `origins`.
pub(crate) fn messenger(origins: &[&str]) -> BackendGuest {
    let setting = |key: usize, length: usize, to: usize| {
        format!("(call $get (i32.const {key}) (i32.const {length}) (i32.const {to}))")
    };
    let on_fetch = format!(
        "{url} {header} {then}
        (i32.store (i32.const {HEADERS}) (i32.load offset=4 (i32.const {HEADER})))
        (i32.store offset=4 (i32.const {HEADERS}) (i32.load offset=8 (i32.const {HEADER})))
        (i32.store offset=8 (i32.const {HEADERS}) (i32.const {FREE}))
        (i32.store offset=12 (i32.const {HEADERS}) (i32.const 3))
        (call $send (i32.const 48) (i32.const 3)
            (i32.load offset=4 (i32.const {URL})) (i32.load offset=8 (i32.const {URL}))
            (i32.const {HEADERS}) (i32.load8_u (i32.const {HEADER}))
            (i32.const 0) (i32.const 0) (i32.const {ANSWER}))
        (if (i32.load8_u (i32.const {THEN})) (then
            (if (i32.load8_u (i32.const {ANSWER})) (then (unreachable)))
            (if (i32.ne (i32.load16_u offset=4 (i32.const {ANSWER})) (i32.const 302))
                (then (unreachable)))
            (drop (call $get_url (i32.load offset=4 (i32.const {THEN}))
                (i32.load offset=8 (i32.const {THEN}))))))",
        url = setting(FREE, 3, URL),
        header = setting(FREE + 3, 6, HEADER),
        then = setting(FREE + 9, 4, THEN),
    );
    let fields = format!("(data (i32.const {FREE}) \"urlheaderthen\")");
    let mut guest = BackendGuest::that(&on_fetch)
        .with(&fields)
        .importing(&[Import::Settings, Import::Http]);
    for name in ["url", "header", "then"] {
        let setting = (name.to_owned(), format!("The {name}."), false, None);
        guest.about.settings.push(setting);
    }
    wanting(guest, origins)
}

/// Options of settings, and the list of headers.
const URL: usize = 0x200;
const HEADER: usize = 0x210;
const THEN: usize = 0x220;
const HEADERS: usize = 0x230;

/// The same guest, which would like to send requests to these origins.
pub(crate) fn wanting(mut guest: BackendGuest, origins: &[&str]) -> BackendGuest {
    for origin in origins {
        let origin = ((*origin).to_owned(), "to read".to_owned(), false);
        guest.about.origins.push(origin);
    }
    guest
}

/// Grants a server of this machine, and the address that it has.
pub(crate) fn grant(server: &Server) -> String {
    let origin = server.origin();
    format!("allow.http = [\"{origin}\"]\nallow.private-addresses = [\"{origin}\"]\n")
}

/// The same, with settings.
pub(crate) fn told(grant: &str, settings: &[(&str, &str)]) -> String {
    let mut lines = grant.to_owned();
    for (name, value) in settings {
        let _ = writeln!(lines, "settings.{name} = \"{value}\"");
    }
    lines
}
