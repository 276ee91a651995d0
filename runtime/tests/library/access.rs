//! What a program asks for, and what it is told when that is not there.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use proptest::prelude::*;
use secret_runtime::Secrets;
use secret_runtime::error::Explain;
use secret_runtime::secret::SecretValue;
use secret_runtime::secrets::AccessError;
use serde::Deserialize;

use crate::bed::Bed;

const ENTRIES: &str = "[secrets.DB_PASSWORD]\n[secrets.SETTINGS]\nvalidate = \"json\"\n\
                       [secrets.EXTRA]\nrequired = false\n\
                       [config.PORT]\ndefault = \"8080\"\nvalidate = \"port\"\n\
                       [config.MODE]\ndefault = \"blue-green\"\n\
                       [config.VERBOSE]\ndefault = \"On\"\n\
                       [config.RATIO]\ndefault = \"0.25\"\n";

fn loaded() -> (Bed, Secrets) {
    let bed = Bed::new(ENTRIES);
    bed.put("DB_PASSWORD", "dummy-password");
    bed.put("SETTINGS", r#"{"hosts":["a.example.com"],"retries":3}"#);
    let secrets = bed.load();
    (bed, secrets)
}

/// An error that quotes, as those of many types do.
#[derive(Debug)]
struct Picky;

impl FromStr for Picky {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Err(format!("what is {text}?"))
    }
}

#[derive(Debug, Deserialize, PartialEq)]
struct Settings {
    hosts: Vec<String>,
    retries: u8,
}

#[test]
fn values_come_in_the_form_that_is_asked_for() {
    let (_bed, secrets) = loaded();
    let password = secrets.required("DB_PASSWORD").unwrap();
    assert_eq!(password.text().unwrap(), "dummy-password");
    assert_eq!(password.name(), "DB_PASSWORD");
    assert_eq!(secrets.parse::<u16>("PORT").unwrap(), 8080);
    assert_eq!(secrets.json::<Settings>("SETTINGS").unwrap().retries, 3);
    assert!(secrets.optional("EXTRA").unwrap().is_none());
    let port = secrets.optional("PORT").unwrap().unwrap();
    assert_eq!(port.parse::<u32>().unwrap(), 8080);
}

#[test]
fn errors_say_what_the_entry_is_declared_as_and_what_was_meant() {
    let (bed, secrets) = loaded();
    let manifest = bed.path("secrets.toml");
    let manifest = manifest.display();
    let unknown = secrets.required("DB_PASWORD").unwrap_err();
    assert_eq!(unknown.kind(), "entry-not-declared");
    assert_eq!(unknown.hint().unwrap(), "did you mean `DB_PASSWORD`?");
    assert_eq!(
        unknown.to_string(),
        format!("`DB_PASWORD` is not declared in {manifest}")
    );
    let far = secrets.optional("QUEUE").unwrap_err();
    assert_eq!(far.hint().unwrap(), "declare it: [secrets.QUEUE]");
    let absent = secrets.required("EXTRA").unwrap_err();
    assert_eq!(absent.kind(), "entry-absent");
    let place = format!("at {manifest}:12");
    assert!(
        absent
            .to_string()
            .contains("an optional entry in [secrets]")
    );
    assert!(absent.to_string().ends_with(&place), "{absent}");
    let port = secrets.parse::<u8>("PORT").unwrap_err();
    assert_eq!(port.kind(), "entry-not-parsed");
    let said = port.to_string();
    assert!(said.starts_with("the value of `PORT` is no `u8`; it is in [config] at "));
    assert!(said.ends_with(", held to `port`"), "{said}");
    let key = secrets.rotating("DB_PASSWORD").unwrap_err();
    assert_eq!(key.kind(), "entry-without-previous");
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    BlueGreen,
    Rolling,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    db_password: SecretValue,
    #[serde(rename = "PORT")]
    port: u16,
    settings: Settings,
    mode: Mode,
    verbose: bool,
    ratio: f64,
    extra: Option<String>,
    #[serde(default)]
    workers: u8,
}

