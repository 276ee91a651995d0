//! Links that fail, between the launcher and each store.

use std::time::{Duration, Instant};

use secret_run_tests::{Fault, LinkedProject, LinkedStore, Quality, StoreKind};

use crate::{GENEROUS, comes, fails, plugins};

/// What is optional is not absent for an outage.
const OPTIONAL: &str = "required = false\n";

#[test]
fn vault_behind_a_link_that_fails() {
    // With one request that can be counted.
    hold(StoreKind::Vault, "kv-version = 2\n");
}

#[test]
fn secrets_manager_behind_a_link_that_fails() {
    hold(StoreKind::SecretsManager, "");
}

#[test]
fn parameter_store_behind_a_link_that_fails() {
    hold(StoreKind::ParameterStore, "");
}

#[test]
fn consul_behind_a_link_that_fails() {
    hold(StoreKind::Consul, "");
}

#[test]
fn etcd_behind_a_link_that_fails() {
    hold(StoreKind::Etcd, "");
}

/// One store after another fault; it is well in between.
fn hold(kind: StoreKind, lines: &str) {
    let bed = Bed {
        store: LinkedStore::start(kind, plugins()),
        lines,
    };
    bed.is_asked_once_when_all_is_well();
    bed.is_asked_as_often_as_is_said_when_it_is_away();
    bed.half_an_answer_and_garbage_are_no_answers();
    bed.first_attempts_may_fail();
    bed.slow_is_not_away();
    bed.nothing_is_waited_for_beyond_a_deadline();
    bed.is_asked_once_when_all_is_well();
}

struct Bed<'a> {
    store: LinkedStore,
    lines: &'a str,
}

impl Bed<'_> {
    fn project(&self, backend: &str, rest: &str) -> LinkedProject {
        let lines = format!("{}{backend}", self.lines);
        self.store.project(&lines, &format!("{OPTIONAL}{rest}"))
    }

    fn with_fault<T>(&self, fault: Fault, run: impl FnOnce() -> T) -> T {
        self.store.link().change(Quality {
            fault: Some(fault),
            ..Quality::default()
        });
        let done = run();
        self.store.link().change(Quality::default());
        done
    }

    /// How many connections something makes.
    fn connections<T>(&self, run: impl FnOnce() -> T) -> (T, usize) {
        let before = self.store.link().connections();
        let done = run();
        (done, self.store.link().connections() - before)
    }

    #[track_caller]
    fn is_asked_once_when_all_is_well(&self) {
        let project = self.project("", "");
        let ((), connections) = self.connections(|| comes(&project));
        assert_eq!(connections, 1);
    }

    #[track_caller]
    fn is_asked_as_often_as_is_said_when_it_is_away(&self) {
        for fault in [Fault::CutAfter(0), Fault::ResetAfter(0)] {
            for (backend, rest, attempts) in [
                ("", "", 3),
                ("attempts = 1\n", "", 1),
                ("", "[resilience]\nattempts = 2\n", 2),
                ("attempts = 4\n", "[resilience]\nattempts = 2\n", 4),
            ] {
                let project = self.project(backend, rest);
                let (failed, connections) =
                    self.connections(|| self.with_fault(fault, || fails(&project)));
                let (kind, message) = failed;
                assert!(is_outage(&kind), "{kind}: {message}");
                assert_eq!(connections, attempts, "{fault:?} {message}");
                let told = match attempts {
                    1 => !message.contains("attempt"),
                    _ => message.ends_with(&format!(", also after {attempts} attempts")),
                };
                assert!(told, "{message}");
            }
        }
    }

    #[track_caller]
    fn half_an_answer_and_garbage_are_no_answers(&self) {
        for fault in [
            Fault::CutAfter(60),
            Fault::GarbageAfter(0),
            Fault::GarbageAfter(60),
        ] {
            let project = self.project("attempts = 1\ndeadline = \"2s\"\n", "");
            let (kind, message) = self.with_fault(fault, || fails(&project));
            // Where garbage hides how long an answer is, there is none until the connection ends.
            let known = is_outage(&kind) || ["plugin-other", "backend-deadline"].contains(&&*kind);
            assert!(known, "{fault:?} {kind}: {message}");
        }
    }

    #[track_caller]
    fn first_attempts_may_fail(&self) {
        let project = self.project("", "");
        for fault in [
            Fault::CutAfter(0),
            Fault::ResetAfter(0),
            Fault::CutAfter(60),
        ] {
            self.store.link().flap(2, fault);
            let ((), connections) = self.connections(|| comes(&project));
            assert_eq!(connections, 3, "{fault:?}");
        }
    }

    #[track_caller]
    fn slow_is_not_away(&self) {
        let project = self.project("attempts = 1\n", "");
        self.store.link().change(Quality {
            round_trip: Duration::from_millis(700),
            ..Quality::default()
        });
        let ((), connections) = self.connections(|| comes(&project));
        assert_eq!(connections, 1);
        self.store.link().change(Quality::default());
    }

    #[track_caller]
    fn nothing_is_waited_for_beyond_a_deadline(&self) {
        for (backend, rest, kind) in [
            ("deadline = \"700ms\"\n", "", "backend-deadline"),
            ("", "[resilience]\ndeadline = \"700ms\"\n", "run-deadline"),
        ] {
            for fault in [Fault::StallAfter(0), Fault::StallAfter(60)] {
                let project = self.project(backend, rest);
                let started = Instant::now();
                let (found, message) = self.with_fault(fault, || fails(&project));
                assert!(started.elapsed() < GENEROUS, "{:?}", started.elapsed());
                assert_eq!(found, kind, "{message}");
                assert!(message.contains("did not answer within 700ms"), "{message}");
            }
        }
    }
}

fn is_outage(kind: &str) -> bool {
    matches!(
        kind,
        "vault-unreachable"
            | "vault-no-answer"
            | "aws-unreachable"
            | "aws-no-answer"
            | "plugin-unavailable"
    )
}
