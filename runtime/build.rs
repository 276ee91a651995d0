//! Makes the standard component part of the library.
//!
//! Checks the committed component against its pinned digest, compiles it ahead of time for
//! the target's baseline CPU, and asks it for its rules, so that at run time the rules are
//! known without WebAssembly and the component runs without a compiler.
//!
//! Reads `plugins/dist/`; writes `standard.cwasm` and `standard.rs` to `OUT_DIR`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use sha2::{Digest, Sha256};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

#[path = "src/plugin/answer.rs"]
mod answer;
#[path = "src/plugin/compatibility.rs"]
mod compatibility;
#[path = "src/plugin/engine.rs"]
mod engine;
#[expect(dead_code, reason = "the library needs the names of other worlds, too")]
#[path = "src/plugin/interface.rs"]
mod interface;

type Result<T, E = Box<dyn Error>> = std::result::Result<T, E>;

/// The component, by its name in `digests.toml`.
const NAME: &str = "standard";

fn main() -> ExitCode {
    let Err(error) = make() else {
        return ExitCode::SUCCESS;
    };
    for line in error.to_string().lines() {
        println!("cargo::error={line}");
    }
    ExitCode::FAILURE
}

fn make() -> Result<()> {
    // Asked at run time: cargo may share one built script among several checkouts.
    let crate_root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let dist = crate_root.join("../plugins/dist");
    let (wasm, digest) = pinned(&dist)?;
    let (artifact, rules) = compile(&wasm)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("standard.cwasm"), &artifact)?;
    fs::write(
        out.join("standard.rs"),
        source(&digest, artifact.len(), &rules)?,
    )?;
    let target = env::var("TARGET")?;
    println!("cargo::rustc-env=SECRET_RUN_TARGET={target}");
    println!(
        "cargo::rustc-env=SECRET_RUN_PLUGIN_ENGINE={}",
        plugin_engine(&target)?
    );
    println!("cargo::rerun-if-changed=build.rs");
    for file in ["answer", "compatibility", "engine", "interface"] {
        println!("cargo::rerun-if-changed=src/plugin/{file}.rs");
    }
    Ok(())
}

