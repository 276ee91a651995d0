//! The validator of a run, made when it is first asked something.
//!
//! A run without rules starts no WebAssembly at all. A validator that once ran into its
//! deadline is asked nothing more in that run: the run has failed already, and fifty values
//! must not cost fifty deadlines.

use crate::error::Explain;
use crate::plugin::{Failure, PluginError, Rejection, Validator};
use crate::rule::Check;
use crate::secret::SecretValue;

/// Makes a validator.
pub type MakeValidator = fn() -> Result<Validator, PluginError>;

/// Judges values and parameters by rules.
#[derive(Debug)]
pub struct Judge {
    make: MakeValidator,
    validator: Option<Validator>,
    given_up: Option<Rejection>,
}

/// Why a value or a parameter was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum Verdict {
    /// The validator could not be made, so nothing was judged.
    #[error(transparent)]
    NoValidator(PluginError),
    /// It was judged and refused, or the validator failed over it.
    #[error(transparent)]
    Rejected(Rejection),
}

impl Explain for Verdict {
    fn kind(&self) -> &'static str {
        match self {
            Self::NoValidator(error) => error.kind(),
            Self::Rejected(rejection) => rejection.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoValidator(error) => error.hint(),
            Self::Rejected(rejection) => rejection.hint(),
        }
    }

    fn code(&self) -> Option<String> {
        match self {
            Self::Rejected(
                Rejection::Value { rule, violation } | Rejection::Parameters { rule, violation },
            ) => Some(format!("{rule}/{}", violation.code)),
            _ => None,
        }
    }
}

impl Judge {
    /// With the rules that come with this library.
    #[must_use]
    pub fn standard() -> Self {
        Self::new(Validator::standard)
    }

    /// With another validator.
    #[must_use]
    pub fn new(make: MakeValidator) -> Self {
        Self {
            make,
            validator: None,
            given_up: None,
        }
    }

    /// Whether the parameters of a check make sense.
    ///
    /// # Errors
    /// When they don't, or nobody can tell.
    pub fn check_parameters(&mut self, check: &Check) -> Result<(), Verdict> {
        self.ask(|validator| validator.check_parameters(check))
    }

    /// Whether a value is what a check wants.
    ///
    /// # Errors
    /// When it isn't, or nobody can tell.
    pub fn validate(&mut self, check: &Check, value: &SecretValue) -> Result<(), Verdict> {
        self.ask(|validator| validator.validate(check, value))
    }

    fn ask(
        &mut self,
        question: impl FnOnce(&mut Validator) -> Result<(), Rejection>,
    ) -> Result<(), Verdict> {
        if let Some(rejection) = &self.given_up {
            return Err(Verdict::Rejected(rejection.clone()));
        }
        let answer = question(self.validator()?);
        if let Err(late @ Rejection::Failed { failure, .. }) = &answer
            && matches!(failure, Failure::Deadline(_))
        {
            self.given_up = Some(late.clone());
        }
        answer.map_err(Verdict::Rejected)
    }

    fn validator(&mut self) -> Result<&mut Validator, Verdict> {
        match &mut self.validator {
            Some(validator) => Ok(validator),
            empty => {
                let made = (self.make)().map_err(Verdict::NoValidator)?;
                Ok(empty.insert(made))
            }
        }
    }
}
