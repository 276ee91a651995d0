//! A validator that loops, grows, traps, lies or floods neither hangs the host nor exhausts
//! it, and nothing of what it says about a value is shown.
//!
//! Each test lets a validator misbehave at one value, expects the error that tells what
//! happened, and then has another value judged.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod guest;
#[path = "hostile_validators/misbehaviour.rs"]
mod misbehaviour;

use guest::{CONTRACT, Guest, Rule, check, component, limits, value};
use misbehaviour::{VALUE, assert_fails_once, assert_refused, catalogue, rules};
use secret_runtime::error::Explain;
use secret_runtime::plugin::Validator;

// A harmless one, first: what the others differ from.

#[test]
fn a_harmless_guest_judges_many_values_with_one_instance() {
    let mut validator = Guest::default().compile().unwrap();
    for _ in 0..3 {
        assert_eq!(validator.validate(&check(), &value("fine")), Ok(()));
        let rejection = validator.validate(&check(), &value("?")).unwrap_err();
        assert_eq!(
            rejection.to_string(),
            "the value begins with a question mark"
        );
        assert_eq!(
            rejection.hint().as_deref(),
            Some("Take the question mark away.")
        );
    }
    // The guest taints itself and accepts: the instance stays, and so does its state.
    assert_eq!(validator.validate(&check(), &value(VALUE)), Ok(()));
    assert_eq!(
        validator
            .validate(&check(), &value("fine"))
            .unwrap_err()
            .code(),
        Some("bad")
    );
}

// Time.

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    assert_fails_once(
        &Guest::that("(loop $again (br $again))"),
        "validator-deadline",
    );
}

#[test]
fn an_endless_loop_of_calls_ends_at_the_deadline() {
    let guest = Guest::that("(loop $again (call $nothing) (br $again))").with("(func $nothing)");
    assert_fails_once(&guest, "validator-deadline");
}

#[test]
fn an_endless_cleanup_ends_at_the_deadline() {
    let guest = Guest::default().with(
        r#"(func (export "cabi_post_secret-run:plugin/validation@0.1.0#validate") (param i32)
            (if (global.get $tainted) (then (loop $again (br $again)))))"#,
    );
    assert_fails_once(&guest, "validator-deadline");
}

#[test]
fn an_endless_list_of_rules_ends_at_the_deadline() {
    let guest = rules("(loop $again (br $again)) (i32.const 0)");
    assert_refused(guest.compile(), "validator-deadline");
}

#[test]
fn an_endless_start_ends_at_the_deadline() {
    let guest = Guest::default().with("(func $start (loop $again (br $again))) (start $start)");
    assert_refused(guest.compile(), "validator-deadline");
}

// Memory, tables, stack, parts.

#[test]
fn four_gigabytes_of_memory_are_not_given() {
    let guest = Guest::that("(drop (memory.grow (i32.const 65000)))");
    assert_fails_once(&guest, "validator-memory");
}

#[test]
fn memory_that_grows_page_by_page_ends_at_the_limit() {
    let guest = Guest::that("(loop $again (drop (memory.grow (i32.const 1))) (br $again))");
    assert_fails_once(&guest, "validator-memory");
}

#[test]
fn memory_that_is_too_large_from_the_start_is_not_given() {
    let guest = Guest {
        pages: 2000,
        ..Guest::default()
    };
    assert_refused(guest.compile(), "validator-memory");
}

#[test]
fn a_huge_table_is_not_given() {
    let guest = Guest::that("(drop (table.grow $table (ref.null func) (i32.const 100000000)))")
        .with("(table $table 1 funcref)");
    assert_fails_once(&guest, "validator-tables");
}

#[test]
fn many_tables_are_counted_together() {
    let guest = Guest::default().with(&"(table 50000 funcref)".repeat(3));
    assert_refused(guest.compile(), "validator-tables");
}

#[test]
fn deep_recursion_ends_at_the_end_of_the_stack() {
    let guest = Guest::that("(drop (call $deep (i32.const 0)))").with(
        "(func $deep (param i32) (result i32)
            (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))",
    );
    assert_fails_once(&guest, "validator-stack");
}

#[test]
fn a_component_of_too_many_parts_is_not_started() {
    let parts = "(core instance (instantiate $part))".repeat(200);
    let text = format!(
        r#"(component
            (core module $part (memory 1))
            {parts}
            (instance $nothing)
            (export "secret-run:plugin/validation@0.1.0" (instance $nothing)))"#
    );
    assert_refused(component(&text), "validator-start");
}

