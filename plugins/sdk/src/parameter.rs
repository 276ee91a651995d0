//! Parameters: what a rule declares, and what a manifest gives.

use std::marker::PhantomData;

/// What a parameter must be in the manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
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

/// The declaration of a parameter, as the host sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterSpec {
    /// Its key in the manifest: lower-case words joined by `-`.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// Whether a manifest that names the rule must give it.
    pub required: bool,
    /// The only texts allowed; empty where any text is.
    pub choices: &'static [&'static str],
}

/// A parameter whose type is known to the compiler, so that a rule cannot read it as another.
///
/// `T` is `String`, `i64`, `f64`, `bool`, or `Vec<String>`.
#[derive(Debug)]
pub struct Parameter<T: Type> {
    spec: ParameterSpec,
    kind: PhantomData<T>,
}

impl<T: Type> Parameter<T> {
    /// A parameter that a manifest may leave out.
    pub const fn new(name: &'static str, summary: &'static str) -> Self {
        let spec = ParameterSpec {
            name,
            summary,
            kind: T::KIND,
            required: false,
            choices: &[],
        };
        Self {
            spec,
            kind: PhantomData,
        }
    }

    /// The same, but a manifest must give it.
    pub const fn required(mut self) -> Self {
        self.spec.required = true;
        self
    }

    /// The same, but only these texts are allowed.
    pub const fn choices(mut self, choices: &'static [&'static str]) -> Self {
        self.spec.choices = choices;
        self
    }

    /// What the host sees of it, for [`Validator::PARAMETERS`](crate::Validator::PARAMETERS).
    pub const fn spec(&self) -> ParameterSpec {
        self.spec
    }
}

/// What a manifest gives to a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
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

/// A type that a parameter can have.
pub trait Type: 'static {
    /// What the host is told.
    const KIND: Kind;
    /// What a rule reads.
    type Read<'a>;

    /// Reads a value, if it is of this kind.
    fn read(value: &Value) -> Option<Self::Read<'_>>;
}

impl Type for String {
    const KIND: Kind = Kind::Text;
    type Read<'a> = &'a str;

    fn read(value: &Value) -> Option<&str> {
        if let Value::Text(text) = value {
            Some(text)
        } else {
            None
        }
    }
}

impl Type for i64 {
    const KIND: Kind = Kind::Integer;
    type Read<'a> = i64;

    fn read(value: &Value) -> Option<i64> {
        if let Value::Integer(integer) = value {
            Some(*integer)
        } else {
            None
        }
    }
}

impl Type for f64 {
    const KIND: Kind = Kind::Number;
    type Read<'a> = f64;

    /// A whole number is a number too: `min = 1` need not be written `min = 1.0`.
    fn read(value: &Value) -> Option<f64> {
        match value {
            Value::Number(number) => Some(*number),
            Value::Integer(integer) => Some(*integer as f64),
            _ => None,
        }
    }
}

impl Type for bool {
    const KIND: Kind = Kind::Boolean;
    type Read<'a> = bool;

    fn read(value: &Value) -> Option<bool> {
        if let Value::Boolean(boolean) = value {
            Some(*boolean)
        } else {
            None
        }
    }
}

impl Type for Vec<String> {
    const KIND: Kind = Kind::TextList;
    type Read<'a> = &'a [String];

    fn read(value: &Value) -> Option<&[String]> {
        if let Value::TextList(list) = value {
            Some(list)
        } else {
            None
        }
    }
}

/// The parameters that a manifest gives to one use of a rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters(Vec<(String, Value)>);

impl Parameters {
    /// The value of a parameter; none if the manifest leaves it out.
    ///
    /// ```
    /// use secret_run_sdk::{Parameter, Parameters, Value};
    ///
    /// const BYTES: Parameter<i64> = Parameter::new("bytes", "The exact number of bytes.");
    /// const CURVE: Parameter<String> = Parameter::new("curve", "The curve.");
    ///
    /// let parameters: Parameters = [("bytes", Value::Integer(32))].into_iter().collect();
    /// assert_eq!(parameters.get(BYTES), Some(32));
    /// assert_eq!(parameters.get(CURVE), None);
    /// ```
    pub fn get<T: Type>(&self, parameter: Parameter<T>) -> Option<T::Read<'_>> {
        let name = parameter.spec.name;
        let (_, value) = self.0.iter().find(|(given, _)| given == name)?;
        T::read(value)
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(parameters: I) -> Self {
        Self(
            parameters
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }
}
