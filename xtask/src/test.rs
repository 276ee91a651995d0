//! `cargo xtask test`: everything that tests need, then all tests.
//!
//! The black-box tests come after the others, on binaries built for them: a test run with
//! all features builds launchers that no user starts.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::setup::{self, Program};
use crate::workspace::{cargo, run as execute, target_dir};
use crate::{examples, plugins, servers};

/// What tests and benches call besides what cargo builds.
const PROGRAMS: [Program; 12] = [
    Program::of_its_name("strace"),
    // What signals and ends are compared with, and a terminal to send keys from.
    Program::of_its_name("tini"),
    Program::of("bsdutils", "script"),
    // A network of its own for a test.
    Program::of("iproute2", "ip"),
    Program::of_its_name("hyperfine"),
    // The registry that components are pulled from, and the certificate that it shows.
    Program::of_its_name("docker-registry"),
    Program::of_its_name("openssl"),
    // Signs components.
    Program::of_its_name("minisign"),
    // The examples that put secrets into AWS and Vault read the plan with it.
    Program::of_its_name("jq"),
    // A pipeline of the guide for Vault asks for its token with it.
    Program::of_its_name("curl"),
    // A backend that a plugin reads from.
    Program::of("etcd-server", "etcd"),
    // Reads metrics and holds the example alerts to their tests.
    Program::of("prometheus", "promtool"),
];

/// The crate that treats the launcher as a black box.
const BLACK_BOX: &str = "secret-run-tests";

#[derive(clap::Args)]
pub struct Options {
    /// Install programs, build components and binaries, but run no test.
    #[arg(long)]
    setup_only: bool,
}

pub fn run(options: Options) -> Result<()> {
    setup::programs(&PROGRAMS)?;
    let components = target_dir().join("fresh-components");
    plugins::build(&components).context("failed to build the components")?;
    let examples = examples::default_folder();
    examples::build(&examples, &[]).context("failed to build the example plugins")?;
    servers::build().context("failed to build the servers that plugins are tested against")?;
    if options.setup_only {
        return build_binaries();
    }

    // Every step runs, so that one run shows all that is broken.
    let steps = [
        ("libraries and tools", libraries()),
        (
            "black box",
            build_binaries().and_then(|()| black_box(&examples)),
        ),
        (
            "rules, fresh component",
            rules(&components.join("standard.wasm")),
        ),
        ("plugins, natively", native_plugins()),
    ];
    let failures = steps
        .into_iter()
        .filter_map(|(name, result)| Some((name, result.err()?)));
    let failures: Vec<_> = failures
        .map(|(name, error)| format!("{name}: {error:#}"))
        .collect();
    if !failures.is_empty() {
        bail!("tests failed\n  {}", failures.join("\n  "));
    }
    eprintln!("\nall tests passed");
    Ok(())
}

fn libraries() -> Result<()> {
    let exclude = ["--workspace", "--exclude", BLACK_BOX];
    let features = ["--features", "secret-runtime/compile,secret-run/otlp"];
    execute(
        cargo("")
            .args(["test", "--no-fail-fast"])
            .args(exclude)
            .args(features),
    )
}

fn build_binaries() -> Result<()> {
    // First the one without a compiler, out of the way of the other, which has the same name.
    let lean = ["build", "--package", "secret-run", "--no-default-features"];
    execute(cargo("").args(lean))?;
    let debug = target_dir().join("debug");
    let copy = debug.join("secret-run-without-compiler");
    fs::copy(debug.join("secret-run"), &copy)
        .with_context(|| format!("failed to write {}", copy.display()))?;
    execute(cargo("").args([
        "build",
        "--package",
        "secret-run",
        "--package",
        "api-gateway",
        "--package",
        "rust-app",
    ]))
}

/// `components` is the folder of the example plugins, which some of the tests run, and of the tools
/// that they were built with, by which others build new ones.
fn black_box(components: &Path) -> Result<()> {
    let mut cargo = cargo("");
    cargo.env("SECRET_RUN_EXAMPLE_PLUGINS", components);
    cargo.env(
        "SECRET_RUN_PLUGIN_TOOLS",
        examples::tools_folder(components),
    );
    execute(cargo.args(["test", "--no-fail-fast", "--package", BLACK_BOX]))
}

/// The rules once more, on a component that was built from the sources a moment ago instead
/// of the one that is committed.
fn rules(component: &Path) -> Result<()> {
    let mut cargo = cargo("");
    cargo.env("SECRET_RUN_STANDARD_WASM", component);
    cargo.args(["test", "--no-fail-fast", "--package", "secret-runtime"]);
    execute(cargo.args(["--features", "compile", "--test", "standard_rules"]))
}

fn native_plugins() -> Result<()> {
    let mut cargo = cargo("plugins");
    // The guest crates have a lock file and profiles of their own.
    cargo.env("CARGO_TARGET_DIR", target_dir().join("plugins"));
    execute(cargo.args(["test", "--no-fail-fast", "--workspace"]))
}