// Traps.

#[test]
fn a_guest_that_gives_up_is_a_trap() {
    assert_fails_once(&Guest::that("unreachable"), "validator-trapped");
}

#[test]
fn a_read_outside_its_memory_is_a_trap() {
    let guest = Guest::that("(drop (i32.load (i32.const 0x7fffffff)))");
    assert_fails_once(&guest, "validator-trapped");
}

#[test]
fn a_division_by_zero_is_a_trap() {
    let guest = Guest::that("(drop (i32.div_u (i32.const 1) (i32.const 0)))");
    assert_fails_once(&guest, "validator-trapped");
}

#[test]
fn a_call_of_the_wrong_function_is_a_trap() {
    let guest = Guest::that("(drop (call_indirect (result i64) (i32.const 0)))")
        .with("(table 1 funcref) (elem (i32.const 0) $accept)");
    assert_fails_once(&guest, "validator-trapped");
}

#[test]
fn a_start_that_gives_up_is_a_trap() {
    let guest = Guest::default().with("(func $start unreachable) (start $start)");
    assert_refused(guest.compile(), "validator-trapped");
}

// Lies about a value.

#[test]
fn a_code_that_is_not_listed_is_not_shown() {
    let guest = Guest::that("(return (call $reject (i32.const 0x101) (i32.const 2)))");
    let mut validator = guest.compile().unwrap();
    let rejection = validator.validate(&check(), &value(VALUE)).unwrap_err();
    assert_eq!(rejection.kind(), "validator-unknown-code");
    assert_eq!(
        rejection.to_string(),
        "the validator `hostile` answered with a code that it does not list"
    );
}

#[test]
fn a_value_that_is_passed_off_as_a_code_is_not_shown() {
    let guest = Guest::that("(return (call $reject (local.get $value) (local.get $length)))");
    let mut validator = guest.compile().unwrap();
    let rejection = validator.validate(&check(), &value(VALUE)).unwrap_err();
    assert_eq!(rejection.kind(), "validator-unknown-code");
    assert!(!format!("{rejection} {rejection:?} {:?}", rejection.hint()).contains("horse"));
}

#[test]
fn an_enormous_answer_is_not_copied() {
    let guest = Guest::that("(return (call $reject (i32.const 0) (i32.const 0x30000)))");
    assert_fails_once(&guest, "validator-answer");
}

#[test]
fn an_answer_outside_its_memory_is_refused() {
    let guest = Guest::that("(return (call $reject (i32.const 0x3ffff) (i32.const 9)))");
    assert_fails_once(&guest, "validator-answer");
    let guest = Guest::that("(return (call $reject (i32.const -1) (i32.const -1)))");
    assert_fails_once(&guest, "validator-answer");
    assert_fails_once(&Guest::that("(return (i32.const -4))"), "validator-answer");
}

