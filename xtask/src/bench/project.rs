//! Folders with a manifest and dummy secrets, as a user would have them.

use std::fmt::{self, Write};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Rules that real manifests use, each with a dummy that passes it.
const KINDS: [(&str, &str); 5] = [
    (
        r#""postgres-url""#,
        "postgres://app:dummy-password@db.example.com:5432/app",
    ),
    (
        r#""redis-url""#,
        "redis://:dummy-password@cache.example.com:6379/0",
    ),
    (
        r#"{ rule = "base64", min-bytes = 32 }"#,
        "bm90IGEgc2VjcmV0OiBmb3IgbWVhc3VyaW5nIHNwZWVkIG9ubHkhIQ==",
    ),
    (
        r#"{ rule = "hex", bytes = 32 }"#,
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    ),
    (r#""https-url""#, "https://rpc.example.com/v2/dummy-key"),
];

/// Where a project keeps its secrets.
#[derive(Clone, Copy)]
pub enum Source {
    /// All in one `.env`.
    DotEnv,
    /// Each in a file of its own.
    Files,
}

/// Where a project's audit log is.
#[derive(Clone, Copy)]
pub enum Log {
    /// On a file system in memory, where there is nothing to wait for.
    InMemory,
    /// On the disk that temporary files are on.
    OnDisk,
}

/// A project to measure.
#[derive(Clone, Copy)]
pub struct Project {
    pub source: Source,
    pub secrets: usize,
    pub validated: bool,
    /// Where it is written down, if it is.
    pub audited: Option<Log>,
}

impl Project {
    /// Writes the project into a new folder under `parent`; answers its manifest.
    pub fn write(self, parent: &Path) -> Result<PathBuf> {
        let folder = parent.join(self.to_string().replace([' ', ','], "-"));
        create(&folder.join("mounts"))?;
        match self.source {
            Source::DotEnv => write(&folder.join(".env"), &dotenv(self.secrets))?,
            Source::Files => {
                for (name, _, value) in secrets(self.secrets) {
                    write(&folder.join("mounts").join(name), value)?;
                }
            }
        }
        let manifest = folder.join("secrets.toml");
        write(&manifest, &self.manifest())?;
        Ok(manifest)
    }

    fn manifest(self) -> String {
        let backend = match self.source {
            Source::DotEnv => "kind = \"env\"\nfiles = [\".env\"]",
            Source::Files => "kind = \"file\"\ndirectory = \"mounts\"",
        };
        let mut manifest = format!(
            "version = 1\n\n[project]\nname = \"bench\"\n\n\
             [environments.development]\nbackend = \"local\"\n\n[backends.local]\n{backend}\n"
        );
        if let Some(log) = self.audited {
            let path = match log {
                // Each bench has its own, and the next continues it.
                Log::InMemory => "/dev/shm/secret-run-bench-audit.jsonl",
                Log::OnDisk => "audit.jsonl",
            };
            write!(manifest, "\n[audit]\ndestination = \"{path}\"\n").expect("a text takes all");
        }
        for (name, rule, _) in secrets(self.secrets) {
            manifest += &format!("\n[secrets.{name}]\ndescription = \"A dummy\"\n");
            if self.validated {
                manifest += &format!("validate = {rule}\n");
            }
        }
        manifest
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets in ", self.secrets)?;
        f.write_str(match self.source {
            Source::DotEnv => ".env",
            Source::Files => "files",
        })?;
        if self.validated {
            f.write_str(", validated")?;
        }
        f.write_str(match self.audited {
            None => "",
            Some(Log::InMemory) => ", audited in memory",
            Some(Log::OnDisk) => ", audited on disk",
        })
    }
}

/// The five secrets of a `.env`, declared for secretspec; answers its manifest.
pub fn write_secretspec(parent: &Path) -> Result<PathBuf> {
    let folder = parent.join("secretspec");
    create(&folder)?;
    let mut manifest =
        String::from("[project]\nname = \"bench\"\nrevision = \"1.0\"\n\n[profiles.default]\n");
    for (name, ..) in secrets(5) {
        writeln!(
            manifest,
            "{name} = {{ description = \"A dummy\", required = true }}"
        )?;
    }
    write(&folder.join(".env"), &dotenv(5))?;
    let file = folder.join("secretspec.toml");
    write(&file, &manifest)?;
    Ok(file)
}

/// Names, rules and values.
fn secrets(count: usize) -> impl Iterator<Item = (String, &'static str, &'static str)> {
    let kinds = KINDS.iter().cycle().take(count).enumerate();
    kinds.map(|(index, (rule, value))| (format!("BENCH_SECRET_{index:02}"), *rule, *value))
}

fn dotenv(count: usize) -> String {
    secrets(count)
        .map(|(name, _, value)| format!("{name}={value}\n"))
        .collect()
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))
}

fn write(file: &Path, text: &str) -> Result<()> {
    let written = fs::write(file, text)
        .and_then(|()| fs::set_permissions(file, fs::Permissions::from_mode(0o600)));
    written.with_context(|| format!("failed to write {}", file.display()))
}
