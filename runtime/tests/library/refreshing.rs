//! Values that are read again: what is taken over, what is told, and what stays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use secret_runtime::Secrets;
use secret_runtime::secrets::{Event, Snapshot};

use crate::bed::{Bed, next, until};

fn text(snapshot: &Snapshot, name: &str) -> String {
    let secret = snapshot.required(name).unwrap();
    secret.text().unwrap().to_owned()
}

#[test]
fn a_rotation_is_told_and_reaches_all_who_hold_the_values() {
    let bed = Bed::new("[secrets.A]\n[secrets.B]\n[secrets.C]\nrequired = false\n");
    bed.put("A", "dummy-a").put("B", "dummy-b");
    let (secrets, mut watcher) = bed.watch();
    let (clone, before) = (secrets.clone(), secrets.snapshot());
    bed.put("A", "dummy-a2");
    let Event::Changed(change) = next(&mut watcher) else {
        panic!("a change is told");
    };
    assert_eq!(change.names, ["A"]);
    assert!(change.is_of("A") && !change.is_of("B"));
    assert_eq!(text(&change.snapshot, "A"), "dummy-a2");
    assert_eq!(text(&clone.snapshot(), "A"), "dummy-a2");
    // Who holds a snapshot sees what it was.
    assert_eq!(text(&before, "A"), "dummy-a");
    bed.put("C", "dummy-c");
    assert!(matches!(next(&mut watcher), Event::Changed(change) if change.names == ["C"]));
    bed.remove("C");
    assert!(matches!(next(&mut watcher), Event::Changed(change) if change.names == ["C"]));
    assert!(secrets.optional("C").unwrap().is_none());
}

#[test]
fn a_reading_that_fails_keeps_the_values_and_is_told_with_its_age() {
    let bed = Bed::new("[secrets.A]\n");
    bed.put("A", "dummy-a");
    let (secrets, mut watcher) = bed.watch();
    bed.remove("A");
    let Event::Failed(failure) = next(&mut watcher) else {
        panic!("a failure is told");
    };
    assert_eq!(failure.problems.as_slice()[0].kind, "missing-value");
    assert_eq!(failure.attempts, 1);
    assert!(failure.again <= Duration::from_secs(1), "{failure:?}");
    assert_eq!(text(&secrets.snapshot(), "A"), "dummy-a");
    let status = secrets.status();
    assert!(status.failure.is_some() && status.age >= failure.age);
    let problems = secrets.refresh_blocking().unwrap_err();
    assert_eq!(problems.as_slice()[0].kind, "missing-value");
    let again = secrets.status().failure.unwrap();
    assert!(again.attempts >= 2 && again.since == failure.since);
    bed.put("A", "dummy-a");
    until(|| secrets.status().failure.is_none());
    // Failures that nobody looked at are one; then it is told that it is over.
    until(|| matches!(watcher.try_next(), Some(Event::Recovered)));
    assert!(watcher.try_next().is_none());
    assert_eq!(secrets.snapshot().number(), 1, "it was never another one");
}

#[test]
fn values_that_are_not_valid_are_not_taken_over() {
    let bed = Bed::new("[secrets.A]\n[secrets.PORT]\nvalidate = \"port\"\n");
    bed.put("A", "dummy-a").put("PORT", "8080");
    let secrets = bed.load();
    bed.put("A", "dummy-a2").put("PORT", "dummy-port");
    let problems = secrets.refresh_blocking().unwrap_err();
    assert_eq!(problems.as_slice()[0].kind, "invalid-value");
    assert!(!format!("{problems:?}").contains("dummy"));
    let snapshot = secrets.snapshot();
    assert_eq!(text(&snapshot, "A"), "dummy-a", "all or nothing");
    assert_eq!(text(&snapshot, "PORT"), "8080");
    bed.put("PORT", "8081");
    let change = secrets.refresh_blocking().unwrap().unwrap();
    assert_eq!(change.names, ["A", "PORT"]);
    assert!(secrets.refresh_blocking().unwrap().is_none());
}

#[test]
fn what_happened_between_two_looks_is_told_once_and_what_was_undone_is_not() {
    let bed = Bed::new("[secrets.A]\n[secrets.B]\n");
    bed.put("A", "dummy-a").put("B", "dummy-b");
    let secrets = bed.load();
    let mut watcher = secrets.watch().unwrap();
    let change = |a: &str, b: &str| {
        bed.put("A", a).put("B", b);
        assert!(secrets.refresh_blocking().unwrap().is_some());
    };
    change("dummy-a2", "dummy-b");
    change("dummy-a3", "dummy-b2");
    assert!(matches!(watcher.try_next(), Some(Event::Changed(c)) if c.names == ["A", "B"]));
    change("dummy-a4", "dummy-b2");
    change("dummy-a3", "dummy-b2");
    assert!(watcher.try_next().is_none());
}

#[test]
fn the_stream_tells_the_same() {
    use futures_util::StreamExt;
    let bed = Bed::new("[secrets.A]\n");
    bed.put("A", "dummy-a");
    let (_secrets, watcher) = bed.watch();
    bed.put("A", "dummy-a2");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let event = runtime.unwrap().block_on(async {
        let mut stream = Box::pin(watcher.into_stream());
        stream.next().await
    });
    assert!(matches!(event, Some(Event::Changed(change)) if change.names == ["A"]));
}

/// Two entries are fields of one document, so that every reading has them from one moment.
#[test]
fn a_snapshot_is_of_one_moment_however_many_read_and_refresh() {
    const ROUNDS: u64 = 300;
    let bed = Bed::new("[secrets.A]\nkey = \"pair#a\"\n[secrets.B]\nkey = \"pair#b\"\n");
    let put = |round: u64| {
        bed.put(
            "pair",
            format!(r#"{{"a":"dummy-{round}","b":"dummy-{round}"}}"#),
        )
    };
    put(0);
    let secrets = bed.load();
    let over = AtomicBool::new(false);
    let read = |secrets: &Secrets| {
        let (mut last, mut seen) = (0, 0_u64);
        while !over.load(Ordering::SeqCst) {
            let snapshot = secrets.snapshot();
            assert_eq!(text(&snapshot, "A"), text(&snapshot, "B"));
            assert!(snapshot.number() >= last, "values never go back");
            seen += u64::from(snapshot.number() > last);
            last = snapshot.number();
        }
        seen
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(|| read(&secrets))).collect();
        let refreshing: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        secrets.refresh_blocking().unwrap();
                    }
                })
            })
            .collect();
        for round in 1..=ROUNDS {
            put(round);
            secrets.refresh_blocking().unwrap();
        }
        over.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
        for thread in refreshing {
            thread.join().unwrap();
        }
    });
    secrets.refresh_blocking().unwrap();
    assert_eq!(text(&secrets.snapshot(), "A"), format!("dummy-{ROUNDS}"));
    assert_eq!(
        secrets.snapshot().number(),
        ROUNDS + 1,
        "none missed, none twice"
    );
}
