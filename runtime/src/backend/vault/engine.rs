//! What is mounted where, and where that makes a path lead.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::reply::Answer;
use crate::manifest::KvVersion;

/// What lies behind a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// Keys and values.
    Kv(KvVersion),
    /// Anything else that can be read.
    Other,
}

/// The mounts that a token may read from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mounts(BTreeMap<String, Engine>);

#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    secret: BTreeMap<Cow<'a, str>, Mount<'a>>,
}

#[derive(Deserialize)]
struct Mount<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    options: Option<BTreeMap<Cow<'a, str>, Option<Cow<'a, str>>>>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) engine: Engine,
    pub(super) mount: String,
    /// As policies name it, and as URLs have it when it is encoded.
    pub(super) api_path: String,
}

impl Mounts {
    /// One that the manifest states.
    pub(super) fn stated(mount: &str, version: KvVersion) -> Self {
        Self([(mount.to_owned(), Engine::Kv(version))].into())
    }

    /// Those that Vault lists; `None` if it lists none.
    pub(super) fn listed(answer: &Answer<'_>) -> Option<Self> {
        let listing: Listing<'_> = serde_json::from_str(answer.data?.get()).ok()?;
        let mounts = listing.secret.iter();
        let mounts = mounts.map(|(path, mount)| {
            let path = path.trim_end_matches('/').to_owned();
            (path, mount.engine())
        });
        Some(Self(mounts.collect()))
    }

    /// The same, where a mount of `other` hides one of ours.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The first of these mounts that is another engine in `other`, and the version of the engine
    /// for keys and values that it is here.
    pub(super) fn differing(&self, other: &Self) -> Option<(String, u8)> {
        self.0.iter().find_map(|(mount, engine)| {
            let is_other = other.0.get(mount).is_some_and(|listed| listed != engine);
            let version = match engine {
                Engine::Kv(KvVersion::One) => 1,
                Engine::Kv(KvVersion::Two) => 2,
                Engine::Other => return None,
            };
            is_other.then(|| (mount.clone(), version))
        })
    }

    /// Where `path` leads; `None` if it lies in no mount.
    pub(super) fn target(&self, path: &str) -> Option<Target> {
        let holds = |mount: &&String| {
            let rest = path.strip_prefix(mount.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        // A mount may lie below another.
        let mount = self
            .0
            .keys()
            .filter(holds)
            .max_by_key(|mount| mount.len())?;
        let engine = self.0[mount];
        let api_path = match engine {
            Engine::Kv(KvVersion::Two) => {
                format!("{mount}/data{}", &path[mount.len()..])
            }
            Engine::Kv(KvVersion::One) | Engine::Other => path.to_owned(),
        };
        Some(Target {
            engine,
            mount: mount.clone(),
            api_path,
        })
    }
}

impl Mount<'_> {
    fn engine(&self) -> Engine {
        let options = self.options.as_ref();
        let version = options.and_then(|options| options.get("version")?.as_deref());
        match (&*self.kind, version) {
            ("kv", Some("2")) => Engine::Kv(KvVersion::Two),
            ("kv" | "generic", _) => Engine::Kv(KvVersion::One),
            _ => Engine::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn mounts() -> Mounts {
        let answer = r#"{"data": {"auth": {}, "secret": {
            "secret/": {"type": "kv", "options": {"version": "2"}},
            "secret/old/": {"type": "kv", "options": null},
            "kv1/": {"type": "kv", "options": {"version": "1"}},
            "generic/": {"type": "generic"},
            "database/": {"type": "database", "options": null}
        }}}"#;
        Mounts::listed(&serde_json::from_str(answer).unwrap()).unwrap()
    }

    #[test]
    fn a_path_leads_into_the_longest_mount_above_it() {
        for (path, api_path, engine) in [
            (
                "secret/app/x",
                "secret/data/app/x",
                Engine::Kv(KvVersion::Two),
            ),
            (
                "secret/oldest",
                "secret/data/oldest",
                Engine::Kv(KvVersion::Two),
            ),
            ("secret/old/x", "secret/old/x", Engine::Kv(KvVersion::One)),
            ("kv1/x", "kv1/x", Engine::Kv(KvVersion::One)),
            ("generic/x", "generic/x", Engine::Kv(KvVersion::One)),
            ("database/creds/app", "database/creds/app", Engine::Other),
        ] {
            let target = mounts().target(path).unwrap();
            assert_eq!(
                (target.api_path.as_str(), target.engine),
                (api_path, engine),
                "{path}"
            );
        }
        for path in ["secret", "secrets/x", "nowhere/x", ""] {
            assert_eq!(mounts().target(path), None, "{path}");
        }
    }

    #[test]
    fn what_the_manifest_states_hides_what_is_listed() {
        let both = mounts().and(Mounts::stated("secret", KvVersion::One));
        assert_eq!(both.target("secret/x").unwrap().api_path, "secret/x");
        assert_eq!(both.differing(&mounts()), Some(("secret".into(), 1)));
        assert_eq!(mounts().differing(&mounts()), None);
    }
}
