//! What `cargo xtask test` builds for the tests: the example plugins, and the tools for new ones.

use std::env;
use std::path::PathBuf;

/// Names the folder that `cargo xtask examples --out DIR` has filled.
const PLUGINS: &str = "SECRET_RUN_EXAMPLE_PLUGINS";
/// Names the folder of tools in there.
const TOOLS: &str = "SECRET_RUN_PLUGIN_TOOLS";

/// The component of an example in `examples/plugins`.
///
/// # Panics
/// When it was not built: a test must not pass because what it tests is not there.
#[must_use]
pub fn example_plugin(name: &str) -> PathBuf {
    below(PLUGINS, &format!("{name}.wasm"))
}

/// The folder of programs that a search path needs before all others, so that a plugin in
/// `language` can be built by its instructions.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn plugin_tools(language: &str) -> PathBuf {
    below(TOOLS, language)
}

fn below(variable: &str, name: &str) -> PathBuf {
    let folder = env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} names no folder: run `cargo xtask test`, which fills it and sets this")
    });
    let path = PathBuf::from(folder).join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask examples`",
        path.display()
    );
    path
}
