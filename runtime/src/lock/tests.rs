#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::*;
use crate::error::Explain;
use crate::manifest::{InertInterface, Manifest, Plugin};

const HEX: &str = "9f2c0000000000000000000000000000000000000000000000000000000000ff";
const OTHER_HEX: &str = "00ff0000000000000000000000000000000000000000000000000000000000ff";
const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

const MANIFEST: &str = r#"version = 1
[plugins.acme]
component = "plugins/acme.wasm"
ca-file = "certs/ca.pem"
[plugins.acme.allow]
http = ["https://a.example.com", "https://b.example.com:8443"]
private-addresses = ["https://b.example.com:8443"]
clock = true
inert = ["filesystem"]
[plugins.acme.credentials."https://a.example.com"]
bearer = "dummy-literal {ACME_TOKEN}"
[plugins.acme.credentials."https://b.example.com:8443"]
basic = { username = "user", password = { file = "run/password" } }
[plugins.acme.limits]
memory = "128MiB"
"#;

fn plugin(text: &str) -> Plugin {
    let catalog = crate::plugin::standard_catalog();
    let manifest = Manifest::parse(Path::new("secrets.toml"), text, catalog).unwrap();
    manifest.plugins["acme"].clone()
}

fn origin(text: &str) -> HttpOrigin {
    HttpOrigin::parse(text).unwrap()
}

fn locked(plugin: &Plugin) -> LockedPlugin {
    LockedPlugin {
        component: plugin.component.get_ref().to_string(),
        sha256: HEX.into(),
        world: "secret-run:plugin/backend@0.1.0".into(),
        imports: ["secret-run:plugin/http@0.1.0".into()].into(),
        signed_by: None,
        needs: Needs {
            http: [origin("https://a.example.com")].into(),
        },
        grants: Grants::of(plugin),
    }
}

fn lock() -> LockFile {
    let plugin = locked(&plugin(MANIFEST));
    LockFile {
        plugins: [("acme".to_owned(), plugin)].into(),
    }
}

fn parse(text: &str) -> Result<LockFile, crate::error::Problems> {
    LockFile::parse(Path::new(FILE_NAME), text)
}

#[test]
fn a_lock_is_written_for_a_review() {
    let text = lock().to_toml();
    let expected = format!(
        r#"# Written by `secret-run plugin add`. Review a change of this file like one of code.
version = 1

[plugins.acme]
component = "plugins/acme.wasm"
sha256 = "{HEX}"
world = "secret-run:plugin/backend@0.1.0"
imports = ["secret-run:plugin/http@0.1.0"]

[plugins.acme.needs]
http = ["https://a.example.com"]

[plugins.acme.grants]
http = [
    "https://a.example.com",
    "https://b.example.com:8443",
]
private-addresses = ["https://b.example.com:8443"]
clock = true
inert = ["filesystem"]
credentials = [
    "https://a.example.com: bearer token from ACME_TOKEN",
    "https://b.example.com:8443: basic with user from the manifest and password from file run/password",
]
limits = ["memory 128 MiB"]
ca-file = "certs/ca.pem"
"#
    );
    assert_eq!(text, expected);
    assert_eq!(parse(&text).unwrap(), lock());
}

#[test]
fn all_mistakes_of_a_lock_are_reported_at_their_places() {
    let text = "version = 1\nx = 1\n[plugins.A]\nsha256 = \"1\"\nworld = \"a\\nb\"\n\
                imports = [1]\n[plugins.A.grants]\nhttp = [\"a\"]\nroot = true\n";
    let problems = parse(text).unwrap_err();
    let found: Vec<String> = problems
        .as_slice()
        .iter()
        .map(|problem| {
            let place = problem.place.as_ref().unwrap();
            format!("{} {}", problem.kind, place.line)
        })
        .collect();
    let expected = [
        "unknown-key 2",
        "bad-plugin-name 3",
        "missing-key 3",
        "malformed-text 4",
        "malformed-text 5",
        "wrong-type 6",
        "bad-origin 8",
        "unknown-key 9",
    ];
    assert_eq!(found, expected);
}

