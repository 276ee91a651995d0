#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use proptest::prelude::*;
use secret_runtime::error::Explain;

use super::*;

const ROOMY: Limits = Limits {
    string: 128 * 1024,
    total: 2 * 1024 * 1024,
};

fn parent(entries: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    entries
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn additions(entries: &[(&str, &str)]) -> Vec<(String, SecretValue)> {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), SecretValue::copy_of(value.as_bytes())))
        .collect()
}

fn strings(environment: &ChildEnvironment) -> Vec<String> {
    environment
        .strings()
        .map(|string| string.to_string_lossy().into_owned())
        .collect()
}

fn built(
    parent: &[(OsString, OsString)],
    inherit: &Inherit,
    additions: &[(String, SecretValue)],
) -> Vec<String> {
    let recipe = Recipe {
        parent,
        inherit,
        scrub: &["DOPPLER_TOKEN".to_owned()],
        additions,
    };
    strings(&recipe.build(0, &ROOMY).unwrap())
}

fn refused(
    added: &[(String, SecretValue)],
    arguments: usize,
    limits: &Limits,
) -> Vec<EnvironmentError> {
    let recipe = Recipe {
        parent: &[],
        inherit: &Inherit::All,
        scrub: &[],
        additions: added,
    };
    recipe.build(arguments, limits).unwrap_err()
}

#[test]
fn an_addition_replaces_what_the_parent_had() {
    let parent = parent(&[("A", "1"), ("B", "2")]);
    let got = built(&parent, &Inherit::All, &additions(&[("A", "3")]));
    assert_eq!(got, ["B=2", "A=3"]);
}

#[test]
fn of_duplicates_the_one_that_getenv_finds_stays() {
    let parent = parent(&[("A", "first"), ("B", "2"), ("A", "second")]);
    assert_eq!(built(&parent, &Inherit::All, &[]), ["A=first", "B=2"]);
}

#[test]
fn credentials_of_the_launcher_are_not_inherited_however_often_they_stand_there() {
    let parent = parent(&[
        ("VAULT_TOKEN", "t"),
        ("DOPPLER_TOKEN", "d"),
        ("VAULT_SECRET_ID", "s"),
        ("VAULT_TOKEN", "again"),
        ("VAULT_TOKENS", "mine"),
    ]);
    let listed = Inherit::Only(vec!["VAULT_TOKEN".to_owned(), "*".to_owned()]);
    assert_eq!(built(&parent, &Inherit::All, &[]), ["VAULT_TOKENS=mine"]);
    assert_eq!(built(&parent, &listed, &[]), ["VAULT_TOKENS=mine"]);
}

#[test]
fn an_app_that_declares_a_scrubbed_name_gets_what_was_resolved() {
    let parent = parent(&[("VAULT_TOKEN", "the launcher's")]);
    let got = built(
        &parent,
        &Inherit::All,
        &additions(&[("VAULT_TOKEN", "the app's")]),
    );
    assert_eq!(got, ["VAULT_TOKEN=the app's"]);
}

#[test]
fn inherit_narrows_to_names_and_to_beginnings() {
    let parent = parent(&[
        ("LANG", "C"),
        ("LC_ALL", "C"),
        ("LC", "x"),
        ("PATH", "/bin"),
    ]);
    let listed = Inherit::Only(vec!["PATH".to_owned(), "LC_*".to_owned()]);
    assert_eq!(built(&parent, &listed, &[]), ["LC_ALL=C", "PATH=/bin"]);
    assert_eq!(
        built(
            &parent,
            &Inherit::Only(Vec::new()),
            &additions(&[("A", "1")])
        ),
        ["A=1"]
    );
}

#[test]
fn entries_that_getenv_cannot_find_are_left_out() {
    let parent = parent(&[
        ("", "x"),
        ("=C:", "y"),
        ("A=B", "z"),
        ("N\0", "n"),
        ("M", "\0"),
        ("OK", "a=b"),
    ]);
    assert_eq!(built(&parent, &Inherit::All, &[]), ["OK=a=b"]);
}

