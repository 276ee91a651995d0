//! Small validators written as text, to be misbehaved in.
//!
//! A guest has one rule, `any`. It accepts every value, but rejects those that begin with
//! `?`, and does what the test wrote for those that begin with `!`. Before it does that it
//! marks itself as tainted, and a tainted guest rejects everything: so a value that is
//! accepted after a failure was accepted by a fresh instance.

use std::time::Duration;

use secret_runtime::plugin::{Limits, PluginError, Validator};
use secret_runtime::rule::Check;
use secret_runtime::secret::SecretValue;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

pub(crate) const CONTRACT: &str = include_str!("../../../wit/validator.wit");

/// Where the catalogue stands in the guest's memory, below what `cabi_realloc` gives out.
const CATALOGUE: usize = 0x1000;

/// What stands in a guest, where a test wants something else than the harmless.
pub(crate) struct Guest {
    pub(crate) wit: String,
    /// Instructions for values that begin with `!`.
    pub(crate) misbehaviour: String,
    /// Instructions for any value. Locals: `$value` and `$length`.
    pub(crate) on_value: String,
    /// Instructions of `rules`, which leave the address of the answer.
    pub(crate) rules: String,
    /// Further fields of the module.
    pub(crate) fields: String,
    /// Pages of its memory.
    pub(crate) pages: u32,
    /// The rules in the catalogue.
    pub(crate) catalogue: Vec<Rule>,
}

/// A rule without parameters.
#[derive(Clone)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            name: "any".to_owned(),
            summary: "Anything that does not begin with a question mark.".to_owned(),
            code: "bad".to_owned(),
            message: "begins with a question mark".to_owned(),
            hint: "Take the question mark away.".to_owned(),
        }
    }
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            wit: CONTRACT.to_owned(),
            misbehaviour: String::new(),
            on_value: String::new(),
            rules: "(i32.const 0x1000)".to_owned(),
            fields: String::new(),
            pages: 4,
            catalogue: vec![Rule::default()],
        }
    }
}

impl Guest {
    /// One that does this when it judges a value that begins with `!`.
    pub(crate) fn that(misbehaviour: &str) -> Self {
        Self {
            misbehaviour: misbehaviour.to_owned(),
            ..Self::default()
        }
    }

    /// The same, with more fields in its module.
    pub(crate) fn with(mut self, fields: &str) -> Self {
        self.fields = fields.to_owned();
        self
    }

    pub(crate) fn compile(&self) -> Result<Validator, PluginError> {
        Validator::compile("hostile", &self.component(), limits())
    }

    pub(crate) fn component(&self) -> Vec<u8> {
        let mut module = wat::parse_str(self.module()).unwrap();
        let mut resolve = Resolve::default();
        let package = resolve.push_str("contract.wit", &self.wit).unwrap();
        let world = resolve.select_world(&[package], Some("validator")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .encode()
            .unwrap()
    }

    fn module(&self) -> String {
        let interface = if self.wit.contains("@0.2.0") {
            "secret-run:plugin/validation@0.2.0"
        } else {
            "secret-run:plugin/validation@0.1.0"
        };
        format!(
            r#"(module
                (memory (export "memory") {pages})
                (global $heap (mut i32) (i32.const 0x20000))
                (global $tainted (mut i32) (i32.const 0))
                (data (i32.const {CATALOGUE}) "{catalogue}")
                (data (i32.const 0x100) "bad")
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (local $given i32)
                    (local.set $given (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.set $heap (i32.add (local.get $given) (local.get 3)))
                    (local.get $given))
                (func $accept (result i32)
                    (i32.store8 (i32.const 0x200) (i32.const 0))
                    (i32.const 0x200))
                (func $reject (param $code i32) (param $length i32) (result i32)
                    (i32.store8 (i32.const 0x200) (i32.const 1))
                    (i32.store (i32.const 0x204) (local.get $code))
                    (i32.store (i32.const 0x208) (local.get $length))
                    (i32.const 0x200))
                (func (export "{interface}#rules") (result i32) {rules})
                (func (export "{interface}#check-parameters") (param i32 i32 i32 i32) (result i32)
                    (call $accept))
                (func (export "{interface}#validate")
                    (param i32 i32 i32 i32) (param $value i32) (param $length i32) (result i32)
                    (local $first i32)
                    {on_value}
                    (local.set $first (i32.load8_u (local.get $value)))
                    (if (i32.or (global.get $tainted) (i32.eq (local.get $first) (i32.const 63)))
                        (then (return (call $reject (i32.const 0x100) (i32.const 3)))))
                    (if (i32.eq (local.get $first) (i32.const 33))
                        (then
                            (global.set $tainted (i32.const 1))
                            {misbehaviour}))
                    (call $accept))
                {fields})"#,
            pages = self.pages,
            catalogue = escaped(&image(&self.catalogue)),
            rules = self.rules,
            misbehaviour = self.misbehaviour,
            on_value = self.on_value,
            fields = self.fields,
        )
    }
}

/// Little of everything, so that tests are fast.
pub(crate) fn limits() -> Limits {
    Limits {
        time: Duration::from_millis(200),
        ..Limits::default()
    }
}

pub(crate) fn check() -> Check {
    Check {
        plugin: None,
        rule: "any".to_owned(),
        parameters: Vec::new(),
    }
}

pub(crate) fn value(text: &str) -> SecretValue {
    SecretValue::copy_of(text.as_bytes())
}

/// A component that is written as one.
pub(crate) fn component(text: &str) -> Result<Validator, PluginError> {
    Validator::compile("hostile", &wat::parse_str(text).unwrap(), limits())
}

/// The answer of `rules` by the canonical ABI: address and length of the list, then the
/// records of the rules, the records of the violations, and the texts.
fn image(rules: &[Rule]) -> Vec<u8> {
    let records = CATALOGUE + 8;
    let violations = records + rules.len() * 32;
    let mut texts = Texts {
        start: violations + rules.len() * 24,
        bytes: Vec::new(),
    };
    let mut words = vec![records, rules.len()];
    for (index, rule) in rules.iter().enumerate() {
        words.extend(texts.add(&rule.name));
        words.extend(texts.add(&rule.summary));
        words.extend([0, 0]);
        words.extend([violations + index * 24, 1]);
    }
    for rule in rules {
        words.extend(texts.add(&rule.code));
        words.extend(texts.add(&rule.message));
        words.extend(texts.add(&rule.hint));
    }
    let mut image: Vec<u8> = words
        .iter()
        .flat_map(|word| u32::try_from(*word).unwrap().to_le_bytes())
        .collect();
    image.extend(texts.bytes);
    image
}

/// Texts one behind the other; an equal text is the same text.
struct Texts {
    start: usize,
    bytes: Vec<u8>,
}

impl Texts {
    fn add(&mut self, text: &str) -> [usize; 2] {
        let known = self
            .bytes
            .windows(text.len().max(1))
            .position(|part| part == text.as_bytes());
        let at = known.unwrap_or_else(|| {
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.len() - text.len()
        });
        [self.start + at, text.len()]
    }
}

fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