#[test]
fn an_answer_that_is_no_text_is_refused() {
    let guest = Guest::that("(return (call $reject (i32.const 0x300) (i32.const 1)))")
        .with(r#"(data (i32.const 0x300) "\ff")"#);
    assert_fails_once(&guest, "validator-answer");
}

#[test]
fn an_answer_that_is_neither_yes_nor_no_is_refused() {
    let guest =
        Guest::that("(i32.store8 (i32.const 0x200) (i32.const 7)) (return (i32.const 0x200))");
    assert_fails_once(&guest, "validator-answer");
}

// Lies about rules.

#[test]
fn a_thousand_rules_are_refused() {
    let rule = |index| Rule {
        name: format!("rule-{index}"),
        ..Rule::default()
    };
    let guest = Guest {
        catalogue: (0..1000).map(rule).collect(),
        ..Guest::default()
    };
    let error = assert_refused(guest.compile(), "validator-catalog");
    assert_eq!(
        error.to_string(),
        "the list of rules of the validator `hostile` has a list that is too long"
    );
}

#[test]
fn a_list_that_is_longer_than_the_memory_is_refused() {
    let guest = rules("(i32.store (i32.const 0x1004) (i32.const -1)) (i32.const 0x1000)");
    assert_refused(guest.compile(), "validator-answer");
}

#[test]
fn one_long_text_in_many_places_is_not_copied_many_times() {
    let rule = |index| Rule {
        name: format!("rule-{index}"),
        summary: "x".repeat(0x8000),
        ..Rule::default()
    };
    let guest = Guest {
        catalogue: (0..200).map(rule).collect(),
        ..Guest::default()
    };
    assert_refused(guest.compile(), "validator-answer");
}

#[test]
fn texts_are_cleaned_of_what_a_terminal_would_obey() {
    let guest = catalogue(Rule {
        summary: "red \x1b[31mrules\x07".to_owned(),
        message: "is\r\n\u{202e}backwards\u{9b}2J".to_owned(),
        hint: "x".repeat(5000),
        ..Rule::default()
    });
    let validator = guest.compile().unwrap();
    let rule = validator.catalog().rule("any").unwrap();
    assert_eq!(rule.summary, "red  [31mrules ");
    assert_eq!(rule.violations[0].message, "is   backwards 2J");
    assert_eq!(rule.violations[0].hint.chars().count(), 400);
}

#[test]
fn names_and_codes_that_are_no_words_are_refused() {
    for name in ["", "Any", "a b", "a\x1b[31m", "a\u{202e}", "-", "any-"] {
        let named = Rule {
            name: name.to_owned(),
            ..Rule::default()
        };
        assert_refused(catalogue(named).compile(), "validator-catalog");
        let coded = Rule {
            code: name.to_owned(),
            ..Rule::default()
        };
        assert_refused(catalogue(coded).compile(), "validator-catalog");
    }
}

#[test]
fn two_rules_of_one_name_are_refused() {
    let guest = Guest {
        catalogue: vec![Rule::default(); 2],
        ..Guest::default()
    };
    assert_refused(guest.compile(), "validator-catalog");
}

// What is no validator.

#[test]
fn a_component_that_imports_anything_is_refused() {
    let text = r#"(component
        (import "wasi:cli/environment@0.2.0" (instance
            (export "get-environment" (func (result (list (tuple string string))))))))"#;
    let error = assert_refused(component(text), "validator-imports");
    assert_eq!(
        error.to_string(),
        "the validator `hostile` imports `wasi:cli/environment@0.2.0`, and a validator may import nothing"
    );
}

#[test]
fn a_component_of_another_world_is_refused() {
    assert_refused(component("(component)"), "validator-world");
}

#[test]
fn a_component_of_another_version_is_refused() {
    let guest = Guest {
        wit: CONTRACT.replace("@0.1.0", "@0.2.0"),
        ..Guest::default()
    };
    assert_refused(guest.compile(), "validator-world");
}

#[test]
fn a_function_of_other_types_is_refused() {
    let wit = CONTRACT.replace("rules: func() -> list<rule>", "rules: func() -> u32");
    assert_refused(
        Guest {
            wit,
            ..Guest::default()
        }
        .compile(),
        "validator-world",
    );
    let wit = CONTRACT.replace("code: string,", "sign: string,");
    assert_refused(
        Guest {
            wit,
            ..Guest::default()
        }
        .compile(),
        "validator-world",
    );
}

#[test]
fn what_is_no_component_is_refused() {
    let module = wat::parse_str("(module)").unwrap();
    let component = wat::parse_str("(component (core module))").unwrap();
    let broken = &component[..component.len() - 1];
    for bytes in [&b""[..], b"hello", b"\x7fELF\x02\x01\x01", &module, broken] {
        let result = Validator::compile("hostile", bytes, limits());
        assert_refused(result, "validator-not-a-component");
    }
}

#[test]
fn proposals_that_no_validator_needs_are_refused() {
    for fields in [
        "(func (drop (i32x4.relaxed_trunc_f32x4_s (v128.const i32x4 0 0 0 0))))",
        "(memory 1 1 shared)",
        "(memory i64 1)",
        "(tag (param i32))",
        "(type (struct (field i32)))",
        "(func $tail (return_call $tail))",
    ] {
        let text = format!("(component (core module {fields}))");
        assert_refused(component(&text), "validator-not-a-component");
    }
}

#[test]
fn a_run_waits_for_one_deadline_and_not_for_one_a_value() {
    use secret_runtime::judge::{Judge, Verdict};

    // It spends its time at the first value only, and would accept all others.
    let mut judge = Judge::new(|| Guest::that("(loop $again (br $again))").compile());
    let verdict = judge.validate(&check(), &value(VALUE)).unwrap_err();
    assert_eq!(verdict.kind(), "validator-deadline");
    let verdict = judge.validate(&check(), &value("fine")).unwrap_err();
    assert!(matches!(verdict, Verdict::Rejected(_)));
    assert_eq!(verdict.kind(), "validator-deadline");
    assert!(judge.check_parameters(&check()).is_err());
}
