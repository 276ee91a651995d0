//! From text to a manifest: the sections in turn, then what ties them together.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entries::malformed;
use super::error::ManifestError;
use super::model::{Class, Entry, Environment, Inherit, Manifest, Origin, Required};
use super::reader::{Reader, Table};
use super::source::Source;
use super::{
    AwsStore, audit, backends, cache, circles, entries, environments, metrics, plugins, resilience,
    watch,
};
use crate::ciphertext::is_ciphertext;
use crate::error::Problems;
use crate::nearest::nearest;
use crate::reference::is_backend_name;
use crate::rule::Catalog;

/// The largest manifest that is read, in bytes.
pub const LARGEST_MANIFEST: usize = 1 << 20;

/// The longest name of a backend that is told although nothing declared is like it.
const LONGEST_TOLD: usize = 16;

/// Keys that may stand at the top of a manifest.
pub(super) const ROOT_KEYS: &[&str] = &[
    "version",
    "inherit",
    "project",
    "audit",
    "cache",
    "metrics",
    "environments",
    "backends",
    "plugins",
    "secrets",
    "config",
    "watch",
    "resilience",
];
/// Keys of `[project]`.
pub(super) const PROJECT_KEYS: &[&str] = &["name"];

impl Manifest {
    /// Reads `text`, which stands in the file `path`. `catalog` knows the rules that
    /// values can be validated with.
    ///
    /// # Errors
    /// All mistakes of the manifest, in the order of the file.
    pub fn parse(path: &Path, text: &str, catalog: &Catalog) -> Result<Self, Problems> {
        let mut reader = Reader::new(Source::new(path, text));
        let manifest = match syntax(&mut reader, text) {
            Some(document) => {
                let parts = sections(
                    &mut reader,
                    &Table::root("the manifest", &document),
                    catalog,
                );
                cross_check(&mut reader, &parts);
                Some(parts)
            }
            None => None,
        };
        let (source, problems) = reader.finish();
        let (manifest, _) = Problems::unless(manifest, problems)?;
        let mut manifest = manifest.expect("a document without problems was read");
        manifest.source = Arc::new(source);
        Ok(manifest)
    }
}

/// The document, unless something is no TOML.
fn syntax<'i>(reader: &mut Reader, text: &'i str) -> Option<Spanned<DeTable<'i>>> {
    if text.len() > LARGEST_MANIFEST {
        let limit = LARGEST_MANIFEST;
        reader.refuse(&ManifestError::TooLarge { limit }, &(0..0));
        return None;
    }
    reader.document(text, |message| ManifestError::Syntax { message })
}

fn sections(reader: &mut Reader, root: &Table<'_, '_>, catalog: &Catalog) -> Manifest {
    root.only(reader, ROOT_KEYS);
    version(reader, root);
    let project = root.table(reader, "project").and_then(|project| {
        project.only(reader, PROJECT_KEYS);
        project.text(reader, "name").map(Spanned::into_inner)
    });
    let mut declared = Vec::new();
    for (section, class) in [("secrets", Class::Secret), ("config", Class::Config)] {
        if let Some(table) = root.table(reader, section) {
            declared.extend(entries::read(reader, &table, class, catalog));
        }
    }
    declared.sort_by_key(|entry: &Entry| entry.span.start);
    let backends = root
        .table(reader, "backends")
        .map(|table| backends::read(reader, &table))
        .unwrap_or_default();
    let mut by_name: Vec<usize> = (0..declared.len()).collect();
    by_name.sort_by_key(|at| &declared[*at].name);
    Manifest {
        source: Arc::new(Source::new(Path::new(""), "")),
        project,
        inherit: inherit(reader, root).unwrap_or_default(),
        audit: root
            .table(reader, "audit")
            .and_then(|table| audit::read(reader, &table)),
        cache: root
            .table(reader, "cache")
            .map(|table| cache::read(reader, &table))
            .unwrap_or_default(),
        metrics: root
            .table(reader, "metrics")
            .and_then(|table| metrics::read(reader, &table)),
        environments: root
            .table(reader, "environments")
            .map(|table| environments::read(reader, &table))
            .unwrap_or_default(),
        resilience: resilience::read(reader, root, &backends),
        backends,
        plugins: root
            .table(reader, "plugins")
            .map(|table| plugins::read(reader, &table))
            .unwrap_or_default(),
        watch: root
            .table(reader, "watch")
            .map(|table| watch::read(reader, &table))
            .unwrap_or_default(),
        entries: declared,
        by_name,
    }
}

