//! Components out of a real registry: Debian's docker-registry.

use std::fs;
use std::time::Duration;

use secret_run_tests::{Fault, IMAGE_MANIFEST, Link, Registry, digest};
use secret_runtime::error::Explain;
use secret_runtime::secret::SecretValue;
use secret_runtime::supply::oci::{
    Credentials, Item, OciError, Peer, Pull, Pulled, SIGNATURE_LAYER, Shape, pull,
};

const REPOSITORY: &str = "team/rules";
const SIGNATURE: &str = "untrusted comment: dummy signature\n";

/// Some bytes that are no two alike, as a component's.
fn component(length: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn request<'a>(registry: &'a str, digest: &'a str) -> Pull<'a> {
    Pull {
        registry,
        repository: REPOSITORY,
        digest,
        authority: None,
        credentials: None,
        deadline: Duration::from_secs(30),
    }
}

fn pull_from(registry: &str, digest: &str) -> Result<Pulled, OciError> {
    pull(&request(registry, digest), &mut |_, _| ())
}

fn login(registry: &str, password: &str) -> Credentials {
    let value = |text: &str| SecretValue::copy_of(text.as_bytes());
    let login = Credentials::new(registry, value(Registry::USER), value(password));
    login.expect("the user has no colon")
}

#[test]
fn a_component_comes_as_it_was_pushed_and_progress_is_told() {
    let registry = Registry::start();
    let component = component(3_000_000);
    let image = registry.push(REPOSITORY, &component, None);

    let mut told = Vec::new();
    let name = registry.name();
    let pulled = pull(&request(&name, &image), &mut |done, total| {
        told.push((done, total));
    });
    let pulled = pulled.expect("it was pushed");
    assert_eq!(digest(&component), format!("sha256:{}", pulled.sha256));
    assert!(pulled.component == component, "other bytes came");
    assert_eq!(pulled.signature, None);

    let total = component.len() as u64;
    assert_eq!(told.first(), Some(&(0, total)));
    assert_eq!(told.last(), Some(&(total, total)));
    assert!(told.is_sorted(), "progress went back");
}

#[test]
fn the_signature_comes_with_the_component() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"dummy component", Some(SIGNATURE));
    let pulled = pull_from(&registry.name(), &image).expect("it was pushed");
    assert_eq!(pulled.component, b"dummy component");
    assert_eq!(pulled.signature.as_deref(), Some(SIGNATURE));
}

#[test]
fn a_component_may_be_empty_without_keeping_anybody_waiting() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"", None);
    let pulled = pull_from(&registry.name(), &image).expect("it was pushed");
    assert_eq!(pulled.component, b"");
}

#[test]
fn what_was_never_pushed_is_not_found() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"dummy component", None);
    let missing = Err(OciError::NotFound(Item::Manifest));
    assert_eq!(pull_from(&registry.name(), &digest(b"other")), missing);

    let name = registry.name();
    let elsewhere = Pull {
        repository: "team/other",
        ..request(&name, &image)
    };
    assert_eq!(pull(&elsewhere, &mut |_, _| ()), missing);
}

#[test]
fn the_digest_of_the_layer_is_not_that_of_the_image() {
    let registry = Registry::start();
    let _image = registry.push(REPOSITORY, b"dummy component", None);
    let refused = pull_from(&registry.name(), &digest(b"dummy component"));
    // This registry finds the layer, and breaks down over what it is.
    let error = OciError::Unavailable(Peer::Registry, 500);
    assert_eq!(refused, Err(error));
    let hint = error.hint().expect("there is something to do");
    assert!(hint.contains("not of its layer"), "{hint}");
}

#[test]
fn a_layer_that_was_changed_in_the_registry_is_refused() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"dummy component", Some(SIGNATURE));
    let file = registry.blob_file(&digest(b"dummy component"));
    for (content, error) in [
        ("Dummy component", OciError::Mismatch(Item::Component)),
        (
            "dummy component and more",
            OciError::Mismatch(Item::Component),
        ),
        ("dummy", OciError::Mismatch(Item::Component)),
    ] {
        fs::write(&file, content).expect("the storage can be written to");
        assert_eq!(pull_from(&registry.name(), &image), Err(error), "{content}");
    }
    assert_eq!(OciError::Mismatch(Item::Component).kind(), "oci-digest");
}

#[test]
fn a_signature_that_was_changed_in_the_registry_is_refused() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"dummy component", Some(SIGNATURE));
    let file = registry.blob_file(&digest(SIGNATURE.as_bytes()));
    fs::write(&file, SIGNATURE.to_uppercase()).expect("the storage can be written to");
    let refused = pull_from(&registry.name(), &image);
    assert_eq!(refused, Err(OciError::Mismatch(Item::Signature)));
}

#[test]
fn a_layer_that_the_registry_has_lost_is_not_found() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"dummy component", None);
    let file = registry.blob_file(&digest(b"dummy component"));
    fs::remove_file(file).expect("the blob is in the storage");
    let refused = pull_from(&registry.name(), &image);
    assert_eq!(refused, Err(OciError::NotFound(Item::Component)));
}