#[test]
fn selection_variables_reach_a_nested_launcher() {
    let parent = parent(&[("SECRETS_ENV", "staging")]);
    assert_eq!(built(&parent, &Inherit::All, &[]), ["SECRETS_ENV=staging"]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let added = additions(&[
        ("A", "x\0y"),
        ("", "1"),
        ("B=C", "2"),
        ("D", "3"),
        ("D", "4"),
    ]);
    let kinds: Vec<&str> = refused(&added, 0, &ROOMY)
        .iter()
        .map(Explain::kind)
        .collect();
    assert_eq!(
        kinds,
        [
            "environment-nul",
            "environment-name",
            "environment-name",
            "environment-name-twice"
        ]
    );
}

#[test]
fn a_string_may_fill_the_limit_and_not_a_byte_more() {
    // `K=`, the value, and the NUL.
    let fits = "v".repeat(ROOMY.string - 3);
    let environment = built(&[], &Inherit::All, &additions(&[("K", &fits)]));
    assert_eq!(environment[0].len() + 1, ROOMY.string);

    let problems = refused(&additions(&[("K", &format!("{fits}v"))]), 0, &ROOMY);
    let EnvironmentError::TooLong {
        kib: 129,
        limit_kib: 128,
        added: true,
        ..
    } = problems[0]
    else {
        panic!("{problems:?}");
    };
    assert!(problems[0].hint().unwrap().contains("deliver = \"file\""));
}

#[test]
fn the_largest_are_named_when_the_whole_is_too_much() {
    let limits = Limits {
        total: 128 * 1024,
        ..ROOMY
    };
    let values: Vec<String> = (1..=5).map(|tens| "v".repeat(tens * 10 * 1024)).collect();
    let names = ["A", "B", "C", "D", "E"];
    let added: Vec<(&str, &str)> = names
        .iter()
        .copied()
        .zip(values.iter().map(String::as_str))
        .collect();
    let problems = refused(&additions(&added), 2048, &limits);
    assert_eq!(
        problems[0].to_string(),
        "arguments and environment take 153 KiB together; the kernel takes at most 128 KiB \
         (arguments: 2 KiB; largest variables: E 51 KiB, D 41 KiB, C 31 KiB)"
    );
}

#[test]
fn the_total_is_a_quarter_of_the_stack_within_bounds() {
    let total = |stack| Limits::new(4096, stack).total;
    assert_eq!(total(8 << 20), 2 << 20);
    assert_eq!(total(100 << 10), 128 << 10);
    assert_eq!(total(u64::MAX), 6 << 20);
    assert_eq!(Limits::new(4096, 0).string, 131_072);
    assert_eq!(Limits::new(65_536, 0).string, 2_097_152);
}

#[test]
fn neither_debug_nor_errors_hold_a_value() {
    let value = "hunter2-hunter2";
    let parent = parent(&[("P", value)]);
    let recipe_parts = additions(&[("S", value)]);
    let recipe = Recipe {
        parent: &parent,
        inherit: &Inherit::All,
        scrub: &[],
        additions: &recipe_parts,
    };
    let environment = recipe.build(0, &ROOMY).unwrap();
    assert_eq!(format!("{environment:?}"), r#"["P", "S"]"#);
    assert_eq!(environment.get("S"), Some(value.as_bytes()));

    let long = additions(&[
        ("L", &value.repeat(20_000)),
        ("N", "hunter2\0"),
        ("N", value),
    ]);
    for problem in refused(&long, 0, &ROOMY) {
        let shown = format!("{problem} {problem:?} {:?}", problem.hint());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

fn any_os_string() -> impl Strategy<Value = OsString> {
    use std::os::unix::ffi::OsStringExt;
    // Few letters, so that names meet; any byte, so that nothing is assumed to be text.
    prop_oneof![
        prop::collection::vec(prop::sample::select(b"AB=\0\xff".to_vec()), 0..4),
        prop::collection::vec(any::<u8>(), 0..8),
    ]
    .prop_map(OsString::from_vec)
}

fn any_additions() -> impl Strategy<Value = Vec<(String, SecretValue)>> {
    let value = prop::collection::vec(1..=u8::MAX, 0..40);
    prop::collection::btree_map("[A-C_]{1,2}|VAULT_TOKEN", value, 0..6).prop_map(|map| {
        let each = map
            .into_iter()
            .map(|(name, value)| (name, SecretValue::new(value)));
        each.collect()
    })
}

fn any_inherit() -> impl Strategy<Value = Inherit> {
    prop_oneof![
        Just(Inherit::All),
        Just(Inherit::Only(Vec::new())),
        prop::collection::vec("[AB]{0,2}\\*?", 0..3).prop_map(Inherit::Only),
    ]
}

proptest! {
    #[test]
    fn any_parent_and_additions_make_a_sound_environment(
        parent in prop::collection::vec((any_os_string(), any_os_string()), 0..12),
        inherit in any_inherit(),
        scrub in prop::collection::vec("[A-C]{1,2}", 0..3),
        additions in any_additions(),
    ) {
        let recipe = Recipe { parent: &parent, inherit: &inherit, scrub: &scrub, additions: &additions };
        let environment = recipe.build(0, &ROOMY).unwrap();

        let names: Vec<&[u8]> = environment.names().collect();
        let unique: BTreeSet<&[u8]> = names.iter().copied().collect();
        prop_assert_eq!(unique.len(), names.len());
        for (name, value) in &additions {
            prop_assert_eq!(environment.get(name), Some(value.expose()));
        }
        for name in scrub.iter().map(String::as_str).chain(LAUNCHER_CREDENTIALS.iter().copied()) {
            let added = additions.iter().any(|(addition, _)| addition == name);
            prop_assert_eq!(environment.get(name).is_some(), added);
        }
        for string in environment.strings() {
            let equals = string.to_bytes().iter().position(|byte| *byte == b'=');
            prop_assert!(equals.is_some_and(|at| at > 0));
        }
        let again = recipe.build(0, &ROOMY).unwrap();
        prop_assert!(environment.strings().eq(again.strings()));
    }

    #[test]
    fn any_additions_are_refused_or_kept_but_never_panic(
        additions in prop::collection::vec((".{0,4}", prop::collection::vec(any::<u8>(), 0..8)), 0..6),
        total in 0_usize..200,
        string in 0_usize..20,
    ) {
        let additions: Vec<_> =
            additions.into_iter().map(|(name, value)| (name, SecretValue::new(value))).collect();
        let recipe = Recipe { parent: &[], inherit: &Inherit::All, scrub: &[], additions: &additions };
        match recipe.build(0, &Limits { string, total }) {
            Ok(environment) => prop_assert_eq!(environment.names().count(), additions.len()),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }
}
