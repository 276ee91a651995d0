//! A backend that breaks the contract is told so, check by check.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod backend_guest;

use backend_guest::{Answer, BackendGuest, Import};
use secret_runtime::plugin::Made;

#[test]
fn a_harmless_guest_is_made_into_a_backend() {
    for (imports, writes) in [
        (&[][..], false),
        (&[Import::Settings, Import::Log, Import::Http], true),
    ] {
        let guest = BackendGuest {
            writes,
            otherwise: Answer::Unavailable("no answer".to_owned(), Some(5)),
            ..BackendGuest::default().importing(imports)
        };
        let made = Made::of("guest", &guest.component(), None).unwrap();
        assert_eq!(made.about.unwrap().summary, "Three documents in memory.");
    }
}
