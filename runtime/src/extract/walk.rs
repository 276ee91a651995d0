//! One step into a JSON value: the member of an object or the element of an array.
//!
//! Keeps only the borrowed text of what was asked for. A key counts as it reads, not as
//! it is spelled: `"\u0061"` and `"a"` are one key.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// How many keys may be named to a user who asked for one that is missing.
const NEAR: usize = 3;
/// A longer key is not one that a person mistyped.
const KEY_CHARACTERS: usize = 64;
/// As much of two keys must be the same for one to be named for the other.
const LIKENESS: f64 = 0.6;

/// Why a step leads nowhere.
pub(super) enum Stop {
    Missing { near: Vec<String> },
    Twice,
    Scalar,
    NotAnIndex,
    Unreadable,
}

/// The text of the member `step` of `value`. `value` is the text of one whole JSON value
/// without white space around it.
pub(super) fn member<'a>(value: &'a str, step: &str) -> Result<&'a str, Stop> {
    let mut json = serde_json::Deserializer::from_str(value);
    let found = match value.as_bytes().first() {
        Some(b'{') => json.deserialize_map(Member { step }),
        Some(b'[') => {
            let index = position(step).ok_or(Stop::NotAnIndex)?;
            json.deserialize_seq(Element { index })
        }
        _ => return Err(Stop::Scalar),
    };
    match found {
        Ok(Found::Once(text)) => Ok(text),
        Ok(Found::Twice) => Err(Stop::Twice),
        Ok(Found::Never) => Err(Stop::Missing {
            near: near(value, step),
        }),
        // The text was parsed as JSON before; only a key's escapes were not looked at.
        Err(_) => Err(Stop::Unreadable),
    }
}

/// An index as RFC 6901 has it: digits without a leading zero. One that is too large for
/// any array is still an index.
fn position(step: &str) -> Option<usize> {
    let digits = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    if step == "-" {
        return Some(usize::MAX);
    }
    (digits && (step == "0" || !step.starts_with('0'))).then(|| step.parse().unwrap_or(usize::MAX))
}

enum Found<'a> {
    Never,
    Once(&'a str),
    Twice,
}

struct Member<'s> {
    step: &'s str,
}

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Found::Never;
        while let Some(same) = map.next_key_seed(Same(self.step))? {
            if same {
                let value: &RawValue = map.next_value()?;
                found = match found {
                    Found::Never => Found::Once(value.get()),
                    Found::Once(_) | Found::Twice => Found::Twice,
                };
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

struct Element {
    index: usize,
}

impl<'de> Visitor<'de> for Element {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        for _ in 0..self.index {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(Found::Never);
            }
        }
        let Some(value) = seq.next_element::<&RawValue>()? else {
            return Ok(Found::Never);
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Found::Once(value.get()))
    }
}

/// Whether a key is the one that is looked for, without keeping it.
struct Same<'s>(&'s str);

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Same<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// Keys of the object `value` that `step` may be a slip for, nearest first.
fn near(value: &str, step: &str) -> Vec<String> {
    let mut json = serde_json::Deserializer::from_str(value);
    let mut near = json.deserialize_map(Near { step }).unwrap_or_default();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.dedup();
    near.truncate(NEAR);
    near.into_iter().map(|(_, key)| key).collect()
}

struct Near<'s> {
    step: &'s str,
}

impl<'de> Visitor<'de> for Near<'_> {
    type Value = Vec<(f64, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut near = Vec::new();
        while let Some(key) = map.next_key_seed(Alike(self.step))? {
            near.extend(key);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(near)
    }
}

/// A key that is near to the one looked for and may be shown, with how near it is.
struct Alike<'s>(&'s str);

impl<'de> DeserializeSeed<'de> for Alike<'_> {
    type Value = Option<(f64, String)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Alike<'_> {
    type Value = Option<(f64, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        let shown = key.len() <= KEY_CHARACTERS
            && self.0.len() <= KEY_CHARACTERS
            && key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
        if !shown {
            return Ok(None);
        }
        let likeness =
            strsim::normalized_damerau_levenshtein(&key.to_lowercase(), &self.0.to_lowercase());
        Ok((likeness >= LIKENESS).then(|| (likeness, key.to_owned())))
    }
}
