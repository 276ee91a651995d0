use std::ffi::OsString;
use std::path::Path;

use super::*;
use crate::plugin;

const TWO_ENVIRONMENTS: &str = "version = 1\n[environments.development]\n[environments.staging]\n";

fn decide(
    manifest: &str,
    flag: Option<&str>,
    variables: &[(&str, &str)],
) -> Result<Selection, String> {
    let manifest = Manifest::parse(Path::new("m"), manifest, plugin::standard_catalog())
        .expect("a manifest without mistakes");
    let wanted = Wanted::new(flag.map(str::to_owned), None, |name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| OsString::from(value))
    });
    Selection::decide(&manifest, &wanted).map_err(|error| error.to_string())
}

#[test]
fn development_is_what_nobody_needs_to_say() {
    let selection = decide("version = 1\n", None, &[]).expect("a selection");
    assert_eq!(selection.environment, "development");
    assert_eq!(selection.chosen_by, None);
    assert_eq!(selection.production, None);
}

#[test]
fn what_nobody_says_is_declared_in_any_spelling() {
    for name in ["dev", "Development", "DEV"] {
        let manifest = format!("version = 1\n[environments.{name}]\nproduction = true\n");
        let selection = decide(&manifest, None, &[]).expect("a selection");
        assert_eq!(selection.environment, name);
        assert_eq!(selection.chosen_by, None);
        assert!(selection.production.is_some(), "{name}");
    }
}

#[test]
fn the_flag_is_stronger_than_our_variable_and_that_than_the_ecosystems() {
    let variables = [("SECRETS_ENV", "staging"), ("NODE_ENV", "development")];
    let by_variable = decide(TWO_ENVIRONMENTS, None, &variables).expect("a selection");
    assert_eq!(by_variable.environment, "staging");
    assert_eq!(
        by_variable.chosen_by.as_deref(),
        Some("SECRETS_ENV=staging")
    );
    let by_flag = decide(TWO_ENVIRONMENTS, Some("development"), &variables).expect("a selection");
    assert_eq!(by_flag.environment, "development");
}

#[test]
fn any_variable_that_says_production_makes_it_production() {
    for variable in ECOSYSTEM_VARIABLES
        .into_iter()
        .chain([ENVIRONMENT_VARIABLE])
    {
        for says in ["production", "Production", "PROD", " prod "] {
            let selection = decide(TWO_ENVIRONMENTS, Some("development"), &[(variable, says)])
                .expect("a selection");
            assert_eq!(selection.environment, "development");
            let by = selection.production.expect("production");
            assert!(by.starts_with(variable), "{by}");
        }
    }
}

#[test]
fn an_environment_is_production_by_name_or_by_key() {
    let by_name = decide(
        "version = 1\n[environments.prod]\n",
        Some("production"),
        &[],
    );
    let by_name = by_name.expect("a selection");
    assert_eq!(by_name.environment, "prod");
    assert!(by_name.production.is_some());
    let text = "version = 1\n[environments.eu]\nproduction = true\n";
    let by_key = decide(text, Some("eu"), &[]).expect("a selection");
    assert!(by_key.production.is_some());
    let other = decide(
        TWO_ENVIRONMENTS,
        Some("staging"),
        &[("NODE_ENV", "reproduction")],
    );
    assert_eq!(other.expect("a selection").production, None);
}

#[test]
fn case_and_common_short_forms_do_not_matter() {
    for (says, means) in [
        ("DEV", "development"),
        ("Staging", "staging"),
        ("Development", "development"),
    ] {
        let selection = decide(TWO_ENVIRONMENTS, None, &[("APP_ENV", says)]).expect("a selection");
        assert_eq!(selection.environment, means);
    }
}

#[test]
fn an_environment_that_is_not_declared_is_refused_not_guessed() {
    let refused = decide(TWO_ENVIRONMENTS, None, &[("NODE_ENV", "test")]);
    assert!(
        refused
            .expect_err("not declared")
            .starts_with("NODE_ENV=test")
    );
    assert!(decide(TWO_ENVIRONMENTS, Some("stagin"), &[]).is_err());
}

#[test]
fn a_manifest_without_environments_does_not_mind_what_the_ecosystem_calls_them() {
    let none = "version = 1\n";
    let selection = decide(none, None, &[("NODE_ENV", "test")]).expect("a selection");
    assert_eq!(selection.environment, "development");
    assert!(decide(none, None, &[("SECRETS_ENV", "test")]).is_err());
    assert!(decide(none, Some("test"), &[]).is_err());
    let production = decide(
        none,
        None,
        &[("NODE_ENV", "test"), ("APP_ENV", "production")],
    );
    assert!(production.expect("a selection").production.is_some());
}

#[test]
fn an_empty_variable_says_nothing() {
    let selection = decide(
        TWO_ENVIRONMENTS,
        None,
        &[("SECRETS_ENV", ""), ("NODE_ENV", " ")],
    );
    assert_eq!(selection.expect("a selection").chosen_by, None);
}
