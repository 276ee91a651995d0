#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::backend::{Document, Request};
use crate::cache::sealed::milliseconds;
use crate::cache::terms::Terms;
use crate::lease::Lease;
use crate::manifest::Manifest;
use crate::plugin::standard_catalog;
use crate::secret::SecretValue;
use crate::selection::Wanted;

const VALUE: &str = "dummy-value-8b3a";

struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn place(&self, more: &str) -> Place {
        let text = format!(
            "version = 1\n[cache]\nacross-starts = {{ key-file = \"key\" }}\n\
             [environments.development]\nbackend = \"it\"\n[backends.it]\nkind = \"vault\"\n\
             [secrets.TOKEN]\n{more}"
        );
        let path = self.folder.path().join("secrets.toml");
        let manifest = Manifest::parse(&path, &text, standard_catalog()).unwrap();
        let wanted = Wanted::new(None, None, |_| None);
        let plan = Plan::new(Arc::new(manifest), &wanted).unwrap();
        let runtime = self.folder.path().as_os_str().to_owned();
        let process = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| runtime.clone());
        Place::of(&plan, &process).unwrap().unwrap()
    }
}

fn document(identity: u8, path: &str, lease: Option<Lease>) -> (Key, Kept) {
    let mut document = Document::plain(SecretValue::copy_of(VALUE.as_bytes()));
    document.lease = lease;
    let terms = Terms {
        ttl: Duration::from_secs(60),
        stale: Duration::ZERO,
    };
    let names = vec!["TOKEN".to_owned()];
    let key = Key {
        identity: Identity::test(identity),
        request: Request {
            path: path.to_owned(),
            version: None,
        },
    };
    let kept = Kept::new(Some(document), Moment::now(), terms, "it".into(), names);
    (key, kept)
}

fn save(place: &Place, documents: &[(Key, Kept)]) {
    let news = documents.iter().map(|(key, kept)| News::Read(key, kept));
    save_news(place, &news.collect::<Vec<_>>()).unwrap();
}

/// As one whose identity is that of the first.
fn save_news(place: &Place, news: &[News<'_>]) -> Result<(), CacheError> {
    let (News::Read(key, _) | News::Forgotten(key, _)) = news[0];
    let of = news.iter().map(|news| {
        let (News::Read(key, _) | News::Forgotten(key, _)) = *news;
        key.identity
    });
    let mut identities: Vec<Identity> = of.collect();
    identities.dedup();
    assert!(identities.contains(&key.identity));
    place.save(&identities, news)
}

fn paths(place: &Place, identity: u8) -> Result<Vec<String>, CacheError> {
    let loaded = place.load(&[Identity::test(identity)])?;
    for (_, kept) in &loaded {
        let document = kept.document.as_ref().unwrap();
        assert_eq!(document.bytes.expose(), VALUE.as_bytes());
    }
    Ok(loaded
        .into_iter()
        .map(|(key, _)| key.request.path)
        .collect())
}

#[test]
fn it_opens_for_its_plan_user_identity_and_key_alone() {
    let scene = Scene::new();
    let place = scene.place("");
    assert!(paths(&place, 1).unwrap().is_empty());
    save(
        &place,
        &[
            document(1, "a", None),
            document(1, "b", None),
            document(2, "c", None),
        ],
    );
    assert_eq!(paths(&place, 1).unwrap(), ["a", "b"]);
    assert_eq!(paths(&place, 2).unwrap(), ["c"]);
    assert!(paths(&place, 3).unwrap().is_empty());
    // Another plan looks elsewhere, and opens nothing of this one's.
    let other = scene.place("description = \"other\"\n");
    assert_ne!(place.file, other.file);
    fs::copy(&place.file, &other.file).unwrap();
    assert!(matches!(
        paths(&other, 1),
        Err(CacheError::Unreadable { .. })
    ));
    // Neither does another user with the key.
    let key = place.key.find().unwrap().unwrap();
    let bytes = fs::read(&place.file).unwrap();
    let mut seal = Seal::new(&key, place.fingerprint);
    assert!(seal.open(&bytes).is_some());
    seal.be_user(4711);
    assert!(seal.open(&bytes).is_none());
    // Another key.
    fs::write(scene.folder.path().join("key"), [7; 32]).unwrap();
    assert!(matches!(
        paths(&place, 1),
        Err(CacheError::Unreadable { .. })
    ));
    fs::remove_file(scene.folder.path().join("key")).unwrap();
    assert!(matches!(
        paths(&place, 1),
        Err(CacheError::Unreadable { .. })
    ));
}

#[test]
fn any_bit_that_is_changed_and_any_end_that_is_missing_makes_it_none() {
    let scene = Scene::new();
    let place = scene.place("");
    save(&place, &[document(1, "a", None)]);
    let whole = fs::read(&place.file).unwrap();
    let text = String::from_utf8_lossy(&whole).into_owned();
    assert!(!text.contains(VALUE) && !text.contains("TOKEN"));
    let key = place.key.find().unwrap().unwrap();
    let seal = Seal::new(&key, place.fingerprint);
    let opens = |bytes: &[u8]| {
        let opened = seal.open(bytes)?;
        seal.sections(&opened, Identity::test(1)).map(|_| ())
    };
    assert!(opens(&whole).is_some());
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(opens(&bytes).is_none(), "bit {bit}");
    }
    for length in 0..whole.len() {
        assert!(opens(&whole[..length]).is_none(), "{length} bytes");
    }
}

