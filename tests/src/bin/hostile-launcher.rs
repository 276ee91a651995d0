//! The launcher with a hostile validator instead of its own rules.
//!
//! `HOSTILE` names what the validator does. It has a rule `hex`, so that manifests can name
//! it, and judges `fine` as right.

use std::process::ExitCode;
use std::{env, iter};

use secret_run::main as launch;
use secret_runtime::judge::Judge;
use secret_runtime::plugin::{Limits, PluginError, Validator};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

const CONTRACT: &str = include_str!("../../../wit/validator.wit");

fn main() -> ExitCode {
    launch(Judge::new(hostile))
}

fn hostile() -> Result<Validator, PluginError> {
    let name = env::var("HOSTILE").expect("HOSTILE names what the validator does");
    let limits = Limits {
        // Short, so that the test is. What is shown is that there is an end.
        time: std::time::Duration::from_millis(200),
        ..Limits::default()
    };
    Validator::compile("hostile", &component(&guest(&name)), limits)
}

/// What differs from a harmless validator.
#[derive(Default)]
struct Guest {
    /// Instructions for values other than `fine`, before the value is rejected.
    validate: &'static str,
    /// Instructions of `rules` before it answers.
    rules: &'static str,
    /// Further fields of the module.
    fields: &'static str,
    /// How many rules there are.
    count: usize,
}

fn guest(name: &str) -> Guest {
    let harmless = Guest {
        count: 1,
        ..Guest::default()
    };
    let judges = |validate| Guest {
        validate,
        ..harmless
    };
    match name {
        "harmless" => harmless,
        "loops" => judges("(loop $again (br $again))"),
        "grows" => judges("(drop (memory.grow (i32.const 65000)))"),
        "traps" => judges("unreachable"),
        "recurses" => Guest {
            fields: "(func $deep (param i32) (result i32)
                (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))",
            ..judges("(drop (call $deep (i32.const 0)))")
        },
        // "ad" out of "bad", at 0x100.
        "unknown-code" => judges("(return (call $reject (i32.const 0x101) (i32.const 2)))"),
        "value-as-code" => judges("(return (call $reject (local.get $value) (local.get $length)))"),
        "floods" => judges("(return (call $reject (i32.const 0) (i32.const 0x30000)))"),
        "thousand-rules" => Guest {
            count: 1000,
            ..harmless
        },
        "rules-loop" => Guest {
            rules: "(loop $again (br $again))",
            ..harmless
        },
        "starts-never" => Guest {
            fields: "(func $start (loop $again (br $again))) (start $start)",
            ..harmless
        },
        other => panic!("no hostile validator {other:?}"),
    }
}

/// A core module with the contract's types becomes a component.
fn component(guest: &Guest) -> Vec<u8> {
    let mut module = wat::parse_str(module(guest)).expect("the module is right");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("validator.wit", CONTRACT);
    let package = package.expect("the contract is right");
    let world = resolve.select_world(&[package], Some("validator"));
    let world = world.expect("the contract has this world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .expect("the module takes a section");
    let mut encoder = ComponentEncoder::default();
    let encoded = encoder.module(&module).and_then(ComponentEncoder::encode);
    encoded.expect("the module fits the contract")
}

fn module(guest: &Guest) -> String {
    format!(
        r#"(module
            (memory (export "memory") 4)
            (global $heap (mut i32) (i32.const 0x20000))
            (data (i32.const 0x1000) "{catalogue}")
            (data (i32.const 0x100) "bad")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $given i32)
                (local.set $given (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get $given) (local.get 3)))
                (local.get $given))
            (func $accept (result i32)
                (i32.store8 (i32.const 0x200) (i32.const 0))
                (i32.const 0x200))
            (func $reject (param $code i32) (param $length i32) (result i32)
                (i32.store8 (i32.const 0x200) (i32.const 1))
                (i32.store (i32.const 0x204) (local.get $code))
                (i32.store (i32.const 0x208) (local.get $length))
                (i32.const 0x200))
            (func (export "secret-run:plugin/validation@0.1.0#rules") (result i32)
                {rules} (i32.const 0x1000))
            (func (export "secret-run:plugin/validation@0.1.0#check-parameters")
                (param i32 i32 i32 i32) (result i32)
                (call $accept))
            (func (export "secret-run:plugin/validation@0.1.0#validate")
                (param i32 i32 i32 i32) (param $value i32) (param $length i32) (result i32)
                (if (i32.and
                        (i32.eq (local.get $length) (i32.const 4))
                        (i32.eq (i32.load8_u (local.get $value)) (i32.const 102)))
                    (then (return (call $accept))))
                {validate}
                (call $reject (i32.const 0x100) (i32.const 3)))
            {fields})"#,
        catalogue = catalogue(guest.count),
        rules = guest.rules,
        validate = guest.validate,
        fields = guest.fields,
    )
}

/// The answer of `rules` by the canonical ABI, from address 0x1000 on: address and length of
/// the list, a record of eight words for each rule, the one violation that all of them list,
/// and the texts. All rules have the same name.
fn catalogue(count: usize) -> String {
    let records = 0x1000 + 8;
    let violation = records + count * 32;
    let texts = violation + 24;
    let rule = [texts, 3, texts + 3, 7, 0, 0, violation, 1];
    let words = [records, count]
        .into_iter()
        .chain(iter::repeat_n(rule, count).flatten())
        .chain([texts + 10, 3, texts + 13, 6, texts + 19, 7]);
    let words = words.flat_map(|word| {
        u32::try_from(word)
            .expect("addresses are short")
            .to_le_bytes()
    });
    let texts = b"hexsummarybadis badmend it";
    let bytes = words.chain(texts.iter().copied());
    bytes.map(|byte| format!("\\{byte:02x}")).collect()
}