fn version(reader: &mut Reader, root: &Table<'_, '_>) {
    const ADVICE: &str = "begin the file with `version = 1`";
    if root.get("version").is_none() {
        root.missing(reader, "version", ADVICE);
    } else if let Some(version) = root.integer(reader, "version")
        && *version.get_ref() != 1
    {
        let error = ManifestError::UnknownVersion {
            found: version.get_ref().to_string(),
        };
        reader.refuse(&error, &version.span());
    }
}

/// `inherit = true`, `inherit = false`, or a list of names.
pub(super) fn inherit(reader: &mut Reader, table: &Table<'_, '_>) -> Option<Inherit> {
    let value = table.get("inherit")?;
    match value.get_ref() {
        DeValue::Boolean(true) => Some(Inherit::All),
        DeValue::Boolean(false) => Some(Inherit::Only(Vec::new())),
        DeValue::Array(_) => {
            let names = table.texts(reader, "inherit")?;
            for name in &names {
                let text = name.get_ref();
                let start = text.strip_suffix('*').unwrap_or(text);
                // Anything else would match nothing, and nobody would notice.
                if text.is_empty() || start.contains('*') {
                    let wanted = "a name, with a `*` at its end at most";
                    let example = "inherit = [\"PATH\", \"LC_*\"]";
                    malformed(reader, "inherit", wanted, example, &name.span());
                }
            }
            Some(Inherit::Only(
                names.into_iter().map(Spanned::into_inner).collect(),
            ))
        }
        _ => {
            reader.wrong_type("inherit", "true, false, or a list of names", value);
            None
        }
    }
}

/// What one section says of another.
fn cross_check(reader: &mut Reader, manifest: &Manifest) {
    names_once(reader, manifest);
    for environment in manifest.environments.values() {
        if let Some(name) = &environment.backend {
            backend(reader, manifest, name);
        }
        overrides(reader, manifest, environment);
    }
    for backend in manifest.backends.values() {
        if let super::BackendSettings::Plugin { plugin, .. } = &backend.settings {
            let plugin = Spanned::new(backend.span.clone(), plugin.clone());
            self::plugin(reader, manifest, &plugin);
        }
    }
    for entry in &manifest.entries {
        origin(reader, manifest, &entry.name, entry.class, &entry.origin);
        conditions(reader, manifest, &entry.required);
        for check in &entry.checks {
            if let Some(plugin) = &check.get_ref().plugin {
                let name = Spanned::new(check.span(), plugin.clone());
                if !self::plugin(reader, manifest, &name) {
                    // Of a rule that there is not, no parameter is known.
                    reader.source.conceal(check.span());
                }
            }
        }
    }
    circles::refuse(reader, manifest);
}

/// Whether `name` is a backend that is declared; if not, that is said.
fn backend(reader: &mut Reader, manifest: &Manifest, name: &Spanned<String>) -> bool {
    let is_declared = manifest.backends.contains_key(name.get_ref());
    if !is_declared {
        undeclared(reader, "backend", name, manifest.backends.keys());
    }
    is_declared
}

/// Whether `name` is a plugin that is declared; if not, that is said.
fn plugin(reader: &mut Reader, manifest: &Manifest, name: &Spanned<String>) -> bool {
    let is_declared = manifest.plugins.contains_key(name.get_ref());
    if !is_declared {
        undeclared(reader, "plugin", name, manifest.plugins.keys());
    }
    is_declared
}

fn undeclared<'a>(
    reader: &mut Reader,
    what: &'static str,
    name: &Spanned<String>,
    known: impl Iterator<Item = &'a String>,
) {
    if !reader.has_room() {
        reader.source.conceal(name.span());
        return;
    }
    let nearest = nearest(name.get_ref(), known.map(String::as_str));
    // What stands before the first colon of a pasted value is read as a backend's name. A token
    // is longer than the names that people give, unless it is much like one of these.
    let is_kind = AwsStore::of_kind(name.get_ref()).is_some();
    let could_be_value = what == "backend"
        && nearest.is_none()
        && !is_kind
        && (name.get_ref().len() > LONGEST_TOLD || !is_backend_name(name.get_ref()));
    let error = ManifestError::Undeclared {
        what,
        name: (!could_be_value).then(|| name.get_ref().clone()),
        nearest,
        table: match what {
            "backend" => "backends",
            "plugin" => "plugins",
            "configuration" => "config",
            _ => "secrets",
        },
    };
    if could_be_value {
        reader.source.conceal(name.span());
    }
    reader.refuse(&error, &name.span());
}

