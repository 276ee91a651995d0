//! What a backend may answer.

use crate::backend_guest::{Answer, BackendGuest, FREE};
use crate::bed::Bed;

/// Answers so where it has no document.
fn otherwise(answer: Answer) -> BackendGuest {
    BackendGuest {
        otherwise: answer,
        ..BackendGuest::default()
    }
}

fn finishing(on_finish: &str) -> Bed {
    Bed::of(&BackendGuest {
        on_finish: on_finish.to_owned(),
        ..BackendGuest::default()
    })
}

#[test]
fn each_reference_has_its_answer_however_many_there_are() {
    let names = ["first", "second", "third"];
    let paths = (0..700).map(|index| format!("app/{}?version={index}", names[index % 3]));
    let bed = Bed::of(&BackendGuest::default()).asking(paths);
    let values = bed.run("").unwrap();
    assert_eq!(values.len(), 700);
    for (index, value) in values.iter().enumerate() {
        assert_eq!(*value, format!("dummy-value-{}", names[index % 3]));
    }
}

#[test]
fn fewer_or_more_answers_than_references_are_none() {
    for given in ["(i32.const 0)", "(i32.const 1)", "(i32.const 3)"] {
        let bed = finishing(&format!("(local.set $given {given})"));
        bed.refuses("", "plugin-answer-count");
    }
    let bed = finishing(
        "(local.set $given (i32.const 10000))
        (local.set $answers (call $allocate (i32.const 640000)))",
    );
    let problem = bed.refuses("", "plugin-answer-count");
    assert!(problem.message.contains("10000"), "{}", problem.message);
}

#[test]
fn a_list_longer_than_the_memory_is_malformed() {
    for given in ["-1", "0x7fffffff", "0x00800000"] {
        let bed = finishing(&format!("(local.set $given (i32.const {given}))"));
        bed.refuses("", "plugin-answer");
    }
}

#[test]
fn documents_beyond_what_is_transferred_are_malformed() {
    // 40 MiB, twice, from the same memory.
    let guest = BackendGuest {
        on_each: "(i32.store offset=8 (local.get $at) (i32.const 0))
            (i32.store offset=12 (local.get $at) (i32.const 0x2800000))"
            .to_owned(),
        pages: 700,
        ..BackendGuest::default()
    };
    Bed::of(&guest).refuses("", "plugin-answer");
}

#[test]
fn a_document_outside_the_memory_is_malformed() {
    let guest = BackendGuest {
        on_each: "(i32.store offset=12 (local.get $at) (i32.const 0x7fffffff))".to_owned(),
        ..BackendGuest::default()
    };
    Bed::of(&guest).refuses("", "plugin-answer");
}

#[test]
fn an_answer_of_an_unknown_kind_is_malformed() {
    for kind in ["(i32.const 2)", "(i32.const 0xff)"] {
        let guest = BackendGuest {
            on_each: format!("(i32.store8 (local.get $at) {kind})"),
            ..BackendGuest::default()
        };
        Bed::of(&guest).refuses("", "plugin-answer");
    }
}

#[test]
fn a_text_that_is_no_utf8_is_malformed() {
    let guest = BackendGuest {
        on_each: format!(
            "(i64.store (local.get $at) (i64.const 1))
            (i32.store offset=8 (local.get $at) (i32.const 5))
            (i32.store offset=16 (local.get $at) (i32.const {FREE}))
            (i32.store offset=20 (local.get $at) (i32.const 4))"
        ),
        ..BackendGuest::default()
    };
    let guest = guest.with(&format!("(data (i32.const {FREE}) \"\\ff\\fe\\c3\\28\")"));
    Bed::of(&guest).refuses("", "plugin-answer");
}

#[test]
fn a_value_in_an_error_of_the_same_batch_is_masked() {
    let text = "not `dummy-value-first`, nor dummy-value-second, nor dummy-value-of-a-line";
    let mut guest = otherwise(Answer::Other(text.to_owned()));
    let line = Answer::document("dummy-value-of-a-line\n");
    guest.documents.push(("app/line".to_owned(), line));
    // Part of another value.
    let part = Answer::document("dummy-value-of");
    guest.documents.push(("app/part".to_owned(), part));
    let paths = [
        "app/first",
        "app/nothing",
        "app/second",
        "app/part",
        "app/line",
    ];
    let problem = Bed::of(&guest).asking(paths).refuses("", "plugin-other");
    let masked = "not `***`, nor ***, nor ***";
    assert!(problem.message.contains(masked), "{problem:?}");
    assert_eq!(problem.secret.as_deref(), Some("SECRET_1"));
}

