//! A component that keeps the contract passes every check of `plugin test`, and one that
//! breaks it is told so by the check that is about it. No verdict shows a value.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod backend_guest;
#[path = "conformance/checked.rs"]
mod checked;
#[expect(
    dead_code,
    reason = "the hostile validators use what these checks do not"
)]
mod guest;

use backend_guest::{ANSWER, Answer, BackendGuest, FREE, IMAGE, Import};
use checked::{
    assert_ends, assert_fails, at, at_closed_port, checked, subject, with_samples, with_server,
};
use guest::{Guest, Rule};
use secret_runtime::backend::Version;
use secret_runtime::plugin::conformance::{Outcome, SubjectError, run};

// Those that keep the contract.

#[test]
fn a_backend_that_keeps_the_contract_passes_every_check() {
    let guest = BackendGuest {
        writes: true,
        documents: vec![
            (
                "app/first".to_owned(),
                Answer::document("dummy-value-first"),
            ),
            (
                "app/second".to_owned(),
                Answer::document("dummy-value-second"),
            ),
            (
                String::new(),
                Answer::InvalidReference("a path is needed".to_owned()),
            ),
        ],
        on_each: NO_VERSIONS.to_owned(),
        ..BackendGuest::default()
    };
    let mut subject = with_samples(&guest);
    subject.write_to = Some("scratch/one".to_owned());
    let conformance = checked(&subject);
    let not_passed: Vec<_> = conformance
        .checks
        .iter()
        .filter(|check| check.outcome != Outcome::Passed)
        .map(|check| check.name)
        .collect();
    assert_eq!(not_passed, ["outage-silent", "outage-closed"]);
    assert_eq!(conformance.count("skipped"), 2);
    assert!(conformance.is_ok());
}

/// Whoever asks for a version gets `not-found`.
const NO_VERSIONS: &str = "
    (if (i32.load8_u offset=8 (i32.add (local.get $references)
            (i32.mul (local.get $index) (i32.const 20))))
        (then
            (memory.fill (local.get $at) (i32.const 0) (i32.const 64))
            (i32.store8 (local.get $at) (i32.const 1))))";

#[test]
fn without_samples_nothing_is_found_out_that_needs_them() {
    let conformance = checked(&subject(BackendGuest::default().component()));
    for name in ["existing", "order"] {
        assert_ends(&conformance, name, "skipped");
    }
    for name in [
        "compiles",
        "about",
        "about-imports",
        "count",
        "missing",
        "repeated",
    ] {
        assert_ends(&conformance, name, "passed");
    }
    assert!(conformance.is_ok());
}

#[test]
fn a_validator_that_keeps_the_contract_passes_every_check() {
    // It gives no memory back, so it needs some for every value.
    let guest = Guest {
        pages: 64,
        ..Guest::default()
    };
    let conformance = checked(&subject(guest.component()));
    assert_eq!(conformance.count("passed"), 4, "{conformance:?}");
    assert_eq!(conformance.checks.len(), 4);
}

// Those that do not: backends.

#[test]
fn what_is_no_component_does_not_compile() {
    let conformance = checked(&subject(b"#!/bin/sh\n".to_vec()));
    assert_ends(&conformance, "compiles", "failed");
    assert_eq!(conformance.checks.len(), 1);
}

#[test]
fn an_answer_too_many_fails_the_count() {
    let guest = BackendGuest {
        on_finish: "(local.set $given (i32.add (local.get $count) (i32.const 1)))
            (memory.copy (i32.add (local.get $answers) (i32.mul (local.get $count) (i32.const 64)))
                (global.get $otherwise) (i32.const 64))"
            .to_owned(),
        ..BackendGuest::default()
    };
    assert_fails(
        &with_samples(&guest),
        "count",
        "asked for 0 documents and gave 1",
    );
}

#[test]
fn a_trap_at_the_end_of_a_large_batch_fails_the_count() {
    let guest = BackendGuest::that(
        "(if (i32.gt_u (local.get $count) (i32.const 100)) (then (unreachable)))",
    );
    assert_fails(&with_samples(&guest), "count", "trap");
}

