//! The launcher with a hostile validator instead of its own rules.
//!
//! `HOSTILE` names what the validator does to values that begin with `!`. It has a rule
//! `hex`, so that manifests can name it, and otherwise judges as the guests of the
//! runtime's own tests do, which it is made of.

#![expect(clippy::unwrap_used, reason = "the guests are made for tests")]

use std::env;

use secret_run::ExitCode;
use secret_runtime::judge::Judge;
use secret_runtime::plugin::{PluginError, Validator};

#[expect(dead_code, reason = "the tests of the runtime use more of it")]
#[path = "../../../runtime/tests/guest/mod.rs"]
mod guest;

use guest::{Guest, Rule};

fn main() -> ExitCode {
    secret_run::main(Judge::new(hostile))
}

fn hostile() -> Result<Validator, PluginError> {
    let name = env::var("HOSTILE").expect("HOSTILE names what the validator does");
    let mut guest = of_kind(&name);
    for rule in &mut guest.catalogue {
        "hex".clone_into(&mut rule.name);
    }
    // Watched as the launcher watches its own.
    guest
        .compile()
        .map(|validator| validator.with_alarm(secret_run::alarm::timer))
}

fn of_kind(name: &str) -> Guest {
    match name {
        "harmless" => Guest::default(),
        "loops" => Guest::that("(loop $again (br $again))"),
        "grows" => Guest::that("(drop (memory.grow (i32.const 65000))) unreachable"),
        "traps" => Guest::that("unreachable"),
        "recurses" => Guest::that("(drop (call $deep (i32.const 0)))").with(
            "(func $deep (param i32) (result i32)
                (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))",
        ),
        // "ad" out of "bad", at 0x100.
        "unknown-code" => Guest::that("(return (call $reject (i32.const 0x101) (i32.const 2)))"),
        "value-as-code" => {
            Guest::that("(return (call $reject (local.get $value) (local.get $length)))")
        }
        "floods" => Guest::that("(return (call $reject (i32.const 0) (i32.const 0x30000)))"),
        "thousand-rules" => Guest {
            catalogue: vec![Rule::default(); 1000],
            ..Guest::default()
        },
        "rules-loop" => Guest {
            rules: "(loop $again (br $again)) (i32.const 0)".to_owned(),
            ..Guest::default()
        },
        "starts-never" => {
            Guest::default().with("(func $start (loop $again (br $again))) (start $start)")
        }
        other => panic!("no hostile validator {other:?}"),
    }
}
