//! The projects of `secret-run plugin new`, as they are in this binary: the examples of
//! `examples/plugins`, with another name.

use super::new::{Kind, Language};

/// A project to begin with.
#[derive(Debug)]
pub(super) struct Template {
    /// What the example is called.
    name: &'static str,
    /// Path and text of each file of the example.
    files: &'static [(&'static str, &'static str)],
    /// The contract.
    wit: (&'static str, &'static str),
    /// The commands that install what building takes.
    pub(super) install: &'static [&'static str],
    /// The options that `plugin test` wants for it as it stands.
    pub(super) test: &'static [&'static str],
}

impl Template {
    /// How many files there are.
    pub(super) const fn len(&self) -> usize {
        self.files.len() + 1
    }

    /// Path and text of each file of a project of this name.
    pub(super) fn project(&self, name: &str) -> impl Iterator<Item = (&'static str, String)> {
        let files = self.files.iter().chain([&self.wit]);
        files.map(move |(path, text)| (*path, text.replace(self.name, name)))
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
        (Kind::Validator, Language::C) => Some(&C_VALIDATOR),
        (Kind::Validator, Language::Javascript) => Some(&JAVASCRIPT_VALIDATOR),
        (Kind::Validator, Language::Python) => Some(&PYTHON_VALIDATOR),
        (Kind::Validator, Language::Go) => None,
    }
}

/// The files at these paths in a folder of `examples/plugins`.
macro_rules! files {
    ($folder:literal: $($path:literal),+ $(,)?) => {
        &[$((
            $path,
            include_str!(concat!("../../../../examples/plugins/", $folder, "/", $path)),
        )),+]
    };
}

const BACKEND: &str = "http-json";
const BACKEND_WIT: (&str, &str) = (
    "wit/backend.wit",
    include_str!("../../../../wit/backend.wit"),
);
const VALIDATOR: &str = "licence-rules";
const VALIDATOR_WIT: (&str, &str) = (
    "wit/validator.wit",
    include_str!("../../../../wit/validator.wit"),
);

/// What stands in [`BACKEND_TEST`] for the address of the author's API.
pub(super) const PLACEHOLDER: &str = "http://127.0.0.1:8000";
const BACKEND_TEST: &[&str] = &[
    "--setting address=http://127.0.0.1:8000",
    "--allow-http http://127.0.0.1:8000 --allow-private",
    "--reference app/first --reference app/second --missing app/nothing",
];

static RUST: Template = Template {
    name: BACKEND,
    files: files!("rust": ".gitignore", "Cargo.toml", "README.md", "build.sh", "src/lib.rs"),
    wit: BACKEND_WIT,
    install: &[
        "rustup target add wasm32-unknown-unknown",
        "cargo install --locked wasm-tools@1.263.0",
    ],
    test: BACKEND_TEST,
};

static RUST_VALIDATOR: Template = Template {
    name: VALIDATOR,
    files: files!(
        "rust-validator": ".gitignore", "Cargo.toml", "README.md", "build.sh", "src/lib.rs"
    ),
    wit: VALIDATOR_WIT,
    install: RUST.install,
    test: &[],
};

static C: Template = Template {
    name: BACKEND,
    files: files!("c": ".gitignore", "README.md", "backend.c", "build.sh"),
    wit: BACKEND_WIT,
    install: &[
        "apt-get install clang lld wasi-libc libclang-rt-dev-wasm32",
        "cargo install --locked wit-bindgen-cli@0.61.1 wasm-tools@1.263.0",
    ],
    test: BACKEND_TEST,
};

static C_VALIDATOR: Template = Template {
    name: VALIDATOR,
    files: files!("c-validator": ".gitignore", "README.md", "build.sh", "rules.c"),
    wit: VALIDATOR_WIT,
    install: C.install,
    test: &[],
};

static JAVASCRIPT: Template = Template {
    name: BACKEND,
    files: files!("javascript": ".gitignore", "README.md", "backend.js", "build.sh", "package.json"),
    wit: BACKEND_WIT,
    install: &["npm install"],
    test: BACKEND_TEST,
};

static JAVASCRIPT_VALIDATOR: Template = Template {
    name: VALIDATOR,
    files: files!(
        "javascript-validator": ".gitignore", "README.md", "build.sh", "package.json",
        "validator.js"
    ),
    wit: VALIDATOR_WIT,
    install: JAVASCRIPT.install,
    test: &[],
};

static PYTHON: Template = Template {
    name: BACKEND,
    files: files!("python": ".gitignore", "README.md", "app.py", "build.sh", "requirements.txt"),
    wit: BACKEND_WIT,
    install: &[
        "python3 -m venv .venv",
        ". .venv/bin/activate",
        "pip install -r requirements.txt",
    ],
    test: BACKEND_TEST,
};

static PYTHON_VALIDATOR: Template = Template {
    name: VALIDATOR,
    files: files!(
        "python-validator": ".gitignore", "README.md", "app.py", "build.sh", "requirements.txt"
    ),
    wit: VALIDATOR_WIT,
    install: PYTHON.install,
    test: &[],
};

static GO: Template = Template {
    name: BACKEND,
    files: files!(
        "go": ".gitignore", "README.md", "build.sh", "go.mod", "go.sum",
        "export_secret_run_plugin_backend/backend.go"
    ),
    wit: BACKEND_WIT,
    install: &[
        "cargo install --locked wit-bindgen-cli@0.61.1 wasm-tools@1.263.0",
        // What Go calls of the first WASI, made of what the second has.
        "curl -fLO https://github.com/bytecodealliance/wasmtime/releases/download/v48.0.8/\
         wasi_snapshot_preview1.reactor.wasm",
    ],
    test: BACKEND_TEST,
};

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use clap::ValueEnum;

    use super::*;

    fn all() -> impl Iterator<Item = (Language, Kind, &'static Template)> {
        let kinds = Kind::value_variants();
        let pairs = kinds
            .iter()
            .flat_map(|kind| Language::value_variants().iter().map(|lang| (*lang, *kind)));
        pairs.filter_map(|(lang, kind)| Some((lang, kind, template(lang, kind)?)))
    }

    #[test]
    fn a_project_has_no_other_name_than_its_own() {
        for (lang, kind, template) in all() {
            for (path, text) in template.project("acme-vault") {
                assert!(!text.contains(template.name), "{lang:?} {kind:?} {path}");
            }
        }
    }

    #[test]
    fn the_readme_has_the_same_commands_as_the_terminal() {
        for (lang, kind, template) in all() {
            let (_, readme) = template
                .project("acme-vault")
                .find(|(path, _)| *path == "README.md")
                .unwrap();
            for text in template.install.iter().chain(template.test) {
                assert!(readme.contains(text), "{lang:?} {kind:?}: {text}");
            }
        }
    }

    #[test]
    fn there_is_a_backend_in_every_language() {
        for lang in Language::value_variants() {
            assert!(template(*lang, Kind::Backend).is_some(), "{lang:?}");
        }
    }
}