#[test]
fn answers_in_another_order_fail_the_order() {
    let guest = BackendGuest {
        on_finish: "(if (i32.ge_u (local.get $count) (i32.const 2)) (then
                (local.set $i (call $allocate (i32.const 64)))
                (memory.copy (local.get $i) (local.get $answers) (i32.const 64))
                (memory.copy (local.get $answers)
                    (i32.add (local.get $answers) (i32.const 64)) (i32.const 64))
                (memory.copy (i32.add (local.get $answers) (i32.const 64))
                    (local.get $i) (i32.const 64))))"
            .to_owned(),
        ..BackendGuest::default()
    };
    assert_fails(&with_samples(&guest), "order", "in a batch");
}

#[test]
fn an_about_that_changes_fails() {
    let guest = BackendGuest {
        on_about: "(i32.store offset=4 (global.get $profile)
            (i32.sub (i32.load offset=4 (global.get $profile)) (i32.const 1)))"
            .to_owned(),
        ..BackendGuest::default()
    };
    assert_fails(&with_samples(&guest), "about", "different answers");
}

#[test]
fn an_about_that_asks_for_a_setting_fails() {
    let guest = BackendGuest {
        on_about: format!("(call $get (i32.const {FREE}) (i32.const 1) (i32.const {ANSWER}))"),
        ..BackendGuest::default().importing(&[Import::Settings])
    };
    assert_fails(&with_samples(&guest), "about-imports", "`settings`");
}

#[test]
fn an_about_that_sends_a_request_fails() {
    let url = "https://example.com/";
    let guest = BackendGuest {
        on_about: format!(
            "(drop (call $get_url (i32.const {FREE}) (i32.const {})))",
            url.len()
        ),
        ..BackendGuest::default().importing(&[Import::Http])
    }
    .with(&format!(r#"(data (i32.const {FREE}) "{url}")"#));
    assert_fails(&with_samples(&guest), "about", "example.com");
}

#[test]
fn what_is_there_and_is_not_answered_fails() {
    let mut subject = with_samples(&BackendGuest::default());
    subject.references.push(at("app/elsewhere"));
    assert_fails(
        &subject,
        "existing",
        "`app/elsewhere` is answered with `not-found`",
    );
    let version = Some("7".to_owned());
    subject.references[2].version = version.map(Version::Named);
    assert_fails(
        &subject,
        "existing",
        "`app/elsewhere?version=7` is answered",
    );
}

#[test]
fn another_error_than_not_found_fails_for_what_is_not_there() {
    for answer in [
        Answer::AccessDenied("no".to_owned()),
        Answer::Unauthenticated("no".to_owned()),
        Answer::Other("no".to_owned()),
        Answer::Unavailable("no".to_owned(), Some(1)),
    ] {
        let guest = BackendGuest {
            otherwise: answer,
            ..BackendGuest::default()
        };
        assert_fails(&with_samples(&guest), "missing", "is answered with `");
    }
}

#[test]
fn a_document_at_every_path_fails() {
    let guest = BackendGuest {
        otherwise: Answer::Document {
            bytes: b"dummy-value-anywhere".to_vec(),
            version: Some("1".to_owned()),
            created_at: Some(1_700_000_000),
            lease: Some(60),
        },
        ..BackendGuest::default()
    };
    assert_fails(&with_samples(&guest), "missing", "a document");
    assert_fails(&with_samples(&guest), "strange-references", "an empty path");
}

#[test]
fn a_version_that_is_not_looked_at_fails() {
    assert_fails(
        &with_samples(&BackendGuest::default()),
        "strange-references",
        "a version that cannot be",
    );
}

#[test]
fn a_trap_at_an_empty_path_fails() {
    let guest = BackendGuest {
        on_each: "(if (i32.eqz (local.get $length)) (then (unreachable)))".to_owned(),
        ..BackendGuest::default()
    };
    assert_fails(&with_samples(&guest), "strange-references", "an empty path");
}

#[test]
fn an_answer_that_depends_on_the_call_fails() {
    let guest =
        BackendGuest::that("(global.set $calls (i32.add (global.get $calls) (i32.const 1)))");
    // The seventeenth call finds nothing any more.
    let guest = BackendGuest {
        on_each: "(if (i32.eq (global.get $calls) (i32.const 17)) (then
            (memory.copy (local.get $at) (global.get $otherwise) (i32.const 64))))"
            .to_owned(),
        ..guest
    }
    .with("(global $calls (mut i32) (i32.const 0))");
    assert_fails(&with_samples(&guest), "repeated", "call 17");
}

