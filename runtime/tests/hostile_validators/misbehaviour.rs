//! What a guest does wrong, and what is expected of that.

use secret_runtime::error::Explain;
use secret_runtime::plugin::{PluginError, Validator};

use crate::guest::{Guest, Rule, check, value};

/// Begins with the mark that makes a guest misbehave.
pub(crate) const VALUE: &str = "!correct-horse-battery-staple";

/// The guest fails at one value with this kind of error, and judges the next one all the same.
#[track_caller]
pub(crate) fn assert_fails_once(guest: &Guest, kind: &str) {
    let mut validator = guest.compile().unwrap();
    let rejection = validator.validate(&check(), &value(VALUE)).unwrap_err();
    assert_eq!(rejection.kind(), kind, "{rejection}");
    assert_eq!(rejection.code(), None);
    let shown = format!("{rejection} {rejection:?} {:?}", rejection.hint());
    assert!(!shown.contains("horse"), "{shown}");

    assert_eq!(validator.validate(&check(), &value("fine")), Ok(()));
    let rejection = validator.validate(&check(), &value("?")).unwrap_err();
    assert_eq!(
        (rejection.kind(), rejection.code()),
        ("invalid-value", Some("bad"))
    );
}

#[track_caller]
pub(crate) fn assert_refused(result: Result<Validator, PluginError>, kind: &str) -> PluginError {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    error
}

pub(crate) fn rules(instructions: &str) -> Guest {
    Guest {
        rules: instructions.to_owned(),
        ..Guest::default()
    }
}

pub(crate) fn catalogue(rule: Rule) -> Guest {
    Guest {
        catalogue: vec![rule],
        ..Guest::default()
    }
}