#[test]
fn a_value_of_another_batch_of_the_run_is_masked() {
    // 256 references are one call; the errors come in the first, the second and the third.
    let text = "neither dummy-value-first nor dummy-value-second";
    let guest = otherwise(Answer::Other(text.to_owned()));
    let paths = (0..700).map(|index| match index {
        10 | 300 | 650 => format!("app/nothing?version={index}"),
        0..256 => format!("app/first?version={index}"),
        256..512 => format!("app/third?version={index}"),
        _ => format!("app/second?version={index}"),
    });
    let problems = Bed::of(&guest).asking(paths).run("").unwrap_err();
    assert_eq!(problems.len(), 3);
    for problem in problems {
        assert_eq!(problem.kind, "plugin-other");
        assert!(
            problem.message.contains("neither *** nor ***"),
            "{problem:?}"
        );
    }
}

#[test]
fn a_field_of_a_document_in_an_error_is_masked() {
    let text = "login `dummy-value-user` with dummy-value\"quoted or dummy-value\\\"quoted failed";
    let mut guest = otherwise(Answer::Other(text.to_owned()));
    let json = r#"{"login":{"user":"dummy-value-user","password":"dummy-value\"quoted"}}"#;
    let json = Answer::document(json);
    guest.documents.push(("app/json".to_owned(), json));
    let bed = Bed::of(&guest).asking(["app/nothing", "app/json#login.password"]);
    let problem = bed.refuses("", "plugin-other");
    let masked = "login `***` with *** or *** failed";
    assert!(problem.message.contains(masked), "{problem:?}");
}

#[test]
fn an_error_can_neither_steer_a_terminal_nor_fill_it() {
    let text = format!("\u{1b}[2J\u{202e}\r\n{}", "long ".repeat(1000));
    for answer in [
        Answer::AccessDenied(text.clone()),
        Answer::Unauthenticated(text.clone()),
        Answer::InvalidReference(text.clone()),
        Answer::Unavailable(text.clone(), None),
        Answer::Other(text.clone()),
    ] {
        let bed = Bed::of(&otherwise(answer)).asking(["app/nothing"]);
        let message = bed.run("").unwrap_err()[0].message.clone();
        assert!(message.contains("long long"), "{message}");
        assert!(message.chars().count() < 400, "{message}");
        let steers = |c: char| c.is_control() || c == '\u{202e}';
        assert!(!message.contains(steers), "{message:?}");
    }
}

#[test]
fn a_text_of_megabytes_is_no_message() {
    // 200 references have the same 256 KiB of memory for a text, and 50 have a value.
    let guest = BackendGuest {
        on_each: "(if (i32.gt_u (local.get $index) (i32.const 50)) (then
            (i64.store (local.get $at) (i64.const 1))
            (i32.store offset=8 (local.get $at) (i32.const 5))
            (i32.store offset=16 (local.get $at) (i32.const 0x80000))
            (i32.store offset=20 (local.get $at) (i32.const 0x40000))))"
            .to_owned(),
        on_fetch: "(memory.fill (i32.const 0x80000) (i32.const 120) (i32.const 0x40000))"
            .to_owned(),
        pages: 16,
        ..BackendGuest::default()
    };
    let paths = (0..250).map(|index| format!("app/first?version={index}"));
    let problems = Bed::of(&guest).asking(paths).run("").unwrap_err();
    assert_eq!(problems.len(), 199);
    for problem in problems {
        assert_eq!(problem.kind, "plugin-other");
        assert!(problem.message.len() < 100, "{}", problem.message);
    }
}

#[test]
fn every_error_has_a_kind_and_only_absence_is_absence() {
    let text = || "no more".to_owned();
    for (answer, kind) in [
        (Answer::NotFound, "missing-value"),
        (Answer::AccessDenied(text()), "plugin-access-denied"),
        (Answer::Unauthenticated(text()), "plugin-unauthenticated"),
        (Answer::InvalidReference(text()), "plugin-invalid-reference"),
        (Answer::Unavailable(text(), None), "plugin-unavailable"),
        (Answer::Other(text()), "plugin-other"),
    ] {
        let bed = Bed::of(&otherwise(answer)).asking(["app/first", "app/nothing"]);
        bed.refuses("", kind);
    }
    let answer = Answer::Unavailable(text(), Some(90_001));
    let bed = Bed::of(&otherwise(answer)).asking(["app/nothing"]);
    let hint = bed.refuses("", "plugin-unavailable").hint.unwrap();
    assert!(hint.contains("91 s"), "{hint}");
}