#[test]
fn an_index_of_images_is_refused_as_what_it_is() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, b"dummy component", None);
    let index_type = "application/vnd.oci.image.index.v1+json";
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": index_type,
        "manifests": [{
            "mediaType": IMAGE_MANIFEST,
            "digest": image,
            "size": fs::metadata(registry.blob_file(&image)).expect("it is there").len(),
            "platform": { "architecture": "wasm", "os": "wasip2" },
        }],
    });
    let index = registry.push_manifest(REPOSITORY, index_type, index.to_string().as_bytes());
    let refused = pull_from(&registry.name(), &index);
    assert_eq!(refused, Err(OciError::NotAComponent(Shape::Index)));
}

#[test]
fn an_image_without_one_component_is_refused() {
    let registry = Registry::start();
    let layer = |media_type: &str, blob: &[u8]| registry.push_blob(REPOSITORY, media_type, blob);
    let wasm = || layer("application/wasm", b"dummy component");
    let text = |text: &[u8]| layer(SIGNATURE_LAYER, text);
    let other = layer("application/vnd.oci.image.layer.v1.tar", b"dummy");
    for (layers, shape) in [
        (vec![other], Shape::NoComponent),
        (vec![wasm(), wasm()], Shape::SeveralComponents),
        (
            vec![wasm(), text(b"a"), text(b"b")],
            Shape::SeveralSignatures,
        ),
        (vec![wasm(), text(b"\xff\xfe")], Shape::SignatureText),
    ] {
        let image = registry.push_image(REPOSITORY, &layers);
        let refused = pull_from(&registry.name(), &image);
        assert_eq!(refused, Err(OciError::NotAComponent(shape)));
    }
}

#[test]
fn a_signature_larger_than_any_is_not_asked_for() {
    let registry = Registry::start();
    let long = "x".repeat(16 * 1024 + 1);
    let image = registry.push(REPOSITORY, b"dummy component", Some(&long));
    let refused = pull_from(&registry.name(), &image);
    let (item, limit) = (Item::Signature, 16 * 1024);
    assert_eq!(refused, Err(OciError::TooLarge { item, limit }));
}

#[test]
fn a_registry_with_a_password_lets_in_who_has_it() {
    let registry = Registry::with_password();
    let image = registry.push(REPOSITORY, b"dummy component", Some(SIGNATURE));
    let name = registry.name();
    let refused = OciError::Unauthorized(Peer::Registry, Item::Manifest);
    assert_eq!(pull_from(&name, &image), Err(refused));

    let pull_with = |password: &str| {
        let login = login(&name, password);
        let request = Pull {
            credentials: Some(&login),
            ..request(&name, &image)
        };
        pull(&request, &mut |_, _| ())
    };
    let pulled = pull_with(Registry::PASSWORD).expect("the password is right");
    assert_eq!(pulled.component, b"dummy component");
    assert_eq!(pull_with("dummy-mistake"), Err(refused));
}

#[test]
fn a_certificate_is_trusted_only_by_its_authority() {
    let registry = Registry::with_tls();
    let open = Registry::start();
    let image = open.push(REPOSITORY, b"dummy component", None);
    copy(&open.storage(), &registry.storage());

    let name = registry.name();
    let pull_by = |authority: &[u8]| {
        let request = Pull {
            authority: Some(authority),
            ..request(&name, &image)
        };
        pull(&request, &mut |_, _| ())
    };
    let pulled = pull_by(&registry.authority()).expect("the authority is the registry's");
    assert_eq!(pulled.component, b"dummy component");

    let other = Registry::with_tls().authority();
    let refused = Err(OciError::Certificate(Peer::Registry));
    assert_eq!(pull_by(&other), refused);
    // Without TLS there is no answer that a registry would give.
    let answer = OciError::Answer(Peer::Registry, Item::Manifest);
    assert_eq!(pull_from(&name, &image), Err(answer));
}

#[test]
fn a_connection_that_breaks_is_an_outage_and_no_short_component() {
    let registry = Registry::start();
    let component = component(1_000_000);
    let image = registry.push(REPOSITORY, &component, None);
    let broken = Err(OciError::Unreachable(Peer::Registry));
    for fault in [
        Fault::CutAfter(0),
        Fault::ResetAfter(0),
        Fault::CutAfter(100_000),
        Fault::ResetAfter(100_000),
    ] {
        let link = Link::to(registry.address()).fault(fault);
        let name = link.address().to_string();
        assert_eq!(pull_from(&name, &image), broken, "{fault:?}");
    }
}

#[test]
fn a_registry_that_falls_silent_is_not_waited_for() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, &component(1_000_000), None);
    for bytes in [0, 100_000] {
        let link = Link::to(registry.address()).fault(Fault::StallAfter(bytes));
        let name = link.address().to_string();
        let request = Pull {
            deadline: Duration::from_secs(1),
            ..request(&name, &image)
        };
        let refused = pull(&request, &mut |_, _| ());
        assert_eq!(refused, Err(OciError::Timeout { seconds: 1 }));
    }
}

#[test]
fn one_connection_carries_a_whole_pull() {
    let registry = Registry::start();
    let image = registry.push(REPOSITORY, &component(100_000), Some(SIGNATURE));
    let link = Link::to(registry.address());
    pull_from(&link.address().to_string(), &image).expect("it was pushed");
    assert_eq!(link.connections(), 1);
}

/// Copies a folder and all that is in it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder is there") {
        let entry = entry.expect("the folder can be listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
