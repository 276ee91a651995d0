//! A component that judges values.

use std::borrow::Cow;

use wasmtime::component::Component;

use crate::rule::{Catalog, Check};
use crate::secret::SecretValue;

use super::alarm::MakeAlarm;
use super::artifact;
use super::error::PluginError;
use super::instance::{Code, Instance};
use super::limits::Limits;
use super::rejection::{Failure, Rejection};
use super::watchdog::Watchdog;

/// Judges values by the rules of one component.
///
/// An instance is started for the first value, and judges the following ones too. When it
/// fails it is dropped, and the next value gets a fresh one. An instance may thus have seen
/// other values before; it has no way to tell of them but the codes of its own catalogue.
pub struct Validator {
    pub(super) name: Cow<'static, str>,
    pub(super) catalog: Cow<'static, Catalog>,
    pub(super) component: Component,
    pub(super) limits: Limits,
    pub(super) watchdog: Watchdog,
    pub(super) instance: Option<Instance>,
}

impl Validator {
    /// The rules that come with `secret-run`, compiled ahead of time.
    ///
    /// # Errors
    /// When the engine can't start or the compiled component can't be loaded, for want of
    /// memory for instance.
    pub fn standard() -> Result<Self, PluginError> {
        let component = artifact::standard()?;
        Ok(Self::new(
            Cow::Borrowed(artifact::NAME),
            Cow::Borrowed(artifact::standard_catalog()),
            component,
            Limits::default(),
        ))
    }

    pub(super) fn new(
        name: Cow<'static, str>,
        catalog: Cow<'static, Catalog>,
        component: Component,
        limits: Limits,
    ) -> Self {
        let watchdog = Watchdog::new(component.engine().clone(), limits.time);
        Self {
            name,
            catalog,
            component,
            limits,
            watchdog,
            instance: None,
        }
    }

    /// Has the program's own alarm end calls that run too long, instead of a thread.
    #[must_use]
    pub fn with_alarm(mut self, make: MakeAlarm) -> Self {
        self.watchdog.use_alarm(make);
        self
    }

    /// The name under which messages speak of the component.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules of the component.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Asks whether the parameters make sense together, before there is a value.
    ///
    /// # Errors
    /// [`Rejection::Check`] or [`Rejection::Parameters`] when they don't,
    /// [`Rejection::Failed`] when the component breaks down.
    pub fn check_parameters(&mut self, check: &Check) -> Result<(), Rejection> {
        self.refuse(check)?;
        match self.ask(|instance, watchdog| instance.check_parameters(watchdog, check))? {
            Ok(()) => Ok(()),
            Err(code) => {
                Err(
                    self.violation(check, &code, |rule, violation| Rejection::Parameters {
                        rule,
                        violation,
                    }),
                )
            }
        }
    }

    /// Judges a value.
    ///
    /// # Errors
    /// [`Rejection::Value`] when it violates the rule, [`Rejection::Check`] when there is no
    /// such rule or it does not take these parameters, [`Rejection::Failed`] when the
    /// component breaks down. No error holds anything of the value.
    pub fn validate(&mut self, check: &Check, value: &SecretValue) -> Result<(), Rejection> {
        self.refuse(check)?;
        match self.ask(|instance, watchdog| instance.validate(watchdog, check, value))? {
            Ok(()) => Ok(()),
            Err(code) => Err(
                self.violation(check, &code, |rule, violation| Rejection::Value {
                    rule,
                    violation,
                }),
            ),
        }
    }

    /// The contract promises the component that it is asked about its own rules only.
    fn refuse(&self, check: &Check) -> Result<(), Rejection> {
        match self.catalog.refuse(check).into_iter().next() {
            Some(error) => Err(Rejection::Check(error)),
            None => Ok(()),
        }
    }

    /// Asks the running instance, or a fresh one. It stays only if it answers.
    fn ask<Answer>(
        &mut self,
        ask: impl FnOnce(&mut Instance, &mut Watchdog) -> Result<Answer, Failure>,
    ) -> Result<Answer, Rejection> {
        let answer = self.running().and_then(|mut instance| {
            let answer = ask(&mut instance, &mut self.watchdog)?;
            self.instance = Some(instance);
            Ok(answer)
        });
        answer.map_err(|failure| self.failed(failure))
    }

    fn running(&mut self) -> Result<Instance, Failure> {
        match self.instance.take() {
            Some(instance) => Ok(instance),
            None => Instance::start(&self.component, self.limits, &mut self.watchdog),
        }
    }

    /// What the catalogue says about a code. Nothing is kept of a code that it does not list.
    fn violation(
        &self,
        check: &Check,
        code: &Code,
        rejection: impl FnOnce(String, crate::rule::ViolationSpec) -> Rejection,
    ) -> Rejection {
        let listed = self
            .catalog
            .rule(&check.rule)
            .and_then(|rule| rule.violation(code));
        match listed {
            Some(violation) => rejection(check.rule.clone(), violation.clone()),
            None => self.failed(Failure::UnknownCode),
        }
    }

    fn failed(&self, failure: Failure) -> Rejection {
        Rejection::Failed {
            validator: self.name.to_string(),
            failure,
        }
    }
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validator")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
