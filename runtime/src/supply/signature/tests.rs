//! The keys and signatures were made by `minisign` 0.11 for these tests, and sign nothing else.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use super::*;

const COMPONENT: &[u8] = b"dummy component\n";
const AUTHOR: &str = "RWR9IIf6f36ED9ihbVIZ4f1rc0Sc/I6eAlJ/gc/tI30UEZvms7rz1yNs";
const OTHER: &str = "RWQue0VNbLxqP1Kik7PJ3OTo32AwQ1NWj6MK4wD8/kb9ipqxyP/dJgFp";

/// `minisign -S`.
const HASHED: &str = "untrusted comment: dummy signature
RUR9IIf6f36ED7ql7YF3cKAzCqPusoiVdKu1CJgds8v3JbLS3dy5EPLdb30lM0eiqTZ3QmhWLMGImNeNUuiZYz2GPLl4rD/hUQc=
trusted comment: dummy comment
5zag0xf9SkLLk3pr3uytN5RX9eB+NDjuirRoj75lOHyaNc9ho8Rn36ONapE5yeNdRxX019hHYQhWRh3O/KZrCA==
";

/// `minisign -S -l`.
const LEGACY: &str = "untrusted comment: dummy signature
RWR9IIf6f36ED7xD2/Lh8dcus1C9ew59jb7m2DWmA7kdNFVMoVTa4hlNb3HGEINgblTWNlWkSurE41vnE316a7E/56CDicIH0gw=
trusted comment: dummy comment
4VX4KgBgiZ3dgpqvy+TwPa6AOr/M6+AxUAb/BU38kWk64KbTbWvCtJK0x2tfvyDAanIcVyIr2drvnX9alvmaCQ==
";

#[test]
fn both_forms_of_a_signature_are_accepted() {
    for signature in [HASHED, LEGACY, &HASHED.replace('\n', "\r\n")] {
        assert_eq!(verify(COMPONENT, Some(signature), AUTHOR), Ok(()));
    }
}

#[test]
fn a_changed_component_is_not_signed() {
    for signature in [HASHED, LEGACY] {
        for component in [b"".as_slice(), b"dummy component", b"dummy Component\n"] {
            let refused = verify(component, Some(signature), AUTHOR);
            assert_eq!(refused, Err(SignatureError::Invalid));
        }
    }
}

#[test]
fn the_signature_of_another_key_is_refused() {
    for signature in [HASHED, LEGACY] {
        let refused = verify(COMPONENT, Some(signature), OTHER);
        assert_eq!(refused, Err(SignatureError::OtherKey));
    }
}

#[test]
fn a_key_that_only_claims_the_authors_identifier_is_refused() {
    // Characters 4 to 14 carry the identifier, what follows is the key.
    let claimed = format!("{}{}", &AUTHOR[..14], &OTHER[14..]);
    let refused = verify(COMPONENT, Some(HASHED), &claimed);
    assert_eq!(refused, Err(SignatureError::Invalid));
}

#[test]
fn a_changed_trusted_comment_is_noticed() {
    let changed = HASHED.replace("trusted comment: dummy comment", "trusted comment: other");
    let refused = verify(COMPONENT, Some(&changed), AUTHOR);
    assert_eq!(refused, Err(SignatureError::Invalid));
}

#[test]
fn one_form_can_not_pass_for_the_other() {
    let lines: Vec<_> = HASHED.lines().collect();
    let renamed = HASHED.replace(lines[1], &lines[1].replacen("RUR", "RWR", 1));
    let refused = verify(COMPONENT, Some(&renamed), AUTHOR);
    assert_eq!(refused, Err(SignatureError::Invalid));
}

#[test]
fn a_component_without_a_signature_is_not_signed() {
    let refused = verify(COMPONENT, None, AUTHOR);
    assert_eq!(refused, Err(SignatureError::Missing));
}

#[test]
fn what_is_no_signature_is_refused_as_that() {
    let lines: Vec<_> = HASHED.lines().collect();
    let cut = lines[..3].join("\n");
    let long = format!("{HASHED}{}", " ".repeat(SIGNATURE_LIMIT));
    let unknown = HASHED.replace("RUR9", "XXR9");
    for text in ["", "\n\n\n\n", "dummy", &cut, &long, &unknown] {
        let refused = verify(COMPONENT, Some(text), AUTHOR);
        assert_eq!(refused, Err(SignatureError::Format), "{text}");
    }
}

#[test]
fn a_key_is_one_line_of_base64() {
    assert_eq!(check_key(AUTHOR), Ok(()));
    let file = format!("untrusted comment: dummy\n{AUTHOR}\n");
    let spaced = format!("{AUTHOR} ");
    let unknown = AUTHOR.replacen("RW", "XX", 1);
    for key in [
        "",
        "dummy",
        &file,
        &spaced,
        &unknown,
        &AUTHOR[1..],
        &"ä".repeat(28),
    ] {
        assert_eq!(check_key(key), Err(SignatureError::Key), "{key}");
        let refused = verify(COMPONENT, Some(HASHED), key);
        assert_eq!(refused, Err(SignatureError::Key), "{key}");
    }
}

#[test]
fn the_signature_beside_a_component_has_its_name_and_more() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("rules.wasm");
    assert_eq!(read_beside(&component), Ok(None));

    let file = folder.path().join("rules.wasm.minisig");
    assert_eq!(path_beside(&component), file);
    std::fs::write(&file, HASHED).unwrap();
    assert_eq!(read_beside(&component), Ok(Some(HASHED.to_owned())));
}

#[test]
fn what_stands_in_place_of_a_signature_is_not_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let component = folder.path().join("rules.wasm");
    let file = path_beside(&component);
    for content in [vec![b'a'; SIGNATURE_LIMIT + 1], b"\xff\xfe".to_vec()] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(read_beside(&component), Err(SignatureError::Format));
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(read_beside(&component), Err(SignatureError::Format));
    std::fs::remove_dir(&file).unwrap();
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(read_beside(&component), Err(SignatureError::Format));
}

#[test]
fn kinds_tell_missing_from_wrong() {
    for (error, kind) in [
        (SignatureError::Key, "signature-key"),
        (SignatureError::Missing, "signature-missing"),
        (SignatureError::Format, "signature-invalid"),
        (SignatureError::OtherKey, "signature-invalid"),
        (SignatureError::Invalid, "signature-invalid"),
    ] {
        assert_eq!(error.kind(), kind);
        assert!(error.hint().is_some());
    }
}
