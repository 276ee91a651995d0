//! A backend of a few instructions.

use std::fs;

use secret_run_tests::repository;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A backend that answers nothing. It needs an origin, and a setting if it is asked to.
pub(crate) fn backend(origin: &str, setting: bool) -> Vec<u8> {
    backend_of(&backend_module(origin, setting))
}

/// A backend that does not even say what it needs.
pub(crate) fn trapping_backend(origin: &str) -> Vec<u8> {
    let module = backend_module(origin, false);
    let about = "(result i32)\n                (i32.const 0x100))";
    assert!(module.contains(about), "{module}");
    backend_of(&module.replace(about, "(result i32) (unreachable))"))
}

/// A backend that computes without an end when it is asked for something.
pub(crate) fn endless_backend(origin: &str) -> Vec<u8> {
    let module = backend_module(origin, false);
    let answer = "(result i32)\n                (i32.const 0x600))";
    assert!(module.contains(answer), "{module}");
    backend_of(&module.replace(answer, "(result i32) (loop (br 0)) (unreachable))"))
}

fn backend_of(module: &str) -> Vec<u8> {
    let contract = fs::read_to_string(repository("wit/backend.wit")).expect("the contract");
    let mut module = wat::parse_str(module).expect("the text is right");
    let mut resolve = Resolve::default();
    let package = resolve.push_str("contract.wit", &contract);
    let package = package.expect("the contract is right");
    let world = resolve.select_world(&[package], Some("backend-only"));
    let world = world.expect("the contract has this world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .expect("a module takes metadata");
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&module).expect("the module fits the world");
    encoder
        .encode()
        .expect("the module is as the contract wants it")
}

/// The profile stands at 0x100, its settings at 0x200, its origins at 0x300, the texts behind.
fn backend_module(origin: &str, setting: bool) -> String {
    let text = |at: usize, text: &str| (at, text.len());
    let (summary, name) = (text(0x400, "Keys of a test."), text(0x440, "project"));
    let (meaning, purpose) = (text(0x480, "which project"), text(0x4c0, "to read keys"));
    let words = |words: &[usize]| -> String {
        let bytes = words
            .iter()
            .flat_map(|word| u32::try_from(*word).expect("small").to_le_bytes());
        bytes.map(|byte| format!("\\{byte:02x}")).collect()
    };
    let settings = usize::from(setting);
    format!(
        r#"(module
            (import "secret-run:plugin/http@0.1.0" "send"
                (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
            (import "secret-run:plugin/settings@0.1.0" "get" (func (param i32 i32 i32)))
            (memory (export "memory") 1)
            (global $heap (mut i32) (i32.const 0x2000))
            (data (i32.const 0x100) "{profile}")
            (data (i32.const 0x200) "{setting}")
            (data (i32.const 0x300) "{origin_spec}")
            (data (i32.const 0x400) "Keys of a test.")
            (data (i32.const 0x440) "project")
            (data (i32.const 0x480) "which project")
            (data (i32.const 0x4c0) "to read keys")
            (data (i32.const 0x500) "{origin}")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $given i32)
                (local.set $given
                    (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                (global.set $heap (i32.add (local.get $given) (local.get 3)))
                (local.get $given))
            (func (export "secret-run:plugin/backend@0.1.0#about") (result i32)
                (i32.const 0x100))
            (func (export "secret-run:plugin/backend@0.1.0#fetch") (param i32 i32) (result i32)
                (i32.const 0x600)))"#,
        profile = words(&[summary.0, summary.1, 0x200, settings, 0x300, 1]),
        setting = words(&[name.0, name.1, meaning.0, meaning.1, 1, 0, 0, 0]),
        origin_spec = words(&[0x500, origin.len(), purpose.0, purpose.1, 1]),
    )
}
