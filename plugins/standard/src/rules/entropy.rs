//! `entropy`.
//!
//! The estimate is low on purpose: no formula can tell how a value came to be, so everything that
//! looks like a habit of people counts for little. What a random generator makes in hexadecimal,
//! base64, or letters and digits keeps the bits that its length allows, but for rare accidents of
//! a few bits.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::words;

/// Bytes beyond these count nothing: every demand is met long before.
const EXAMINED: usize = 1024;
/// More than any key needs, and less than what the examined bytes can have.
const HIGHEST: f64 = 1024.0;
/// What a word of a language counts: one out of 4096.
const WORD_BITS: f64 = 12.0;
/// What a word that stands in every list of passwords counts: one out of 256.
const COMMON_WORD_BITS: f64 = 8.0;
/// What the end of a run or of a repetition counts.
const REPEAT_BITS: f64 = 4.0;
/// Shorter runs (`1234`) turn up in random text.
const SHORTEST_RUN: usize = 5;
/// Shorter words turn up in random text.
const SHORTEST_WORD: usize = 4;
/// A repetition counts as one if fewer bits would have to be equal by chance.
const REPETITION_BITS: f64 = 24.0;

violations! {
    /// What is wrong with a value that must be hard to guess.
    pub(crate) enum EntropyViolation {
        TooWeak => "too-weak",
            "may be guessed: it has less entropy than `min-bits`, by a low estimate",
            "Use a random value, for example from `openssl rand -hex 32`; words count for little.";
        InvalidBits => "invalid-bits",
            "cannot be checked, because `min-bits` is not between 1 and 1024",
            "Set `min-bits`, for example to 128 for a key and to 64 for a password.";
    }
}

const MIN_BITS: Parameter<f64> =
    Parameter::new("min-bits", "The fewest bits of entropy, by a low estimate.").required();

/// At least `min-bits` bits of entropy.
pub(crate) struct Entropy;

impl Validator for Entropy {
    const NAME: &'static str = "entropy";
    const SUMMARY: &'static str = "Hard to guess: at least `min-bits` bits, by a low estimate.";
    const PARAMETERS: &'static [ParameterSpec] = &[MIN_BITS.spec()];
    type Violation = EntropyViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), EntropyViolation> {
        if estimate(value) < parameters.get(MIN_BITS).unwrap_or(HIGHEST) {
            return Err(EntropyViolation::TooWeak);
        }
        Ok(())
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), EntropyViolation> {
        match parameters.get(MIN_BITS) {
            Some(bits) if !(1.0..=HIGHEST).contains(&bits) => Err(EntropyViolation::InvalidBits),
            _ => Ok(()),
        }
    }
}

/// The bits of entropy of a value.
fn estimate(value: &[u8]) -> f64 {
    let value = value.trim_ascii();
    let value = &value[..value.len().min(EXAMINED)];
    let each = bits_per_byte(value);
    let lower = value.to_ascii_lowercase();
    let is_phrase = letters_in_words(value) * 5 >= value.len() * 3;
    let mut bits = 0.0;
    let mut at = 0;
    while at < value.len() {
        let rest = &value[at..];
        let run = run_length(rest);
        let repetition = repetition_length(value, at);
        let word = if is_phrase { word_length(rest) } else { 0 };
        let is_repetition = repetition as f64 * each >= REPETITION_BITS;
        let (length, cost) = if is_repetition && repetition >= run {
            (repetition, REPEAT_BITS)
        } else if run >= SHORTEST_RUN {
            (run, each + REPEAT_BITS)
        } else if let Some(length) = words::common_word_at(&lower[at..]) {
            (length, COMMON_WORD_BITS)
        } else if word >= SHORTEST_WORD {
            (word, WORD_BITS)
        } else {
            (1, each)
        };
        bits += cost.min(each * length as f64);
        at += length;
    }
    bits
}

/// The logarithm of the number of different bytes that could stand at each place.
fn bits_per_byte(value: &[u8]) -> f64 {
    let class = |is_member: fn(&u8) -> bool, size: f64| {
        if value.iter().any(is_member) {
            size
        } else {
            0.0
        }
    };
    let is_hex = value
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
        || value
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F' | b'-'));
    let letters = if is_hex {
        class(u8::is_ascii_alphabetic, 6.0)
    } else {
        class(u8::is_ascii_lowercase, 26.0) + class(u8::is_ascii_uppercase, 26.0)
    };
    // `+/=-_` are what encodings add, so they tell of no larger alphabet.
    let is_other = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_alphanumeric();
    let is_rare = |byte: &u8| byte.is_ascii_punctuation() && !b"+/=-_".contains(byte);
    let common = if value.iter().any(is_other) { 2.0 } else { 0.0 };
    // A short random text may have no digit by chance; both cases together tell of base64.
    let digits = if letters == 52.0 {
        10.0
    } else {
        class(u8::is_ascii_digit, 10.0)
    };
    let size = digits
        + letters
        + common
        + class(is_rare, 16.0)
        + class(|byte| !byte.is_ascii_graphic(), 2.0)
        + class(|byte| !byte.is_ascii(), 64.0);
    let mut seen = [false; 256];
    value
        .iter()
        .for_each(|byte| seen[usize::from(*byte)] = true);
    let different = seen.iter().filter(|seen| **seen).count() as f64;
    // So many different ones would be expected of random text; with half as many it is not random.
    let expected = size * (1.0 - (1.0 - 1.0 / size.max(1.0)).powf(value.len() as f64));
    let size = if different < expected / 2.0 {
        different
    } else {
        size
    };
    size.max(1.0).log2()
}

/// How many bytes at the beginning go up, down or stay in equal steps of at most one.
fn run_length(text: &[u8]) -> usize {
    let step = |two: &[u8]| match two {
        [first, second] => i16::from(*second) - i16::from(*first),
        _ => i16::MAX,
    };
    let Some(first) = text.get(..2).map(step).filter(|step| step.abs() <= 1) else {
        return 1;
    };
    1 + text.windows(2).take_while(|two| step(two) == first).count()
}

/// How many bytes from `at` on stand in the same order somewhere before.
fn repetition_length(text: &[u8], at: usize) -> usize {
    let equal = |start: usize| {
        text[start..]
            .iter()
            .zip(&text[at..])
            .take_while(|(one, other)| one == other)
            .count()
    };
    (0..at).map(equal).max().unwrap_or(0)
}

/// How many letters stand in what looks like words of a language.
fn letters_in_words(text: &[u8]) -> usize {
    let mut at = 0;
    let mut letters = 0;
    while at < text.len() {
        let word = word_length(&text[at..]);
        letters += if word >= SHORTEST_WORD { word } else { 0 };
        at += word.max(1);
    }
    letters
}

/// The length of a word at the beginning: letters of one case, or with a capital in front, with
/// vowels in between as languages have them. Long ones count as several.
fn word_length(text: &[u8]) -> usize {
    const LONGEST: usize = 10;
    let capital = usize::from(text.first().is_some_and(u8::is_ascii_uppercase));
    let lower = text[capital..]
        .iter()
        .take_while(|byte| byte.is_ascii_lowercase())
        .count();
    let upper = text
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    let length = if lower > 0 { capital + lower } else { upper };
    let word = text[..length].to_ascii_lowercase();
    let is_vowel = |byte: &u8| b"aeiouy".contains(byte);
    let vowels = word.iter().filter(|byte| is_vowel(byte)).count();
    let is_spoken = vowels * 5 >= length && word.split(is_vowel).all(|rest| rest.len() <= 4);
    if is_spoken {
        length.min(LONGEST)
    } else {
        length.min(1)
    }
}