/// Every variable that the child may get has one entry.
fn names_once(reader: &mut Reader, manifest: &Manifest) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for entry in &manifest.entries {
        let section = match entry.class {
            Class::Secret => "secrets",
            Class::Config => "config",
        };
        for (name, span) in entry.variables() {
            let by = format!("[{section}.{}]", entry.name);
            if let Some(other) = seen.insert(name.clone(), by) {
                reader.refuse(&ManifestError::DuplicateName { name, other }, &span);
            }
        }
    }
}

/// The names of entries of a class.
fn names(manifest: &Manifest, class: Class) -> impl Iterator<Item = &String> {
    let entries = manifest.entries.iter();
    let of_class = entries.filter(move |entry| entry.class == class);
    of_class.map(|entry| &entry.name)
}

fn overrides(reader: &mut Reader, manifest: &Manifest, environment: &Environment) {
    for (name, changed) in &environment.overrides {
        let what = match changed.class {
            Class::Secret => "secret",
            Class::Config => "configuration",
        };
        let name = Spanned::new(changed.span.clone(), name.clone());
        let entry = manifest.entry(name.get_ref());
        if entry.is_none_or(|entry| entry.class != changed.class) {
            undeclared(reader, what, &name, names(manifest, changed.class));
        }
        if let Some(changed_origin) = &changed.origin {
            origin(
                reader,
                manifest,
                name.get_ref(),
                changed.class,
                changed_origin,
            );
        }
        if let Some(required) = &changed.required {
            conditions(reader, manifest, required);
        }
    }
}

fn origin(reader: &mut Reader, manifest: &Manifest, name: &str, class: Class, origin: &Origin) {
    match origin {
        Origin::From(reference) => {
            // What is refused could be a value: the name is told, and nothing behind it.
            if let Some(name) = reference.get_ref().backend() {
                let name = Spanned::new(reference.span(), name.to_owned());
                if !backend(reader, manifest, &name) {
                    reader.source.conceal(reference.span());
                }
            }
        }
        Origin::Compose(template) => {
            for part in template.get_ref().names() {
                let entry = manifest.entry(part);
                if entry.is_none() {
                    reader.source.conceal(template.span());
                    let at = Spanned::new(template.span(), part.to_owned());
                    let known = manifest.entries.iter().map(|entry| &entry.name);
                    undeclared(reader, "secret", &at, known);
                }
                let shows = entry.is_some_and(|part| part.class == Class::Secret);
                if class == Class::Config && shows {
                    let error = ManifestError::SecretInConfig {
                        name: name.to_owned(),
                        secret: part.to_owned(),
                    };
                    reader.refuse(&error, &template.span());
                }
            }
        }
        Origin::Key(reference) => {
            // `key = "vault:path"` is a path that begins with `vault:`, and hardly meant.
            // One that is ciphertext begins so itself.
            let backend = reference.get_ref().backend_in_path();
            let backend = backend.filter(|_| !is_ciphertext(reference.get_ref().path()));
            if backend.is_some_and(|backend| manifest.backends.contains_key(backend)) {
                let error = ManifestError::Malformed {
                    key: "key".into(),
                    wanted: "a path alone: it begins with the name of a backend",
                    example: "`from = \"backend:path\"`",
                };
                reader.source.conceal(reference.span());
                reader.refuse(&error, &reference.span());
            }
        }
        Origin::OwnName => {}
    }
}

fn conditions(reader: &mut Reader, manifest: &Manifest, required: &Required) {
    let Required::When(conditions) = required else {
        return;
    };
    for condition in conditions {
        match manifest.entry(condition.name.get_ref()) {
            Some(entry) if entry.class == Class::Config => {}
            Some(_) => {
                let name = condition.name.get_ref().clone();
                reader.refuse(
                    &ManifestError::ConditionOnSecret { name },
                    &condition.name.span(),
                );
            }
            None => {
                let configs = names(manifest, Class::Config);
                undeclared(reader, "configuration", &condition.name, configs);
            }
        }
    }
}
