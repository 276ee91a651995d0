//! The manifest held against the lock. Pure: it looks at both and reads nothing else.

use super::error::{LockDifference, NeedsMore};
use super::{Grants, LockedPlugin, Needs};
use crate::manifest::Plugin;

/// All that the manifest and the lock do not agree on about the plugin `name`; empty if it may
/// be used.
#[must_use]
pub fn compare(name: &str, plugin: &Plugin, locked: &LockedPlugin) -> Vec<LockDifference> {
    let name = name.to_owned();
    let mut found = Vec::new();
    let component = plugin.component.get_ref().to_string();
    if component != locked.component {
        found.push(LockDifference::Component {
            name: name.clone(),
            manifest: component,
            lock: locked.component.clone(),
        });
    }
    let digest = plugin.sha256.as_ref().map(|digest| digest.get_ref());
    if let Some(digest) = digest.filter(|digest| **digest != locked.sha256) {
        found.push(LockDifference::Digest {
            name: name.clone(),
            manifest: digest.clone(),
            lock: locked.sha256.clone(),
        });
    }
    let signed_by = plugin.signed_by.as_ref().map(|key| key.get_ref().clone());
    if signed_by != locked.signed_by {
        found.push(LockDifference::Signer {
            name: name.clone(),
            manifest: signed_by,
            lock: locked.signed_by.clone(),
        });
    }
    found.extend(grants(&name, &Grants::of(plugin), &locked.grants));
    found
}

fn grants<'a>(
    name: &'a str,
    manifest: &Grants,
    lock: &Grants,
) -> impl Iterator<Item = LockDifference> + 'a {
    let (manifest, lock) = (manifest.words(), lock.words());
    let new: Vec<String> = without(&manifest, &lock);
    let gone: Vec<String> = without(&lock, &manifest);
    let name = move || name.to_owned();
    let new = new
        .into_iter()
        .map(move |what| LockDifference::OnlyInManifest { name: name(), what });
    let gone = gone
        .into_iter()
        .map(move |what| LockDifference::OnlyInLock { name: name(), what });
    new.chain(gone)
}

fn without(these: &[String], those: &[String]) -> Vec<String> {
    let kept = these.iter().filter(|word| !those.contains(word));
    kept.cloned().collect()
}

/// What a component needs and is not granted, if anything.
#[must_use]
pub fn needs_refused(name: &str, needs: &Needs, grants: &Grants) -> Option<NeedsMore> {
    let missing: std::collections::BTreeSet<_> =
        needs.http.difference(&grants.http).cloned().collect();
    (!missing.is_empty()).then(|| NeedsMore {
        name: name.to_owned(),
        missing,
        granted: grants.http.clone(),
    })
}
