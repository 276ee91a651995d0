//! Keys while they are changed.

use secret_runtime::secrets::Rotating;

use crate::bed::{Bed, until};

fn entry(grace: &str) -> String {
    format!("[secrets.KEY]\nprevious = {{ name = \"KEY_PREVIOUS\", grace = \"{grace}\" }}\n")
}

fn accepted(keys: &Rotating) -> Vec<&str> {
    keys.accepted().map(|key| key.text().unwrap()).collect()
}

#[test]
fn the_key_before_is_honoured_after_a_rotation() {
    let bed = Bed::new(&format!("{}[secrets.OTHER]\n", entry("24h")));
    bed.put("KEY", "dummy-1").put("OTHER", "dummy-other");
    let secrets = bed.load();
    let keys = || secrets.rotating("KEY").unwrap();
    assert_eq!(accepted(&keys()), ["dummy-1"]);
    assert!(keys().previous().is_none());
    bed.put("KEY", "dummy-2");
    secrets.refresh_blocking().unwrap();
    assert_eq!(accepted(&keys()), ["dummy-2", "dummy-1"]);
    assert_eq!(keys().previous().unwrap().text().unwrap(), "dummy-1");
    // A change of something else is none of the key.
    bed.put("OTHER", "dummy-other-2");
    secrets.refresh_blocking().unwrap();
    assert_eq!(accepted(&keys()), ["dummy-2", "dummy-1"]);
    bed.put("KEY", "dummy-3");
    secrets.refresh_blocking().unwrap();
    assert_eq!(accepted(&keys()), ["dummy-3", "dummy-2"], "one before");
}

#[test]
fn what_the_store_has_as_the_key_before_is_honoured_too() {
    let bed = Bed::new(&entry("24h"));
    bed.put("KEY", "dummy-2").put("KEY_PREVIOUS", "dummy-1");
    let secrets = bed.load();
    let keys = || secrets.rotating("KEY").unwrap();
    assert_eq!(accepted(&keys()), ["dummy-2", "dummy-1"]);
    // Somebody forgot to put the key before there.
    bed.put("KEY", "dummy-3");
    secrets.refresh_blocking().unwrap();
    assert_eq!(accepted(&keys()), ["dummy-3", "dummy-2", "dummy-1"]);
    bed.put("KEY_PREVIOUS", "dummy-2");
    secrets.refresh_blocking().unwrap();
    assert_eq!(accepted(&keys()), ["dummy-3", "dummy-2"], "each once");
    let previous = secrets.required("KEY_PREVIOUS").unwrap();
    assert_eq!(previous.text().unwrap(), "dummy-2");
}

#[test]
fn the_grace_ends_also_for_who_holds_a_snapshot() {
    let bed = Bed::new(&entry("1s"));
    bed.put("KEY", "dummy-1");
    let secrets = bed.load();
    bed.put("KEY", "dummy-2");
    let change = secrets.refresh_blocking().unwrap().unwrap();
    let keys = || change.snapshot.rotating("KEY").unwrap();
    assert_eq!(accepted(&keys()), ["dummy-2", "dummy-1"]);
    until(|| keys().previous().is_none());
    // It is forgotten by the next reading, and that is no change.
    assert!(secrets.refresh_blocking().unwrap().is_none());
    assert_eq!(secrets.snapshot().number(), change.snapshot.number());
    assert_eq!(accepted(&secrets.rotating("KEY").unwrap()), ["dummy-2"]);
}
