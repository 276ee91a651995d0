//! The binaries under test.

use std::env;
use std::path::PathBuf;

/// Names the folder of the binaries where they don't lie beside the test: in a run on
/// binaries of another build, or of another target folder.
pub const FOLDER_VARIABLE: &str = "SECRET_RUN_TEST_BIN_DIR";

/// The file of a binary that cargo built beside this test, or that [`FOLDER_VARIABLE`] names.
///
/// # Panics
/// When it is not there: a test must not pass because what it tests was never built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let file = folder().join(name);
    assert!(
        file.is_file(),
        "{} is missing: run `cargo build -p secret-run -p api-gateway -p rust-app` or `cargo xtask test`",
        file.display(),
    );
    file
}

fn folder() -> PathBuf {
    if let Some(folder) = env::var_os(FOLDER_VARIABLE) {
        return PathBuf::from(folder);
    }
    let test = env::current_exe().expect("a running program has a file");
    // target/debug/deps/<test> lies two folders below target/debug/<binary>'s.
    let folder = test.ancestors().nth(2).expect("cargo puts tests into deps");
    folder.to_owned()
}

/// The file of a server that `cargo xtask test` built from `tests/servers` or found, if it did.
#[must_use]
pub fn built_server(name: &str) -> Option<PathBuf> {
    let program = env::current_exe().expect("a running program has a file");
    // Tests lie a folder deeper below that of cargo than programs do.
    let mut folders = program.ancestors().skip(1);
    folders.find_map(|folder| {
        let file = folder.join("test-servers").join(name);
        file.is_file().then_some(file)
    })
}
