//! What a component answers to `rules`, in the types of the contract.
//!
//! Also read by the build script, which asks the standard component once and for all. The
//! texts are a guest's: nothing here is shown before `catalogue` has judged it.

use wasmtime::component::{ComponentType, Lift};

/// The function that is asked.
pub(crate) const RULES: &str = "rules";

/// What it answers.
pub(crate) type Rules = (Vec<Rule>,);

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) parameters: Vec<ParameterSpec>,
    pub(crate) violations: Vec<Violation>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ParameterSpec {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) kind: ParameterKind,
    pub(crate) required: bool,
    pub(crate) choices: Vec<String>,
}

#[derive(ComponentType, Lift, Clone, Copy, Debug)]
#[expect(
    dead_code,
    reason = "the variants are constructed by lifting a discriminant"
)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum ParameterKind {
    #[component(name = "text")]
    Text,
    #[component(name = "integer")]
    Integer,
    #[component(name = "number")]
    Number,
    #[component(name = "boolean")]
    Boolean,
    #[component(name = "text-list")]
    TextList,
}

#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Violation {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}
