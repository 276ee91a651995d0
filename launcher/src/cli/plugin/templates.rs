//! The files of `secret-run plugin new`, as they are in this binary. `{{name}}` in them stands
//! for the name of the plugin.

use super::new::{Kind, Language};

/// A project to begin with.
#[derive(Debug)]
pub(super) struct Template {
    /// Path and text of each file.
    files: &'static [(&'static str, &'static str)],
    /// The contract.
    wit: (&'static str, &'static str),
    /// The commands that install what building takes.
    pub(super) install: &'static [&'static str],
    /// The options that `plugin test` wants for it as it stands.
    pub(super) test: &'static str,
}

impl Template {
    /// The files and the contract.
    pub(super) fn all_files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.files.iter().copied().chain([self.wit])
    }
}

/// The project in a language, if there is one of that kind.
pub(super) const fn template(language: Language, kind: Kind) -> Option<&'static Template> {
    match (kind, language) {
        (Kind::Backend, Language::Rust) => Some(&RUST),
        (Kind::Backend, Language::C) => Some(&C),
        (Kind::Backend, Language::Javascript) => Some(&JAVASCRIPT),
        (Kind::Backend, Language::Python) => Some(&PYTHON),
        (Kind::Backend, Language::Go) => Some(&GO),
        (Kind::Validator, Language::Rust) => Some(&RUST_VALIDATOR),
        (Kind::Validator, _) => None,
    }
}

/// The file at a path in a folder of `templates`.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../templates/", $folder, "/", $path)))),+]
    };
}

const BACKEND_WIT: (&str, &str) = (
    "wit/backend.wit",
    include_str!("../../../../wit/backend.wit"),
);
const VALIDATOR_WIT: (&str, &str) = (
    "wit/validator.wit",
    include_str!("../../../../wit/validator.wit"),
);

const TEST: &str = " --setting address=https://api.example.com \
                    --allow-http https://api.example.com --reference app/first \
                    --reference app/second --missing app/nothing";

static RUST: Template = Template {
    files: files!("rust": ".gitignore", "Cargo.toml", "README.md", "build.sh", "src/lib.rs"),
    wit: BACKEND_WIT,
    install: &[
        "rustup target add wasm32-unknown-unknown",
        "cargo install --locked wasm-tools",
    ],
    test: TEST,
};

static RUST_VALIDATOR: Template = Template {
    files: files!(
        "rust-validator": ".gitignore", "Cargo.toml", "README.md", "build.sh", "src/lib.rs"
    ),
    wit: VALIDATOR_WIT,
    install: RUST.install,
    test: "",
};

static C: Template = Template {
    files: files!("c": ".gitignore", "README.md", "backend.c", "build.sh"),
    wit: BACKEND_WIT,
    install: &[
        "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32",
        "cargo install --locked wit-bindgen-cli@0.61.0 wasm-tools",
    ],
    test: TEST,
};

static JAVASCRIPT: Template = Template {
    files: files!("javascript": ".gitignore", "README.md", "backend.js", "build.sh", "package.json"),
    wit: BACKEND_WIT,
    install: &["npm install"],
    test: TEST,
};

static PYTHON: Template = Template {
    files: files!("python": ".gitignore", "README.md", "app.py", "build.sh", "requirements.txt"),
    wit: BACKEND_WIT,
    install: &[
        "python3 -m venv .venv",
        ". .venv/bin/activate",
        "pip install -r requirements.txt",
    ],
    test: TEST,
};

static GO: Template = Template {
    files: files!(
        "go": ".gitignore", "README.md", "build.sh", "go.mod", "go.sum",
        "export_secret_run_plugin_backend/backend.go"
    ),
    wit: BACKEND_WIT,
    // The adapter comes with wasmtime's releases; build.sh says so if it is not there.
    install: &["cargo install --locked wit-bindgen-cli@0.61.0 wasm-tools"],
    test: TEST,
};
