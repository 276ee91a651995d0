//! What rules are: their names, parameters and texts, and the checks that a manifest asks for.
//!
//! Plain data, without WebAssembly: the manifest's parser judges `validate = ...` by a
//! [`Catalog`] and starts nothing. A catalogue is either a static that the build script
//! wrote, which costs nothing at start-up, or what a component answered.
//!
//! The texts of all violations are in the catalogue before any value is read, and a
//! validator answers with a code alone. So what a user is shown never comes out of a
//! component that has seen a value.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

mod refusal;

pub use refusal::CheckError;

/// All rules of one component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    rules: Cow<'static, [RuleSpec]>,
}

/// Something that a component can check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSpec {
    /// Its name in the manifest: lower-case words joined by `-`.
    pub name: Cow<'static, str>,
    /// What it accepts, in one line.
    pub summary: Cow<'static, str>,
    /// The parameters that it takes.
    pub parameters: Cow<'static, [ParameterSpec]>,
    /// Every way in which a value can fail it.
    pub violations: Cow<'static, [ViolationSpec]>,
}

/// A parameter that a rule takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterSpec {
    /// Its key in the manifest: lower-case words joined by `-`.
    pub name: Cow<'static, str>,
    /// What it does, in one line.
    pub summary: Cow<'static, str>,
    /// What it must be.
    pub kind: ParameterKind,
    /// Whether a manifest that names the rule must give it.
    pub required: bool,
    /// For texts: the only ones allowed; empty where any text is.
    pub choices: Cow<'static, [Cow<'static, str>]>,
}

/// One way in which a value can fail a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViolationSpec {
    /// Stable token, lower-case words joined by `-`; unique within the rule.
    pub code: Cow<'static, str>,
    /// What is wrong, as a fragment that completes "the value ...".
    pub message: Cow<'static, str>,
    /// What to do about it.
    pub hint: Cow<'static, str>,
}

/// What a parameter must be in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ParameterKind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of strings.
    TextList,
}

/// What a manifest gives to a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A list of strings.
    TextList(Vec<String>),
}

/// A rule with the parameters that the manifest gives to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// Which of `[plugins]` has the rule; none for the rules that come with this library.
    pub plugin: Option<String>,
    /// The rule's name, without the plugin's.
    pub rule: String,
    /// The parameters, each name once, in the order of the manifest.
    pub parameters: Vec<(String, ParameterValue)>,
}

impl Check {
    /// The rule's name as a manifest writes it: `base64` or `acme/licence-key`.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &self.plugin {
            Some(plugin) => format!("{plugin}/{}", self.rule),
            None => self.rule.clone(),
        }
    }
}

impl Catalog {
    /// A catalogue that costs nothing at run time.
    #[must_use]
    pub const fn from_static(rules: &'static [RuleSpec]) -> Self {
        Self {
            rules: Cow::Borrowed(rules),
        }
    }

    /// The rule of this name.
    #[must_use]
    pub fn rule(&self, name: &str) -> Option<&RuleSpec> {
        self.iter().find(|rule| rule.name == name)
    }

    /// All rules, in the order in which the component lists them.
    pub fn iter(&self) -> std::slice::Iter<'_, RuleSpec> {
        self.rules.iter()
    }

    /// The names of all rules, for lists and for "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|rule| &*rule.name)
    }

    /// Why a manifest must not ask for this check: every reason, none if it may.
    ///
    /// It tells what the declarations tell. Whether the parameters make sense together,
    /// such as a pattern that compiles, only the component knows; it is asked later.
    #[must_use]
    pub fn refuse(&self, check: &Check) -> Vec<CheckError> {
        refusal::refuse(self, check)
    }
}

impl From<Vec<RuleSpec>> for Catalog {
    fn from(rules: Vec<RuleSpec>) -> Self {
        Self {
            rules: Cow::Owned(rules),
        }
    }
}

impl<'a> IntoIterator for &'a Catalog {
    type Item = &'a RuleSpec;
    type IntoIter = std::slice::Iter<'a, RuleSpec>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl RuleSpec {
    /// The parameter of this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&ParameterSpec> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }

    /// The violation of this code.
    #[must_use]
    pub fn violation(&self, code: &str) -> Option<&ViolationSpec> {
        self.violations
            .iter()
            .find(|violation| violation.code == code)
    }
}

impl ParameterKind {
    /// As a manifest's author would say it: "a whole number".
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
            Self::TextList => "a list of strings",
        }
    }

    /// Whether a parameter of this kind may be given a value of that kind. A whole number
    /// is a number too: `min = 1` need not be written `min = 1.0`.
    #[must_use]
    pub fn takes(self, given: Self) -> bool {
        self == given || (self, given) == (Self::Number, Self::Integer)
    }
}

impl ParameterValue {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> ParameterKind {
        match self {
            Self::Text(_) => ParameterKind::Text,
            Self::Integer(_) => ParameterKind::Integer,
            Self::Number(_) => ParameterKind::Number,
            Self::Boolean(_) => ParameterKind::Boolean,
            Self::TextList(_) => ParameterKind::TextList,
        }
    }

    /// The strings in it.
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            Self::Text(text) => std::slice::from_ref(text),
            Self::TextList(list) => list,
            Self::Integer(_) | Self::Number(_) | Self::Boolean(_) => &[],
        }
    }
}