#[test]
fn a_value_in_the_text_of_an_error_fails() {
    for (said, outcome) in [
        ("no such thing: dummy-value-second", "failed"),
        ("it begins with dummy-value-secon", "failed"),
        ("it is a dummy", "passed"),
    ] {
        let guest = BackendGuest {
            otherwise: Answer::Other(said.to_owned()),
            ..BackendGuest::default()
        };
        assert_ends(&checked(&with_samples(&guest)), "texts", outcome);
    }
}

#[test]
fn a_path_in_the_text_of_an_error_is_no_value() {
    let guest = BackendGuest {
        documents: vec![
            (
                "app/a-long-path".to_owned(),
                Answer::document("see app/a-long-path"),
            ),
            (
                "app/second".to_owned(),
                Answer::document("dummy-value-second"),
            ),
        ],
        otherwise: Answer::Other("there is no app/a-long-path".to_owned()),
        ..BackendGuest::default()
    };
    let mut subject = with_samples(&guest);
    subject.references[0] = at("app/a-long-path");
    assert_ends(&checked(&subject), "texts", "passed");
}

#[test]
fn what_runs_too_long_or_logs_too_much_is_over_its_limits() {
    let looping = BackendGuest::that(
        "(if (i32.gt_u (local.get $count) (i32.const 100)) (then (loop (br 0))))",
    );
    assert_fails(&with_samples(&looping), "limits", "ran longer than");
    let flooding = BackendGuest::that(&format!(
        "(loop (call $log (i32.const 1) (i32.const {IMAGE}) (i32.const 100)) (br 0))"
    ))
    .importing(&[Import::Log]);
    assert_fails(&with_samples(&flooding), "limits", "to the log");
    let growing = BackendGuest::that("(loop (drop (memory.grow (i32.const 16))) (br 0))");
    assert_fails(&with_samples(&growing), "limits", "memory");
}

#[test]
fn an_outage_is_unavailable_and_nothing_else() {
    let right = with_server(&Answer::Unavailable("no answer".to_owned(), None));
    let conformance = checked(&at_closed_port(&right));
    assert_ends(&conformance, "outage-silent", "passed");
    assert_ends(&conformance, "outage-closed", "passed");

    let wrong = at_closed_port(&with_server(&Answer::NotFound));
    assert_fails(&wrong, "outage-silent", "`not-found`");
    assert_fails(&wrong, "outage-closed", "`not-found`");
}

#[test]
fn what_it_needs_must_be_given_before_anything_is_asked() {
    let guest = with_server(&Answer::NotFound);
    let without = with_samples(&guest);
    assert!(matches!(run(&without), Err(SubjectError::Settings(_))));
    let mut without_origin = at_closed_port(&guest);
    without_origin.origins.clear();
    assert!(matches!(
        run(&without_origin),
        Err(SubjectError::Origin { .. })
    ));
}

#[test]
fn a_writer_that_forgets_fails() {
    let guest = BackendGuest {
        writes: true,
        on_fetch: "(global.set $slot_full (i32.const 0))".to_owned(),
        ..BackendGuest::default()
    };
    let mut subject = with_samples(&guest);
    assert_ends(&checked(&subject), "writer", "skipped");
    subject.write_to = Some("scratch/one".to_owned());
    assert_fails(&subject, "writer", "`fetch`");
}

// Validators.

#[test]
fn a_validator_that_traps_at_an_empty_value_fails() {
    let guest = Guest {
        on_value: "(if (i32.eqz (local.get $length)) (then (unreachable)))".to_owned(),
        ..Guest::default()
    };
    assert_fails(&subject(guest.component()), "values", "an empty value");
}

#[test]
fn a_validator_whose_rules_change_fails() {
    let guest = Guest {
        rules: "(i32.store offset=4 (i32.const 0x1008)
                (i32.sub (i32.load offset=4 (i32.const 0x1008)) (i32.const 1)))
            (i32.const 0x1000)"
            .to_owned(),
        ..Guest::default()
    };
    assert_fails(&subject(guest.component()), "rules", "different answers");
}

#[test]
fn a_validator_with_a_rule_of_no_name_fails() {
    let guest = Guest {
        catalogue: vec![Rule {
            name: "No Name".to_owned(),
            ..Rule::default()
        }],
        ..Guest::default()
    };
    assert_fails(&subject(guest.component()), "rules", "lower-case words");
}
