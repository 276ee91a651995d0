//! Circles among composed values: in the manifest itself, and in each environment with its
//! overrides.
//!
//! Only what is composed somewhere is looked at, and each template is read once: an environment
//! changes what differs there, and that is changed back.

use std::collections::{HashMap, HashSet};

use super::model::{Environment, Manifest, Origin};
use super::reader::Reader;
use crate::order::order;

pub(super) fn refuse(reader: &mut Reader, manifest: &Manifest) {
    // What composes nothing anew makes no circle that was not there.
    let environments = manifest.environments.values();
    let environments: Vec<_> = environments
        .filter(|environment| composed(environment).next().is_some())
        .collect();
    let anew: HashSet<&str> = environments.iter().copied().flat_map(composed).collect();
    let is_composed =
        |name: &str, origin| matches!(origin, &Origin::Compose(_)) || anew.contains(name);
    let entries = manifest.entries.iter();
    let mut nodes: Vec<(&str, Vec<&str>)> = entries
        .filter(|entry| is_composed(&entry.name, &entry.origin))
        .map(|entry| (entry.name.as_str(), parts(&entry.origin)))
        .collect();
    let places = nodes.iter().enumerate();
    let places: HashMap<&str, usize> = places.map(|(place, (name, _))| (*name, place)).collect();
    let mut reported = HashSet::new();
    for environment in std::iter::once(None).chain(environments.into_iter().map(Some)) {
        let mut changed = Vec::new();
        for (name, origin) in environment.into_iter().flat_map(origins) {
            if let Some(place) = places.get(name) {
                let usual = std::mem::replace(&mut nodes[*place].1, parts(origin));
                changed.push((*place, usual));
            }
        }
        let found = order(&nodes);
        for (place, usual) in changed {
            nodes[place].1 = usual;
        }
        for cycle in found.err().into_iter().flatten() {
            let first = cycle.names().first().and_then(|name| manifest.entry(name));
            let span = first.map_or(0..0, |entry| entry.span.clone());
            if reported.insert(cycle.names().to_vec()) {
                reader.say(&cycle, &span);
            }
        }
    }
}

/// The origins that an environment changes, by the name of the entry.
fn origins(environment: &Environment) -> impl Iterator<Item = (&str, &Origin)> {
    let overrides = environment.overrides.iter();
    overrides.filter_map(|(name, changed)| Some((name.as_str(), changed.origin.as_ref()?)))
}

/// The entries that an environment composes.
fn composed(environment: &Environment) -> impl Iterator<Item = &str> {
    origins(environment)
        .filter(|(_, origin)| matches!(origin, Origin::Compose(_)))
        .map(|(name, _)| name)
}

fn parts(origin: &Origin) -> Vec<&str> {
    match origin {
        Origin::Compose(template) => template.get_ref().names(),
        _ => Vec::new(),
    }
}
