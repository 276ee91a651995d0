//! What random generators make must pass: a rule that refuses good secrets gets switched off.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use secret_run_sdk::{Parameters, Rule, Value};
use secret_run_standard::RULES;

const SAMPLES: usize = 5_000;
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The same numbers at every run (xorshift, Marsaglia 2003), so that a count is a fact.
struct Generator(u64);

impl Generator {
    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.below(alphabet.len())]))
            .collect()
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }
}

fn rule(name: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.name() == name).unwrap()
}

/// How many of the samples the rule refuses.
fn refused(rule: &Rule, parameters: &Parameters, alphabet: &[u8], length: usize) -> usize {
    let mut generator = Generator(0x2545_f491_4f6c_dd1d);
    let texts = (0..SAMPLES).map(|_| generator.text(alphabet, length));
    texts
        .filter(|text| rule.validate(parameters, text.as_bytes()).is_err())
        .count()
}

#[test]
fn random_keys_keep_the_entropy_of_their_length() {
    // Alphabet, length, and the bits that a generator of such keys promises.
    let keys: [(&[u8], usize, i64); 4] = [
        (b"0123456789abcdef", 32, 128),
        (b"0123456789abcdef", 64, 256),
        (BASE64, 22, 128),
        (BASE64, 43, 256),
    ];
    for (alphabet, length, bits) in keys {
        let parameters = [("min-bits", Value::Integer(bits))].into_iter().collect();
        let refused = refused(rule("entropy"), &parameters, alphabet, length);
        assert!(
            refused * 100 < SAMPLES,
            "{refused} of {SAMPLES} keys with {bits} bits refused"
        );
    }
}

#[test]
fn random_values_are_no_placeholders() {
    for (alphabet, length) in [
        (b"0123456789abcdef".as_slice(), 16),
        (BASE64, 12),
        (&BASE64[26..52], 16),
    ] {
        let refused = refused(
            rule("not-placeholder"),
            &Parameters::default(),
            alphabet,
            length,
        );
        assert_eq!(refused, 0, "of {SAMPLES} values with {length} characters");
    }
}