#[test]
fn another_version_is_refused_with_both_named_and_nothing_else_said() {
    let problems = parse("version = 2\nnew = 1\n").unwrap_err();
    let [problem] = problems.as_slice() else {
        panic!("{problems:?}");
    };
    assert_eq!(problem.kind, "unknown-lock-version");
    assert!(problem.message.contains("version 2"));
    assert!(problem.message.contains("version 1"));
    for (text, kind) in [("", "missing-key"), ("<<<<<<< main\n", "lock-syntax")] {
        let problems = parse(text).unwrap_err();
        assert_eq!(problems.as_slice()[0].kind, kind);
    }
    let huge = parse(&"#".repeat(LARGEST_LOCK + 1)).unwrap_err();
    assert_eq!(huge.as_slice()[0].kind, "lock-too-large");
}

#[test]
fn a_manifest_and_a_lock_that_agree_have_no_difference() {
    let plugin = plugin(MANIFEST);
    assert_eq!(compare("acme", &plugin, &locked(&plugin)), []);
}

#[test]
fn every_change_of_the_manifest_is_a_difference_that_says_what_changed() {
    let locked = locked(&plugin(MANIFEST));
    for (from, to, said) in [
        ("plugins/acme", "other/acme", "`other/acme.wasm`"),
        (
            "ca-file",
            &format!("sha256 = \"{OTHER_HEX}\"\nca-file"),
            OTHER_HEX,
        ),
        ("ca-file", &format!("signed-by = \"{KEY}\"\nca-file"), KEY),
        ("certs/ca.pem", "ca.pem", "certificates of `ca.pem`"),
        (
            "http = [",
            "http = [\"https://c\", ",
            "requests to `https://c`",
        ),
        (
            "private",
            "link-local",
            "link-local addresses for `https://b.example.com:8443`",
        ),
        ("clock = true", "clock = false", "the clock"),
        (
            "[\"filesystem\"]",
            "[\"filesystem\", \"sockets\"]",
            "`sockets`",
        ),
        ("ACME_TOKEN", "OTHER_TOKEN", "from OTHER_TOKEN"),
        ("run/password", "run/other", "file run/other"),
        ("128MiB", "256MiB", "memory 256 MiB"),
    ] {
        let changed = MANIFEST.replacen(from, to, 1);
        assert_ne!(changed, MANIFEST, "{from}");
        let found = compare("acme", &plugin(&changed), &locked);
        let said_so = found
            .iter()
            .any(|difference| difference.to_string().contains(said));
        assert!(said_so, "{said}: {found:?}");
        for difference in &found {
            assert_eq!(difference.kind(), "plugin-lock-differs");
            assert!(difference.hint().unwrap().contains("plugin add acme"));
            assert!(!difference.to_string().contains("dummy-literal"));
        }
    }
}

#[test]
fn constant_text_of_a_credential_is_in_no_lock_and_makes_no_difference() {
    let locked = locked(&plugin(MANIFEST));
    for (from, to) in [
        ("dummy-literal {ACME_TOKEN}", "{ACME_TOKEN}"),
        ("dummy-literal {ACME_TOKEN}", "{ACME_TOKEN} dummy-other"),
        ("username = \"user\"", "username = \"dummy-other\""),
    ] {
        let changed = MANIFEST.replacen(from, to, 1);
        assert_ne!(changed, MANIFEST, "{from}");
        let changed = plugin(&changed);
        assert_eq!(compare("acme", &changed, &locked), []);
        let plugins = [("acme".to_owned(), self::locked(&changed))].into();
        let text = LockFile { plugins }.to_toml();
        assert!(!text.contains("dummy"), "{text}");
    }
    // Which variables are sent is a difference, and none at all is refused.
    let other = MANIFEST.replacen("dummy-literal {ACME_TOKEN}", "dummy-other", 1);
    let catalog = crate::plugin::standard_catalog();
    let refused = Manifest::parse(Path::new("secrets.toml"), &other, catalog).unwrap_err();
    assert_eq!(refused.as_slice()[0].kind, "value-in-manifest");
    let more = MANIFEST.replacen("{ACME_TOKEN}", "{ACME_TOKEN}{OTHER_TOKEN}", 1);
    assert_eq!(compare("acme", &plugin(&more), &locked).len(), 2);
}