#[test]
fn a_struct_is_filled_by_the_names_of_its_fields() {
    let (_bed, secrets) = loaded();
    let config: Config = secrets.to_struct().unwrap();
    assert_eq!(config.db_password.expose(), b"dummy-password");
    assert_eq!((config.port, config.workers), (8080, 0));
    assert_eq!(config.settings.hosts, ["a.example.com"]);
    assert_eq!(config.mode, Mode::BlueGreen);
    assert!(config.verbose && config.extra.is_none());
    assert!((config.ratio - 0.25).abs() < f64::EPSILON);
    let all: HashMap<String, String> = secrets.to_struct().unwrap();
    assert_eq!(all.len(), 6);
    assert_eq!(all["PORT"], "8080");
}

#[test]
fn a_struct_that_cannot_be_filled_names_the_entry() {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never filled")]
    struct Typo {
        db_pasword: String,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never filled")]
    struct Absent {
        extra: String,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never filled")]
    struct Number {
        db_password: u64,
    }
    let (_bed, secrets) = loaded();
    let typo = secrets.to_struct::<Typo>().unwrap_err();
    assert_eq!(typo.hint().unwrap(), "did you mean `DB_PASSWORD`?");
    let absent = secrets.to_struct::<Absent>().unwrap_err();
    assert!(matches!(&absent, AccessError::Absent { name, .. } if name == "EXTRA"));
    let number = secrets.to_struct::<Number>().unwrap_err();
    assert_eq!(number.kind(), "entries-not-filled");
    let said = number.to_string();
    assert!(said.contains("`DB_PASSWORD` does not fit"), "{said}");
    assert!(!format!("{number:?}{said}").contains("dummy"));
    assert!(secrets.to_struct::<u8>().is_err());
}

#[test]
fn an_alias_of_a_field_is_no_second_value_unless_it_names_another_entry() {
    #[derive(Deserialize)]
    struct Renamed {
        #[serde(alias = "DB_PASSWORD", alias = "password")]
        db_password: String,
        #[serde(alias = "port")]
        listen_on: u16,
    }
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never filled")]
    struct Both {
        #[serde(alias = "port")]
        db_password: String,
    }
    let (_bed, secrets) = loaded();
    let renamed: Renamed = secrets.to_struct().unwrap();
    assert_eq!(renamed.db_password, "dummy-password");
    assert_eq!(renamed.listen_on, 8080);
    let both = secrets.to_struct::<Both>().unwrap_err();
    assert_eq!(both.kind(), "entries-not-filled");
    assert!(both.to_string().contains("`db_password`"), "{both}");
}

/// Whatever says something about a value.
fn said(secrets: &Secrets) -> Vec<String> {
    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "it is never filled")]
    struct Wrong {
        db_password: Mode,
    }
    fn both(error: impl fmt::Debug + fmt::Display + Explain) -> String {
        format!("{error:?} {error} {:?} {:#?}", error.hint(), error)
    }
    let name = "DB_PASSWORD";
    vec![
        both(secrets.parse::<Picky>(name).unwrap_err()),
        both(secrets.parse::<u16>(name).unwrap_err()),
        both(secrets.json::<Settings>(name).unwrap_err()),
        both(secrets.json::<Vec<u8>>(name).unwrap_err()),
        both(secrets.to_struct::<Wrong>().unwrap_err()),
        both(
            secrets
                .to_struct::<HashMap<String, Settings>>()
                .unwrap_err(),
        ),
        format!("{secrets:?} {:?}", secrets.snapshot()),
        format!("{:?}", secrets.required(name).unwrap()),
        format!("{:?}", secrets.status()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_message_shows_a_value(value in "[\"!#-~]{9,40}") {
        // What JSON would take for a document fits where it must not.
        prop_assume!(serde_json::from_str::<serde_json::Value>(&value).is_err());
        let bed = Bed::new(ENTRIES);
        bed.put("DB_PASSWORD", &value).put("SETTINGS", "{}");
        let secrets = bed.load();
        for text in said(&secrets) {
            prop_assert!(!text.contains(&value), "{text}");
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_handed_out_as_bytes() {
    let bed = Bed::new("[secrets.KEY]\n");
    bed.put("KEY", [0xff, 0x00, 0xfe]);
    let secrets = bed.load();
    let key = secrets.required("KEY").unwrap();
    assert_eq!(key.expose(), [0xff, 0x00, 0xfe]);
    assert_eq!(key.text().unwrap_err().kind(), "entry-not-text");
    #[derive(Deserialize)]
    struct Bytes {
        key: SecretValue,
    }
    assert_eq!(
        secrets.to_struct::<Bytes>().unwrap().key.expose(),
        key.expose()
    );
}
