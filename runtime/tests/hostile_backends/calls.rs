//! Two calls of one backend at once.

use std::thread;
use std::time::Duration;

use secret_runtime::backend::{Backend, Request};
use secret_runtime::error::Explain;
use secret_runtime::outbound::{GrantedOrigin, HttpOrigin, Reach};
use secret_runtime::plugin::conformance::Subject;

use crate::backend_guest::{BackendGuest, FREE, Import};
use crate::messenger::wanting;
use crate::server::{Server, answer};

/// For `app/first`, tries what it may not, and then waits for the server.
fn guest(origin: &str) -> BackendGuest {
    let denied = "http://other.example.com/";
    let granted = format!("{origin}/");
    let at_granted = FREE + denied.len();
    let guest = BackendGuest {
        on_each: format!(
            "(if (i32.eq (local.get $length) (i32.const 9)) (then
                (drop (call $get_url (i32.const {FREE}) (i32.const {})))
                (drop (call $get_url (i32.const {at_granted}) (i32.const {})))))",
            denied.len(),
            granted.len(),
        ),
        ..BackendGuest::default()
    };
    let fields = format!("(data (i32.const {FREE}) \"{denied}{granted}\")");
    wanting(guest.with(&fields).importing(&[Import::Http]), &[origin])
}

#[tokio::test]
async fn what_one_may_not_is_not_forgotten_when_the_other_begins() {
    let server = Server::start(|_| {
        thread::sleep(Duration::from_millis(50));
        Some(answer("200 OK", "", "fine"))
    });
    let mut subject = Subject::of_component("p", guest(&server.origin()).component());
    subject.origins = vec![GrantedOrigin {
        origin: HttpOrigin::parse(&server.origin()).unwrap(),
        reach: Reach {
            private: true,
            ..Reach::default()
        },
        credentials: Vec::new(),
    }];
    let backend = subject.open().unwrap();
    let [first, second] = ["app/first", "app/second"].map(|path| {
        [Request {
            path: path.to_owned(),
            version: None,
        }]
    });
    let (first, second) = tokio::join!(backend.fetch(&first), backend.fetch(&second));
    assert_eq!(first.unwrap_err().kind(), "plugin-http-denied");
    assert!(matches!(second.unwrap().documents[..], [Ok(Some(_))]));
    assert_eq!(server.heads().len(), 1);
}