#[test]
fn a_component_that_needs_more_is_refused_with_the_line_to_write() {
    let grants = Grants::of(&plugin(MANIFEST));
    let mut needs = Needs {
        http: [origin("https://a.example.com")].into(),
    };
    assert_eq!(needs_refused("acme", &needs, &grants), None);
    needs.http.insert(origin("https://z.example.com"));
    let refused = needs_refused("acme", &needs, &grants).unwrap();
    assert_eq!(refused.kind(), "plugin-needs-more");
    assert!(
        refused
            .to_string()
            .contains("requests to `https://z.example.com`")
    );
    let line = "allow.http = [\"https://a.example.com\", \"https://b.example.com:8443\", \
                \"https://z.example.com\"]";
    assert!(refused.hint().unwrap().contains(line));
}

#[test]
fn a_lock_is_replaced_whole_and_readable() {
    let folder = tempfile::tempdir().unwrap();
    let path = LockFile::path_beside(&folder.path().join("secrets.toml"));
    write(&path, &LockFile::default()).unwrap();
    write(&path, &lock()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(parse(&text).unwrap(), lock());
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o644
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_lock_is_not_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let (target, path) = (folder.path().join("target"), folder.path().join(FILE_NAME));
    fs::write(&target, "kept").unwrap();
    symlink(&target, &path).unwrap();
    assert_eq!(write(&path, &lock()).unwrap_err().kind(), "lock-not-a-file");
    assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    let nowhere = folder.path().join("gone").join(FILE_NAME);
    assert_eq!(
        write(&nowhere, &lock()).unwrap_err().kind(),
        "lock-unwritable"
    );
}

fn texts() -> impl Strategy<Value = BTreeSet<String>> {
    prop::collection::btree_set("[^\\p{Cc}]{1,20}", 0..4)
}

fn origin_sets() -> impl Strategy<Value = BTreeSet<HttpOrigin>> {
    let origins = "https?://[a-z]{1,8}(:[1-9][0-9]{0,3})?".prop_map(|text| origin(&text));
    prop::collection::btree_set(origins, 0..4)
}

prop_compose! {
    fn any_grants()(
        http in origin_sets(),
        private_addresses in origin_sets(),
        link_local_addresses in origin_sets(),
        clock in any::<bool>(),
        inert in prop::sample::subsequence(InertInterface::ALL.to_vec(), 0..=2),
        credentials in texts(),
        limits in texts(),
        ca_file in prop::option::of("[^\\p{Cc}]{1,20}"),
    ) -> Grants {
        let inert = inert.into_iter().collect();
        Grants {
            http, private_addresses, link_local_addresses, clock, inert, credentials, limits,
            ca_file,
        }
    }
}

prop_compose! {
    fn any_plugin()(
        component in "[^\\p{Cc}]{1,30}",
        sha256 in "[0-9a-f]{64}",
        world in "[^\\p{Cc}]{1,30}",
        imports in texts(),
        signed in any::<bool>(),
        needed in origin_sets(),
        grants in any_grants(),
    ) -> LockedPlugin {
        let signed_by = signed.then(|| KEY.to_owned());
        let needs = Needs { http: needed };
        LockedPlugin { component, sha256, world, imports, signed_by, needs, grants }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_as_the_same(
        plugins in prop::collection::btree_map("[a-z0-9]{1,8}(-[a-z0-9]{1,4})?", any_plugin(), 0..3),
    ) {
        let lock = LockFile { plugins };
        let text = lock.to_toml();
        prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        prop_assert_eq!(parse(&text).unwrap(), lock);
    }

    #[test]
    fn any_text_is_a_lock_or_refused_with_places(text in "(?s).{0,300}") {
        for text in [text.clone(), format!("version = 1\n[plugins.a]\n{text}")] {
            if let Err(problems) = parse(&text) {
                prop_assert!(problems.as_slice().iter().all(|problem| problem.place.is_some()));
            }
        }
    }
}
