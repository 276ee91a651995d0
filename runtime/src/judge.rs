//! The validators of a run, each made when it is first asked something.
//!
//! A run without rules starts no WebAssembly at all. A validator that once ran into its
//! deadline is asked nothing more in that run: the run has failed already, and fifty values
//! must not cost fifty deadlines. One that could not be opened is not opened again either.

use std::collections::BTreeMap;

use crate::error::Explain;
use crate::plugin::{Failure, OpenError, PluginError, Plugins, Rejection, Validator};
use crate::rule::Check;
use crate::secret::SecretValue;

/// Makes a validator.
pub type MakeValidator = fn() -> Result<Validator, PluginError>;

/// Judges values and parameters by rules.
#[derive(Debug)]
pub struct Judge {
    make: MakeValidator,
    standard: Seat,
    plugins: Option<Plugins>,
    /// By the name of the plugin.
    others: BTreeMap<String, Seat>,
}

/// Who judges by the rules of one component, or why nobody does any more.
#[derive(Debug, Default)]
enum Seat {
    #[default]
    Empty,
    Taken(Box<Validator>),
    GivenUp(Verdict),
}

/// Why a value or a parameter was not accepted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Verdict {
    /// The validator could not be made, so nothing was judged.
    #[error(transparent)]
    NoValidator(PluginError),
    /// The plugin that knows the rule could not be opened.
    #[error(transparent)]
    NoPlugin(Box<OpenError>),
    /// It was judged and refused, or the validator failed over it.
    #[error(transparent)]
    Rejected(Rejection),
}

impl Explain for Verdict {
    fn kind(&self) -> &'static str {
        match self {
            Self::NoValidator(error) => error.kind(),
            Self::NoPlugin(error) => error.kind(),
            Self::Rejected(rejection) => rejection.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoValidator(error) => error.hint(),
            Self::NoPlugin(error) => error.hint(),
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

    /// With another validator for the rules that belong to no plugin.
    #[must_use]
    pub fn new(make: MakeValidator) -> Self {
        Self {
            make,
            standard: Seat::Empty,
            plugins: None,
            others: BTreeMap::new(),
        }
    }

    /// Lets it open plugins that the plan's rules belong to.
    pub(crate) fn lend(&mut self, plugins: &Plugins) {
        self.plugins = Some(plugins.clone());
    }

    /// Whether a check must be asked about before there is a value. The standard rules are
    /// known while the manifest is read; those of a plugin when it is loaded.
    pub(crate) fn wants_to_see(&self, check: &Check) -> bool {
        match check.plugin {
            None => !check.parameters.is_empty(),
            Some(_) => self.plugins.is_some(),
        }
    }

    /// Whether the parameters of a check make sense.
    ///
    /// # Errors
    /// When they don't, or nobody can tell.
    pub fn check_parameters(&mut self, check: &Check) -> Result<(), Verdict> {
        self.ask(check, |validator| validator.check_parameters(check))
    }

    /// Whether a value is what a check wants.
    ///
    /// # Errors
    /// When it isn't, or nobody can tell.
    pub fn validate(&mut self, check: &Check, value: &SecretValue) -> Result<(), Verdict> {
        self.ask(check, |validator| validator.validate(check, value))
    }

    fn ask(
        &mut self,
        check: &Check,
        question: impl FnOnce(&mut Validator) -> Result<(), Rejection>,
    ) -> Result<(), Verdict> {
        let (make, plugins) = (self.make, &self.plugins);
        let seat = match &check.plugin {
            None => &mut self.standard,
            Some(plugin) => self.others.entry(plugin.clone()).or_default(),
        };
        if let Seat::Empty = seat {
            let made = match (&check.plugin, plugins) {
                (None, _) => make().map_err(Verdict::NoValidator),
                (Some(plugin), Some(plugins)) => plugins
                    .validator(plugin)
                    .map_err(|error| Verdict::NoPlugin(Box::new(error))),
                (Some(plugin), None) => Err(Verdict::NoPlugin(Box::new(OpenError::Undeclared {
                    plugin: plugin.clone(),
                }))),
            };
            *seat = match made {
                Ok(validator) => Seat::Taken(Box::new(validator)),
                Err(verdict) => Seat::GivenUp(verdict),
            };
        }
        let answer = match seat {
            Seat::Taken(validator) => question(validator),
            Seat::GivenUp(verdict) => return Err(verdict.clone()),
            Seat::Empty => unreachable!("an empty seat was taken or given up above"),
        };
        if let Err(late @ Rejection::Failed { failure, .. }) = &answer
            && matches!(failure, Failure::Deadline(_))
        {
            *seat = Seat::GivenUp(Verdict::Rejected(late.clone()));
        }
        answer.map_err(Verdict::Rejected)
    }
}
