//! `secret-run plugin new`: a project to begin with, in the language of the author.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use secret_runtime::error::{Explain, Problem, Problems};
use thiserror::Error;

use super::templates::{PLACEHOLDER, Template, template};
use crate::cli::print;
use crate::exit::ExitCode;

/// Names become those of files and packages.
const LONGEST_NAME: usize = 64;

/// Begin a plugin: a project that builds, with the contract of this version.
#[derive(Debug, Args)]
pub(super) struct New {
    /// What it is called: lower-case words joined by `-`.
    name: String,
    /// The language that it is written in.
    #[arg(long, value_enum)]
    lang: Language,
    /// What it does: secrets come from a backend, a validator judges them.
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// The folder to write to [default: one of its name, in the working directory].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    Rust,
    C,
    Javascript,
    Python,
    Go,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Kind {
    #[default]
    Backend,
    Validator,
}

#[derive(Debug, Error)]
enum NewError {
    #[error("`{name}` is no name of a plugin")]
    Name { name: String },
    #[error("there is no validator to begin with in this language")]
    NoTemplate,
    #[error("{} is there already", .path.display())]
    Exists { path: PathBuf },
    #[error("{} cannot be written: {reason}", .path.display())]
    Unwritable { path: PathBuf, reason: String },
}

impl Explain for NewError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Name { .. } => "plugin-name",
            Self::NoTemplate => "no-template",
            Self::Exists { .. } => "file-exists",
            Self::Unwritable { .. } => "file-unwritable",
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Name { .. } => Some(
                "use lower-case words joined by `-` that begin with a letter, as in `acme-vault`"
                    .into(),
            ),
            Self::NoTemplate => Some(
                "Go's runtime imports files and clocks of WASI before any code of yours runs, and \
                 a validator may import nothing; take `--lang rust`, `c`, `javascript` or `python`"
                    .into(),
            ),
            Self::Exists { .. } => {
                Some("nothing was written; name another folder with --dir".into())
            }
            Self::Unwritable { .. } => None,
        }
    }
}

impl New {
    pub(super) fn run(&self) -> Result<ExitCode, Problems> {
        let (template, folder) = self.write().map_err(|error| Problem::error(&error, None))?;
        print::text(&next(template, &folder, &self.name));
        Ok(ExitCode::SUCCESS)
    }

    fn write(&self) -> Result<(&'static Template, PathBuf), NewError> {
        if !is_name(&self.name) {
            return Err(NewError::Name {
                name: self.name.clone(),
            });
        }
        let template = template(self.lang, self.kind).ok_or(NewError::NoTemplate)?;
        let folder = match &self.dir {
            Some(folder) => folder.clone(),
            None => PathBuf::from(&self.name),
        };
        let files: Vec<_> = template
            .project(&self.name)
            .map(|(path, text)| (folder.join(path), text))
            .collect();
        // All are looked for first, so that half a project is not left behind.
        for (path, _) in &files {
            // A link that leads nowhere is there, too.
            if path.symlink_metadata().is_ok() {
                return Err(NewError::Exists { path: path.clone() });
            }
        }
        for (path, text) in &files {
            create(path, text)?;
        }
        Ok((template, folder))
    }
}

/// Never over what is there, whoever put it there since it was looked for.
fn create(path: &Path, text: &str) -> Result<(), NewError> {
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    written().map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => NewError::Exists {
            path: path.to_owned(),
        },
        kind => NewError::Unwritable {
            path: path.to_owned(),
            reason: kind.to_string(),
        },
    })
}

/// Packages of all languages may have such a name.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut bytes = part.bytes();
        !part.is_empty() && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= LONGEST_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(is_part)
}

/// What to type now. What is indented can be typed as it is, but for the address.
fn next(template: &Template, folder: &Path, name: &str) -> String {
    let mut text = format!(
        "{} files are in {}. What is next:\n\n    cd {}\n",
        template.len(),
        folder.display(),
        quoted(folder),
    );
    for command in template.install {
        text.push_str(&format!("    {command}\n"));
    }
    text.push_str("    sh build.sh\n");
    let test = [&[], template.test].concat().join(" \\\n        ");
    if template.test.is_empty() {
        text.push_str(&format!("    secret-run plugin test {name}.wasm\n"));
        return text;
    }
    text.push_str(&format!(
        "\nThen hold it to the contract. {PLACEHOLDER} stands for the address of your API, and the \
         paths\nfor two documents that are there and one that is not:\n\n    \
         secret-run plugin test {name}.wasm \\\n        {test}\n\n\
         As it stands, it asks for {PLACEHOLDER}/secrets/app/first: the files of a folder, served \
         by\n`python3 -m http.server 8000 --bind 127.0.0.1 --protocol HTTP/1.1`, are an API for it.\n",
    ));
    text
}

/// For a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./+@".contains(&byte);
    if text.bytes().all(plain) && !text.starts_with('-') {
        text
    } else {
        // Beginning with `./`, it is no option of `cd`.
        let text = if text.starts_with('-') {
            format!("./{text}")
        } else {
            text
        };
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn new(name: &str, lang: Language, kind: Kind, folder: &Path) -> New {
        New {
            name: name.to_owned(),
            lang,
            kind,
            dir: Some(folder.to_owned()),
        }
    }

    #[test]
    fn a_project_has_its_name_and_the_contract_in_every_language() {
        for lang in Language::value_variants() {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("new/acme");
            let (template, _) = new("acme-vault", *lang, Kind::Backend, &folder)
                .write()
                .unwrap();
            assert!(folder.join("wit/backend.wit").is_file());
            let files = template.project("acme-vault");
            assert_eq!(files.count(), template.len());
            let build = fs::read_to_string(folder.join("build.sh")).unwrap();
            assert!(build.contains("acme-vault.wasm"), "{lang:?}");
            let said = next(template, &folder, "acme-vault");
            assert!(
                said.contains("plugin test acme-vault.wasm \\\n        --setting"),
                "{said}"
            );
        }
    }

    #[test]
    fn nothing_is_written_over_and_nothing_half_written() {
        let place = tempfile::tempdir().unwrap();
        let readme = place.path().join("README.md");
        fs::write(&readme, "mine").unwrap();
        let refused = new("acme", Language::Rust, Kind::Validator, place.path()).write();
        assert_eq!(refused.unwrap_err().kind(), "file-exists");
        assert_eq!(fs::read_to_string(&readme).unwrap(), "mine");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_validator_is_begun_in_a_language_that_imports_nothing() {
        for lang in Language::value_variants() {
            let place = tempfile::tempdir().unwrap();
            let begun = new("acme", *lang, Kind::Validator, place.path()).write();
            if *lang == Language::Go {
                assert_eq!(begun.unwrap_err().kind(), "no-template");
                assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
            } else {
                begun.unwrap();
                assert!(place.path().join("wit/validator.wit").is_file(), "{lang:?}");
            }
        }
    }

    #[test]
    fn a_name_is_lower_case_words() {
        for name in ["acme", "acme-vault2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "Acme", "2nd", "a--b", "-a", "a_b", "../a", "a b", "é"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(!is_name(&"a".repeat(65)));
    }

    #[test]
    fn a_folder_is_quoted_for_a_shell() {
        assert_eq!(quoted(Path::new("a/b-c")), "a/b-c");
        assert_eq!(quoted(Path::new("it's mine")), r"'it'\''s mine'");
        assert_eq!(quoted(Path::new("-x")), "'./-x'");
    }
}
