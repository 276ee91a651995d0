//! Registries that want a token, send on, lie, or drip: what a client may be led to, and what not.

#[path = "hostile_registry/image.rs"]
mod image;

use std::time::{Duration, Instant};

use image::{COMPONENT, Image, LOGIN, came, login_for};
use secret_run_tests::{Response, SecretServer, digest};
use secret_runtime::error::Explain;
use secret_runtime::supply::oci::{Item, OciError, Peer, Pull, Shape, pull};

#[test]
fn a_token_is_got_where_the_registry_says_and_used_for_the_whole_pull() {
    let image = Image::new();
    let tokens = SecretServer::start();
    let token = Response::new(200).body(r#"{"token":"dummy-token","expires_in":60}"#);
    tokens.answer("/token", token);
    let realm = tokens.url("/token");
    image.want_token(&format!(
        r#"Bearer realm="{realm}",service="registry test""#
    ));

    came(image.pull(None));
    let asked = tokens.requests();
    assert_eq!(asked.len(), 1, "one token is enough");
    let query = "/token?service=registry%20test&scope=repository%3Arules%3Apull";
    assert_eq!(asked[0].path, query);
    assert_eq!(asked[0].header("authorization"), None);
}

#[test]
fn a_login_goes_to_the_token_service_and_not_to_the_registry() {
    let image = Image::new();
    let tokens = SecretServer::start();
    let token = Response::new(200).body(r#"{"access_token":"dummy-token"}"#);
    tokens.answer(
        "/token",
        token.only_with("authorization", LOGIN, Response::new(401)),
    );
    let realm = tokens.url("/token");
    let scope = "repository:rules:pull,push";
    image.want_token(&format!(r#"Bearer realm="{realm}",scope="{scope}""#));

    let refused = OciError::Unauthorized(Peer::TokenService, Item::Token);
    assert_eq!(image.pull(None), Err(refused));
    came(image.pull(Some(&image.login())));
    for request in image.server.requests() {
        assert_ne!(request.header("authorization"), Some(LOGIN));
    }
    for request in tokens.requests() {
        assert!(
            !request.path.contains("push"),
            "a right to push: {}",
            request.path
        );
    }
}

#[test]
fn a_token_service_on_another_host_is_not_asked_without_tls() {
    let image = Image::new();
    for realm in [
        "http://auth.example.com/token",
        "file:///etc/passwd",
        "/token",
        "https://user@auth.example.com/token",
    ] {
        image.want_token(&format!(r#"Bearer realm="{realm}""#));
        let refused = image.pull(Some(&image.login()));
        assert_eq!(refused, Err(OciError::Redirect(Item::Token)), "{realm}");
    }
}

#[test]
fn a_registry_that_the_login_is_not_for_is_not_sent_it_and_nor_is_whom_it_names() {
    let image = Image::new();
    let tokens = SecretServer::start();
    let token = Response::new(200).body(r#"{"token":"dummy-token"}"#);
    tokens.answer(
        "/token",
        token.only_with("authorization", LOGIN, Response::new(401)),
    );
    let realm = tokens.url("/token");
    let port = image.server.address().port();
    for other in [
        "registry.example.com".to_owned(),
        "127.0.0.1".to_owned(),
        format!("127.0.0.2:{port}"),
    ] {
        let login = login_for(&other);
        image.want_token(r#"Basic realm="test""#);
        let refused = OciError::Unauthorized(Peer::Registry, Item::Manifest);
        assert_eq!(image.pull(Some(&login)), Err(refused), "{other}");
        image.want_token(&format!(r#"Bearer realm="{realm}""#));
        let refused = OciError::Unauthorized(Peer::TokenService, Item::Token);
        assert_eq!(image.pull(Some(&login)), Err(refused), "{other}");
    }
    let asked = [image.server.requests(), tokens.requests()].concat();
    assert!(!asked.is_empty());
    for request in asked {
        assert_eq!(request.header("authorization"), None, "{}", request.path);
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let image = Image::new();
    let realm = image.server.url("/token");
    image.want_token(&format!(r#"Bearer realm="{realm}""#));
    let wrong = OciError::Answer(Peer::TokenService, Item::Token);
    let limit = 64 * 1024;
    let item = Item::Token;
    for (response, error) in [
        (Response::new(200).body("<html>"), wrong),
        (Response::new(200).body(r#"{"token":""}"#), wrong),
        (Response::new(200).body(r#"{"token":"a\r\nb: c"}"#), wrong),
        (Response::new(200).body(r#"{"token":7}"#), wrong),
        (Response::new(200).invalid_utf8(), wrong),
        (Response::new(404), wrong),
        (
            Response::new(200).body("x".repeat(limit + 1)),
            OciError::TooLarge {
                item,
                limit: limit as u64,
            },
        ),
        (
            Response::redirect(307, "/elsewhere"),
            OciError::Redirect(item),
        ),
        (
            Response::new(503),
            OciError::Unavailable(Peer::TokenService, 503),
        ),
    ] {
        image.server.answer("/token", response);
        assert_eq!(image.pull(Some(&image.login())), Err(error));
    }
}

#[test]
fn a_registry_that_is_never_content_is_asked_twice_and_no_more() {
    let image = Image::new();
    let challenge = r#"Basic realm="test""#;
    image.answer_manifest(Response::new(401).header("www-authenticate", challenge));
    let refused = OciError::Unauthorized(Peer::Registry, Item::Manifest);
    assert_eq!(image.pull(Some(&image.login())), Err(refused));
    assert_eq!(image.server.requests().len(), 2);
}

#[test]
fn a_redirect_to_another_origin_goes_without_the_login() {
    let image = Image::new();
    let store = SecretServer::start();
    store.answer("/blob", Response::new(200).body(COMPONENT));
    let challenge = Response::new(401).header("www-authenticate", r#"Basic realm="test""#);
    let manifest = image.good_manifest();
    image.answer_manifest(manifest.only_with("authorization", LOGIN, challenge.clone()));
    let there = Response::redirect(307, &store.url("/blob?signed=yes"));
    image.answer_blob(there.only_with("authorization", LOGIN, challenge));

    came(image.pull(Some(&image.login())));
    let asked = store.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].path, "/blob?signed=yes");
    assert_eq!(asked[0].header("authorization"), None);
}

#[test]
fn the_login_stays_behind_when_the_way_leads_back() {
    let image = Image::new();
    let store = SecretServer::start();
    store.answer(
        "/blob",
        Response::redirect(302, &image.server.url("/other")),
    );
    image
        .server
        .answer("/other", Response::new(200).body(COMPONENT));
    let challenge = Response::new(401).header("www-authenticate", r#"Basic realm="test""#);
    let manifest = image.good_manifest();
    image.answer_manifest(manifest.only_with("authorization", LOGIN, challenge));
    image.answer_blob(Response::redirect(302, &store.url("/blob")));

    came(image.pull(Some(&image.login())));
    let asked = image.server.requests();
    let last = asked.last().expect("it was asked");
    assert_eq!(last.path, "/other");
    assert_eq!(last.header("authorization"), None);
}

#[test]
fn a_redirect_within_the_registry_keeps_the_login() {
    let image = Image::new();
    let refusal = || Response::new(401).header("www-authenticate", r#"Basic realm="test""#);
    let only = |response: Response| response.only_with("authorization", LOGIN, refusal());
    image.answer_manifest(only(image.good_manifest()));
    image.answer_blob(only(Response::redirect(308, "/other")));
    let blob = Response::new(200).body(COMPONENT);
    image.server.answer("/other", only(blob));
    came(image.pull(Some(&image.login())));
}

#[test]
fn three_redirects_are_followed_and_no_fourth() {
    let image = Image::new();
    image.answer_blob(Response::redirect(302, "/1"));
    image.server.answer("/1", Response::redirect(301, "/2"));
    image.server.answer("/2", Response::redirect(303, "/3"));
    image
        .server
        .answer("/3", Response::new(200).body(COMPONENT));
    came(image.pull(None));

    image.server.answer("/3", Response::redirect(307, "/4"));
    image
        .server
        .answer("/4", Response::new(200).body(COMPONENT));
    assert_eq!(image.pull(None), Err(OciError::Redirect(Item::Component)));
    let asked = image.server.requests();
    assert!(asked.iter().all(|request| request.path != "/4"));
}

#[test]
fn a_redirect_leads_nowhere_without_tls() {
    let image = Image::new();
    let no_location = Response::new(307);
    let locations = [
        "http://store.example.com/blob",
        "ftp://store.example.com/blob",
        "//store.example.com/blob",
        "blob",
    ];
    let redirects = locations.map(|location| Response::redirect(307, location));
    for response in redirects.into_iter().chain([no_location]) {
        image.answer_blob(response);
        assert_eq!(image.pull(None), Err(OciError::Redirect(Item::Component)));
    }
}

#[test]
fn a_manifest_is_not_looked_for_elsewhere() {
    let image = Image::new();
    image.server.answer("/other", image.good_manifest());
    image.answer_manifest(Response::redirect(307, "/other"));
    assert_eq!(image.pull(None), Err(OciError::Redirect(Item::Manifest)));
}

#[test]
fn a_manifest_that_its_digest_does_not_name_is_not_read() {
    let image = Image::new();
    let other = image.manifest.replace("wasm", "Wasm");
    for body in [other.as_str(), "", "<html>dummy-text</html>"] {
        image.answer_manifest(Response::new(200).body(body));
        let refused = image.pull(None);
        assert_eq!(refused, Err(OciError::Mismatch(Item::Manifest)));
    }
}

#[test]
fn more_than_was_announced_is_not_taken() {
    let image = Image::new();
    let more = [COMPONENT, b" and more"].concat();
    image.answer_blob(Response::new(200).body(&more));
    let mismatch = Err(OciError::Mismatch(Item::Component));
    assert_eq!(image.pull(None), mismatch);
    // The claim alone is enough: nothing of it is waited for.
    let endless = Response::new(200).claim(u64::MAX / 2).body(COMPONENT);
    image.answer_blob(endless);
    assert_eq!(image.pull(None), mismatch);
}

#[test]
fn a_manifest_larger_than_any_is_not_taken() {
    let image = Image::new();
    let large = vec![b' '; 4 * 1024 * 1024 + 1];
    image.answer_manifest(Response::new(200).body(large));
    let (item, limit) = (Item::Manifest, 4 * 1024 * 1024);
    assert_eq!(image.pull(None), Err(OciError::TooLarge { item, limit }));
}

#[test]
fn a_component_larger_than_any_is_not_asked_for() {
    let image = Image::new();
    let manifest = image.manifest.replace(
        &format!(r#""size":{}"#, COMPONENT.len()),
        r#""size":268435457"#,
    );
    assert_ne!(manifest, image.manifest, "the size stands in the manifest");
    let image = Image {
        digest: digest(manifest.as_bytes()),
        manifest,
        ..image
    };
    image.answer_manifest(image.good_manifest());
    let (item, limit) = (Item::Component, 256 * 1024 * 1024);
    assert_eq!(image.pull(None), Err(OciError::TooLarge { item, limit }));
    assert_eq!(image.server.requests().len(), 1);
}

#[test]
fn outages_and_refusals_are_told_apart_and_no_text_of_them_is_shown() {
    let image = Image::new();
    let (peer, item) = (Peer::Registry, Item::Manifest);
    for (status, error) in [
        (403, OciError::Unauthorized(peer, item)),
        (404, OciError::NotFound(item)),
        (429, OciError::Unavailable(peer, 429)),
        (500, OciError::Unavailable(peer, 500)),
        (204, OciError::Answer(peer, item)),
        (401, OciError::Unauthorized(peer, item)),
    ] {
        let response = Response::new(status).header("www-authenticate", "dummy-text");
        image.answer_manifest(response.body("dummy-text"));
        let refused = image.pull(None).expect_err("it is refused");
        assert_eq!(refused, error, "{status}");
        let shown = format!("{refused} {refused:?} {:?}", refused.hint());
        assert!(!shown.contains("dummy-text"), "{shown}");
    }
}

#[test]
fn a_flood_of_headers_ends_the_pull() {
    let image = Image::new();
    image.answer_manifest(image.good_manifest().flood(2_000, 1_000));
    let refused = image.pull(None);
    assert_eq!(refused, Err(OciError::Unreachable(Peer::Registry)));
}

#[test]
fn a_registry_that_drips_is_not_waited_for() {
    let image = Image::new();
    let deadline = Duration::from_secs(1);
    let started = Instant::now();
    let timeout = Err(OciError::Timeout { seconds: 1 });
    image.answer_blob(
        Response::new(200)
            .body(COMPONENT)
            .drip(Duration::from_millis(300)),
    );
    assert_eq!(image.pull_within(None, deadline), timeout);
    image.answer_manifest(image.good_manifest().delay(Duration::from_secs(20)));
    assert_eq!(image.pull_within(None, deadline), timeout);
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "the deadline was not kept"
    );
}

#[test]
fn nobody_listening_is_an_outage() {
    let image = Image::new();
    let registry = format!("127.0.0.1:{}", secret_run_tests::free_port());
    let request = Pull {
        registry: &registry,
        repository: "rules",
        digest: &image.digest,
        authority: None,
        credentials: None,
        deadline: Duration::from_secs(10),
    };
    let refused = pull(&request, &mut |_, _| ());
    assert_eq!(refused, Err(OciError::Unreachable(Peer::Registry)));
}

#[test]
fn names_that_are_none_are_refused_before_anything_is_sent() {
    let image = Image::new();
    let registry = image.server.address().to_string();
    let good = Pull {
        registry: &registry,
        repository: "rules",
        digest: &image.digest,
        authority: None,
        credentials: None,
        deadline: Duration::from_secs(10),
    };
    for (request, error) in [
        (
            Pull {
                registry: "a/b",
                ..good
            },
            OciError::Registry,
        ),
        (
            Pull {
                repository: "../x",
                ..good
            },
            OciError::Repository,
        ),
        (
            Pull {
                digest: "latest",
                ..good
            },
            OciError::Digest,
        ),
        (
            Pull {
                authority: Some(b"dummy"),
                ..good
            },
            OciError::Authority,
        ),
    ] {
        assert_eq!(pull(&request, &mut |_, _| ()), Err(error));
    }
    assert_eq!(image.server.connections(), 0);
}

#[test]
fn a_document_of_another_kind_is_no_component() {
    let image = Image::new();
    let document = r#"{"schemaVersion":1,"fsLayers":[]}"#;
    let image = Image {
        digest: digest(document.as_bytes()),
        manifest: document.to_owned(),
        ..image
    };
    image.answer_manifest(image.good_manifest());
    let refused = image.pull(None);
    assert_eq!(refused, Err(OciError::NotAComponent(Shape::Manifest)));
}
