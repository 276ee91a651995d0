//! One running component.
//!
//! Each call is watched, and ends with an answer of the contract's form or a [`Failure`].
//! After a failure the instance is in no known state: drop it. Dropping unmaps its memory,
//! and the values in it.

use wasmtime::component::{Component, ComponentNamedList, Func, Lift, Linker, Lower};
use wasmtime::{Store, Trap, UpdateDeadline};
use zeroize::Zeroizing;

use crate::rule::Check;
use crate::secret::SecretValue;

use super::interface::VALIDATION;
use super::limits::{Excess, Limits, Meter};
use super::question::{self, CHECK_PARAMETERS, Parameter, VALIDATE, Verdict};
use super::rejection::Failure;
use super::watchdog::{Watch, Watchdog};

/// The bytes that a verdict may have: a code is shorter. What is longer, such as a value
/// that is echoed, is not copied out of the guest at all.
const VERDICT: usize = 256;

/// A component with memory of its own.
pub(super) struct Instance {
    store: Store<Meter>,
    instance: wasmtime::component::Instance,
    limits: Limits,
}

/// The code of a violation, in the guest's words: to be looked up, never to be shown.
pub(super) type Code = Zeroizing<String>;

impl Instance {
    /// Starts a component. It gets nothing to import.
    pub(super) fn start(
        component: &Component,
        limits: Limits,
        watchdog: &mut Watchdog,
    ) -> Result<Self, Failure> {
        let engine = component.engine();
        let mut store = Store::new(engine, Meter::new(limits));
        store.limiter(|meter| meter);
        store.epoch_deadline_callback(|store| {
            if store.data().is_late() {
                Err(Trap::Interrupt.into())
            } else {
                Ok(UpdateDeadline::Continue(1))
            }
        });
        let watch = watchdog.watch().map_err(|_| Failure::Start)?;
        arm(&mut store, &watch);
        let started = Linker::new(engine).instantiate(&mut store, component);
        drop(watch);
        match started {
            Ok(instance) => Ok(Self {
                store,
                instance,
                limits,
            }),
            Err(error) => Err(classify(&error, store.data(), limits, Failure::Start)),
        }
    }

    /// Asks whether the parameters make sense together.
    pub(super) fn check_parameters(
        &mut self,
        watchdog: &mut Watchdog,
        check: &Check,
    ) -> Result<Result<(), Code>, Failure> {
        let parameters = question::parameters(check);
        let question: (&str, &[Parameter<'_>]) = (&check.rule, &parameters);
        let (verdict,): Verdict = self.call(watchdog, CHECK_PARAMETERS, question, VERDICT)?;
        Ok(verdict.map_err(Code::new))
    }

    /// Asks whether a value satisfies a rule.
    pub(super) fn validate(
        &mut self,
        watchdog: &mut Watchdog,
        check: &Check,
        value: &SecretValue,
    ) -> Result<Result<(), Code>, Failure> {
        let parameters = question::parameters(check);
        let question: (&str, &[Parameter<'_>], &[u8]) = (&check.rule, &parameters, value.expose());
        let (verdict,): Verdict = self.call(watchdog, VALIDATE, question, VERDICT)?;
        Ok(verdict.map_err(Code::new))
    }

    /// Calls a function whose answer may have at most `most` bytes.
    fn call<Question, Answer>(
        &mut self,
        watchdog: &mut Watchdog,
        name: &str,
        question: Question,
        most: usize,
    ) -> Result<Answer, Failure>
    where
        Question: ComponentNamedList + Lower,
        Answer: ComponentNamedList + Lift,
    {
        let function = self.function(name).ok_or(Failure::Answer)?;
        let function = function
            .typed::<Question, Answer>(&self.store)
            .map_err(|_| Failure::Answer)?;
        self.store.set_hostcall_fuel(most);
        let watch = watchdog.watch().map_err(|_| Failure::Start)?;
        arm(&mut self.store, &watch);
        let answer = function.call(&mut self.store, question);
        drop(watch);
        answer.map_err(|error| classify(&error, self.store.data(), self.limits, Failure::Answer))
    }

    fn function(&mut self, name: &str) -> Option<Func> {
        let interface = self
            .instance
            .get_export_index(&mut self.store, None, VALIDATION)?;
        let function = self
            .instance
            .get_export_index(&mut self.store, Some(&interface), name)?;
        self.instance.get_func(&mut self.store, function)
    }
}

/// Lets the next call run until the end of the watch.
fn arm(store: &mut Store<Meter>, watch: &Watch<'_>) {
    store.data_mut().set_deadline(watch.deadline());
    store.set_epoch_deadline(1);
}

/// What only somebody who does not know the component yet has to ask.
#[cfg(feature = "compile")]
impl Instance {
    /// Asks for all rules.
    pub(super) fn rules(
        &mut self,
        watchdog: &mut Watchdog,
    ) -> Result<Vec<super::answer::Rule>, Failure> {
        let (rules,): super::answer::Rules =
            self.call(watchdog, super::answer::RULES, (), self.limits.catalog)?;
        Ok(rules)
    }

    /// Whether all functions of the contract are there, in the contract's types.
    pub(super) fn speaks_the_contract(&mut self) -> bool {
        self.has::<(), super::answer::Rules>(super::answer::RULES)
            && self.has::<(&str, &[Parameter<'_>]), Verdict>(CHECK_PARAMETERS)
            && self.has::<(&str, &[Parameter<'_>], &[u8]), Verdict>(VALIDATE)
    }

    fn has<Question, Answer>(&mut self, name: &str) -> bool
    where
        Question: ComponentNamedList + Lower,
        Answer: ComponentNamedList + Lift,
    {
        let function = self.function(name);
        function.is_some_and(|function| function.typed::<Question, Answer>(&self.store).is_ok())
    }
}

/// Which failure an error of wasmtime is. The error itself goes no further: its text may
/// be the guest's.
fn classify(error: &wasmtime::Error, meter: &Meter, limits: Limits, otherwise: Failure) -> Failure {
    match (meter.excess(), error.downcast_ref::<Trap>()) {
        (Some(Excess::Memory), _) => Failure::Memory(limits.memory),
        (Some(Excess::Tables), _) => Failure::Tables(limits.table_entries),
        (None, Some(Trap::Interrupt)) => Failure::Deadline(limits.time),
        (None, Some(Trap::StackOverflow)) => Failure::Stack,
        (None, Some(_)) => Failure::Trapped,
        (None, None) => otherwise,
    }
}