/// The bytes of the component and their digest, if it is the one that is pinned.
fn pinned(dist: &Path) -> Result<(Vec<u8>, String)> {
    let digest = |bytes: &[u8]| format!("{:x}", Sha256::digest(bytes));
    let wasm = dist.join(NAME).with_extension("wasm");
    let digests = dist.join("digests.toml");
    for file in [&wasm, &digests] {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let read = |file: &Path| {
        fs::read(file).map_err(|error| format!("failed to read {}: {error}", file.display()))
    };
    let pins: toml::Table = String::from_utf8(read(&digests)?)?.parse()?;
    let pin = pins
        .get(NAME)
        .and_then(|component| component.get("sha256"))
        .and_then(toml::Value::as_str)
        .ok_or_else(|| format!("{} has no `sha256` for [{NAME}]", digests.display()))?;
    let bytes = read(&wasm)?;
    let found = digest(&bytes);
    if found != pin {
        return Err(format!(
            "{} is not the component that digests.toml pins:\n  pinned {pin}\n  found  {found}\n\
             If it was rebuilt on purpose, `cargo xtask plugins` writes both files.",
            wasm.display(),
        )
        .into());
    }
    Ok((bytes, found))
}

/// The code for the target, and what the component answers about its rules.
fn compile(wasm: &[u8]) -> Result<(Vec<u8>, Vec<answer::Rule>)> {
    let (host, target) = (env::var("HOST")?, env::var("TARGET")?);
    let component = Component::new(&compiler(&host)?, wasm)?;
    let artifact = if target == host {
        component.serialize()?
    } else {
        compiler(&target)?.precompile_component(wasm)?
    };
    Ok((artifact, rules(&component)?))
}

/// Names what artifacts of plugins are compiled for, so that a library without a compiler
/// finds those that fit it.
fn plugin_engine(target: &str) -> Result<String> {
    let engine = engine::config(engine::Guests::Plugins, Some(target));
    let engine = engine.and_then(|config| Engine::new(&config));
    let engine =
        engine.map_err(|error| format!("no WebAssembly compiler for {target}: {error:#}"))?;
    Ok(compatibility::compatibility(&engine))
}

fn compiler(target: &str) -> Result<Engine> {
    let engine = engine::config(engine::Guests::Standard, Some(target));
    let engine = engine.and_then(|config| Engine::new(&config));
    engine.map_err(|error| {
        let hint = "there is one for x86-64 and one for aarch64";
        format!("no WebAssembly compiler for {target}: {error:#}\n({hint})").into()
    })
}

fn rules(component: &Component) -> Result<Vec<answer::Rule>> {
    let mut store = Store::new(component.engine(), ());
    store.set_epoch_deadline(1);
    let instance = Linker::new(component.engine()).instantiate(&mut store, component)?;
    let function = instance
        .get_export_index(&mut store, None, interface::VALIDATION)
        .and_then(|interface| {
            instance.get_export_index(&mut store, Some(&interface), answer::RULES)
        })
        .ok_or_else(|| format!("the component does not export `{}`", interface::VALIDATION))?;
    let function = instance.get_typed_func::<(), answer::Rules>(&mut store, function)?;
    let (rules,) = function.call(&mut store, ())?;
    Ok(rules)
}

/// The Rust source that `src/plugin/artifact.rs` includes.
fn source(digest: &str, length: usize, rules: &[answer::Rule]) -> Result<String> {
    let mut out = String::new();
    writeln!(
        out,
        "/// SHA-256 of the standard component, in hexadecimal."
    )?;
    writeln!(out, "pub const STANDARD_DIGEST: &str = {digest:?};")?;
    writeln!(out, "/// The compiled component.")?;
    writeln!(out, "const ARTIFACT: &[u8; {length}] =")?;
    writeln!(
        out,
        "    include_bytes!(concat!(env!(\"OUT_DIR\"), \"/standard.cwasm\"));"
    )?;
    writeln!(out, "/// Its rules.")?;
    writeln!(
        out,
        "static CATALOG: Catalog = Catalog::from_static(&{});",
        list(rules, rule)
    )?;
    Ok(out)
}

fn rule(rule: &answer::Rule) -> String {
    format!(
        "crate::rule::RuleSpec {{ name: {}, summary: {}, parameters: {}, violations: {} }}",
        text(&rule.name),
        text(&rule.summary),
        borrowed(&rule.parameters, parameter),
        borrowed(&rule.violations, violation),
    )
}

fn parameter(parameter: &answer::ParameterSpec) -> String {
    format!(
        "crate::rule::ParameterSpec {{ name: {}, summary: {}, \
         kind: crate::rule::ParameterKind::{:?}, required: {}, choices: {} }}",
        text(&parameter.name),
        text(&parameter.summary),
        parameter.kind,
        parameter.required,
        borrowed(&parameter.choices, |choice| text(choice)),
    )
}

fn violation(violation: &answer::Violation) -> String {
    format!(
        "crate::rule::ViolationSpec {{ code: {}, message: {}, hint: {} }}",
        text(&violation.code),
        text(&violation.message),
        text(&violation.hint),
    )
}

fn text(text: &str) -> String {
    format!("::std::borrow::Cow::Borrowed({text:?})")
}

fn borrowed<T>(items: &[T], source: impl Fn(&T) -> String) -> String {
    format!("::std::borrow::Cow::Borrowed(&{})", list(items, source))
}

fn list<T>(items: &[T], source: impl Fn(&T) -> String) -> String {
    let items: Vec<_> = items.iter().map(source).collect();
    format!("[{}]", items.join(", "))
}
