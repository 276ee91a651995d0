//! Writing a lock: the text, and the file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::error::LockError;
use super::{LockFile, LockedPlugin, VERSION};
use crate::beside;

const HEAD: &str =
    "# Written by `secret-run plugin add`. Review a change of this file like one of code.\n";
/// Everybody may read it: it holds nothing that the manifest does not say.
const MODE: u32 = 0o644;

impl LockFile {
    /// The lock as TOML: one thing per line, in an order that does not change, nothing that is
    /// empty. What [`LockFile::parse`] reads again as the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        for (name, plugin) in &self.plugins {
            text.push_str(&section(name, plugin));
        }
        text
    }
}

fn section(name: &str, plugin: &LockedPlugin) -> String {
    let LockedPlugin {
        component,
        sha256,
        world,
        imports,
        signed_by,
        needs,
        grants,
    } = plugin;
    let origins = |set: &BTreeSet<_>| set.iter().map(ToString::to_string).collect::<Vec<_>>();
    let texts = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
    let inert = grants.inert.iter().map(|interface| interface.name());
    let needed = list("http", &origins(&needs.http));
    let granted = [
        list("http", &origins(&grants.http)),
        list("private-addresses", &origins(&grants.private_addresses)),
        list(
            "link-local-addresses",
            &origins(&grants.link_local_addresses),
        ),
        if grants.clock {
            "clock = true\n".to_owned()
        } else {
            String::new()
        },
        list("inert", &inert.map(str::to_owned).collect::<Vec<_>>()),
        list("credentials", &texts(&grants.credentials)),
        list("limits", &texts(&grants.limits)),
        pair("ca-file", grants.ca_file.as_deref()),
    ]
    .concat();
    [
        format!("\n[plugins.{name}]\n"),
        pair("component", Some(component)),
        pair("sha256", Some(sha256)),
        pair("world", Some(world)),
        list("imports", &texts(imports)),
        pair("signed-by", signed_by.as_deref()),
        table(&format!("plugins.{name}.needs"), &needed),
        table(&format!("plugins.{name}.grants"), &granted),
    ]
    .concat()
}

/// A table, unless nothing stands in it.
fn table(name: &str, lines: &str) -> String {
    if lines.is_empty() {
        String::new()
    } else {
        format!("\n[{name}]\n{lines}")
    }
}

fn pair(key: &str, text: Option<&str>) -> String {
    text.map(|text| format!("{key} = {}\n", quoted(text)))
        .unwrap_or_default()
}

/// A list; of several, each on a line of its own, so that a review sees what is new.
fn list(key: &str, texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [one] => format!("{key} = [{}]\n", quoted(one)),
        several => {
            let lines: String = several
                .iter()
                .map(|text| format!("    {},\n", quoted(text)))
                .collect();
            format!("{key} = [\n{lines}]\n")
        }
    }
}

/// A basic string of TOML. Characters that a reviewer would not see, or that would change
/// the order in which he sees others, are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            ' ' => quoted.push(' '),
            shown if shown.is_ascii_graphic() || shown.is_alphanumeric() => quoted.push(shown),
            other => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(other));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Writes the lock to `path`, all of it or nothing. Whoever reads meanwhile reads the old one
/// or the new one. A link is not followed.
///
/// # Errors
/// When something else than a file stands there, or the folder cannot be written to.
pub fn write(path: &Path, lock: &LockFile) -> Result<(), LockError> {
    let path = path.to_owned();
    match fs::symlink_metadata(&path) {
        Ok(facts) if !facts.file_type().is_file() => return Err(LockError::NotAFile { path }),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(LockError::Unwritable { path, source }),
    }
    replace(&path, lock.to_toml().as_bytes())
        .map_err(|source| LockError::Unwritable { path, source })
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let (temporary, file) = beside::create(path)?;
    let done = fill(file, text).and_then(|()| fs::rename(&temporary, path));
    if done.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        return done;
    }
    // The new name is on the disk when the folder is.
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

fn fill(mut file: File, text: &[u8]) -> io::Result<()> {
    file.write_all(text)?;
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.sync_all()
}