#[test]
fn what_is_leased_is_not_written() {
    let scene = Scene::new();
    let place = scene.place("");
    let lease = Lease {
        duration: Duration::from_secs(3600),
        renewable: true,
    };
    save(
        &place,
        &[document(1, "a", Some(lease)), document(1, "b", None)],
    );
    assert_eq!(paths(&place, 1).unwrap(), ["b"]);
}

#[test]
fn whoever_reads_while_others_write_finds_it_whole() {
    let scene = Scene::new();
    let place = scene.place("");
    save(&place, &[document(1, "a", None)]);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    save(&place, &[document(1, "a", None)]);
                }
            });
        }
        for _ in 0..200 {
            assert_eq!(paths(&place, 1).unwrap(), ["a"]);
        }
    });
    let files = fs::read_dir(place.file.parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1);
}

/// A document that was read so long ago.
fn read(path: &str, seconds_ago: u64) -> (Key, Kept) {
    let (key, mut kept) = document(1, path, None);
    let ago = Duration::from_secs(seconds_ago);
    kept.read.wall -= ago;
    kept.read.machine = kept.read.machine.map(|machine| machine - ago);
    // As it is read again.
    kept.read.wall = Duration::from_millis(milliseconds(kept.read.wall));
    kept.read.machine = kept
        .read
        .machine
        .map(|it| Duration::from_millis(milliseconds(it)));
    (key, kept)
}

fn reads(place: &Place) -> Vec<(String, Moment)> {
    let loaded = place.load(&[Identity::test(1)]).unwrap();
    let read = loaded.into_iter();
    read.map(|(key, kept)| (key.request.path, kept.read))
        .collect()
}

#[test]
fn what_is_newer_stays_and_what_was_forgotten_does_not_come_back() {
    let scene = Scene::new();
    let place = scene.place("");
    let (first, second) = (read("a", 30), read("a", 10));
    let at = |(_, kept): &(Key, Kept)| ("a".to_owned(), kept.read);
    save(&place, std::slice::from_ref(&second));
    // Who began earlier takes longer.
    save(&place, std::slice::from_ref(&first));
    assert_eq!(reads(&place), [at(&second)]);
    // It is denied, to one that says so later than another has read it.
    let (_, denied) = read("a", 20);
    save_news(&place, &[News::Forgotten(&first.0, denied.read)]).unwrap();
    assert_eq!(reads(&place), [at(&second)]);
    let (_, denied) = read("a", 5);
    save_news(&place, &[News::Forgotten(&first.0, denied.read)]).unwrap();
    assert!(reads(&place).is_empty());
    // Others have read before that, and keep what they read then.
    save(&place, &[second, read("b", 7)]);
    assert!(reads(&place).is_empty());
    let third = read("a", 1);
    save(&place, std::slice::from_ref(&third));
    assert_eq!(reads(&place), [at(&third)]);
    // What is leased by now was not before.
    let lease = Lease {
        duration: Duration::from_secs(3600),
        renewable: true,
    };
    save(&place, &[document(1, "a", Some(lease))]);
    assert!(reads(&place).is_empty());
}

#[test]
fn another_identity_keeps_what_it_has_and_not_without_end() {
    let scene = Scene::new();
    let place = scene.place("");
    for identity in 1..=2 {
        save(&place, &[document(identity, "a", None)]);
    }
    assert_eq!(paths(&place, 1).unwrap(), ["a"]);
    assert_eq!(paths(&place, 2).unwrap(), ["a"]);
    for identity in 3..=40 {
        save(&place, &[document(identity, "a", None)]);
    }
    let kept = (1..=40).filter(|identity| !paths(&place, *identity).unwrap().is_empty());
    assert_eq!(kept.count(), MOST_OTHERS + 1);
    assert_eq!(paths(&place, 40).unwrap(), ["a"]);
}

#[test]
fn what_can_not_be_saved_leaves_nothing_older_behind() {
    let scene = Scene::new();
    let place = scene.place("");
    save(&place, &[document(1, "a", None)]);
    // More than is read again.
    let (key, mut kept) = document(1, "a", None);
    let large = usize::try_from(LARGEST).unwrap();
    kept.document = Some(Document::plain(SecretValue::new(vec![b'x'; large])));
    let error = save_news(&place, &[News::Read(&key, &kept)]).unwrap_err();
    assert!(matches!(error, CacheError::Io { .. }), "{error}");
    assert!(!place.file.exists());
    // Neither does what has no key.
    save(&place, &[document(1, "a", None)]);
    fs::write(scene.folder.path().join("key"), b"short").unwrap();
    let (key, kept) = document(1, "a", None);
    let error = save_news(&place, &[News::Read(&key, &kept)]).unwrap_err();
    assert!(matches!(error, CacheError::NoKey { .. }), "{error}");
    assert!(!place.file.exists());
}
