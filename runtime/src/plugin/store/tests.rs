#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::OnceLock;

use super::*;
use crate::error::Explain;
use crate::plugin::make::Made;

/// A store with the standard component in it, as if it were a plugin.
struct Kept {
    folder: tempfile::TempDir,
    store: Store,
    made: &'static Made,
    artifact: PathBuf,
}

fn kept() -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().join("plugins"));
    let made = made();
    let artifact = store.save(made, None).unwrap();
    Kept {
        folder,
        store,
        made,
        artifact,
    }
}

/// Compiled once for all tests, since that takes longer than all of them.
fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    let wasm = include_bytes!("../../../../plugins/dist/standard.wasm");
    MADE.get_or_init(|| Made::of("standard", wasm, None).unwrap())
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

impl Kept {
    fn find(&self) -> Result<Option<Found>, &'static str> {
        let found = self.store.find(&self.made.digest);
        found.map_err(|error| error.kind())
    }

    fn kind(&self) -> &'static str {
        self.find().map(|_| ()).unwrap_err()
    }

    fn record(&self) -> PathBuf {
        self.artifact.with_extension("json")
    }
}

#[test]
fn what_was_kept_is_found_with_what_it_said_of_itself() {
    let kept = kept();
    let found = kept.find().unwrap().unwrap();
    assert_eq!(found.record.catalog, kept.made.catalog);
    assert_eq!(found.record.world, "secret-run:plugin/validator@0.1.0");
    assert!(found.record.imports.is_empty());
    assert!(kept.store.find(&"0".repeat(64)).unwrap().is_none());
}

#[test]
fn a_changed_artifact_is_refused() {
    let kept = kept();
    let mut bytes = fs::read(&kept.artifact).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&kept.artifact, bytes).unwrap();
    assert_eq!(kept.kind(), "plugin-artifact-changed");
}

#[test]
fn an_artifact_that_was_copied_is_still_the_same() {
    let kept = kept();
    let bytes = fs::read(&kept.artifact).unwrap();
    fs::remove_file(&kept.artifact).unwrap();
    fs::write(&kept.artifact, bytes).unwrap();
    mode(&kept.artifact, 0o600);
    assert!(kept.find().unwrap().is_some());
}

#[test]
fn an_artifact_that_is_gone_is_told_apart_from_one_that_was_never_made() {
    let kept = kept();
    fs::remove_file(&kept.artifact).unwrap();
    assert_eq!(kept.kind(), "plugin-artifact-missing");
    fs::remove_file(kept.record()).unwrap();
    assert!(kept.find().unwrap().is_none());
}

#[test]
fn what_others_can_write_is_not_trusted() {
    for exposed in [0o722, 0o770, 0o777] {
        let kept = kept();
        let engine = kept.artifact.parent().unwrap();
        mode(engine, exposed);
        assert_eq!(kept.kind(), "plugin-store-exposed", "{exposed:o}");
        mode(engine, 0o700);
        mode(kept.store.folder(), exposed);
        assert_eq!(kept.kind(), "plugin-store-exposed", "{exposed:o}");
    }
    let kept = kept();
    for file in [&kept.artifact, &kept.record()] {
        mode(file, 0o622);
        assert_eq!(kept.kind(), "plugin-store-exposed");
        mode(file, 0o600);
    }
    assert!(kept.find().unwrap().is_some());
}

#[test]
fn no_link_is_followed() {
    let kept = kept();
    let elsewhere = kept.folder.path().join("elsewhere");
    fs::rename(&kept.artifact, &elsewhere).unwrap();
    symlink(&elsewhere, &kept.artifact).unwrap();
    assert_eq!(kept.kind(), "plugin-store-exposed");
}

#[test]
fn a_record_that_is_none_or_anothers_is_refused() {
    let kept = kept();
    let record = fs::read_to_string(kept.record()).unwrap();
    for damaged in [
        String::new(),
        "{}".to_owned(),
        record.replace("\"format\": 1", "\"format\": 2"),
        record.replace(&kept.made.digest, &"0".repeat(64)),
    ] {
        fs::write(kept.record(), damaged).unwrap();
        assert_eq!(kept.kind(), "plugin-record-damaged");
    }
}

#[test]
fn a_file_that_was_seen_is_remembered() {
    let kept = kept();
    let stamp = Stamp::of(&kept.artifact.metadata().unwrap());
    let mut found = kept.find().unwrap().unwrap();
    assert!(!found.record.has_seen(stamp));
    Store::remember(&mut found, stamp);
    assert!(kept.find().unwrap().unwrap().record.has_seen(stamp));
}

#[test]
fn what_is_removed_is_gone() {
    let kept = kept();
    assert!(kept.store.remove(&kept.made.digest).unwrap());
    assert!(!kept.store.remove(&kept.made.digest).unwrap());
    assert!(kept.find().unwrap().is_none());
}

#[test]
fn the_variable_names_the_folder_and_else_the_cache_is_it() {
    let store = |set: &[(&str, &str)]| {
        let set: Vec<_> = set.to_vec();
        let store = Store::of_environment(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).into())
        });
        store.folders
    };
    assert_eq!(
        store(&[("SECRET_RUN_PLUGINS", "/a"), ("HOME", "/h")]),
        [Path::new("/a")]
    );
    let system = Path::new(SYSTEM_FOLDER);
    assert_eq!(
        store(&[("HOME", "/h"), ("SECRET_RUN_PLUGINS", "")]),
        [Path::new("/h/.cache/secret-run/plugins"), system]
    );
    assert_eq!(
        store(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]),
        [Path::new("/x/secret-run/plugins"), system]
    );
    assert_eq!(store(&[]), [system]);
}
