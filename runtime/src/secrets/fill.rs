//! Values into the fields of a struct, by their names.
//!
//! What serde's types say of a value that does not fit is dropped, since it may quote the value:
//! only which entry it was is kept.

use std::any::type_name;
use std::fmt;
use std::vec::IntoIter;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor,
};

use super::error::{AccessError, Declared};
use super::snapshot::Snapshot;
use super::text::Text;
use crate::resolver::ResolvedEntry;

/// Makes a struct, or a map, of all values.
pub(super) fn fill<T: DeserializeOwned>(snapshot: &Snapshot) -> Result<T, AccessError> {
    T::deserialize(Values(snapshot)).map_err(|fault| fault.explained(snapshot, type_name::<T>()))
}

/// What does not fit.
#[derive(Debug)]
pub(super) enum Fault {
    /// A field for which there is no value.
    Missing(&'static str),
    /// A field that two entries are of, by its own name and an alias.
    Twice(&'static str),
    /// The value of this entry.
    Value(String),
    /// Something else.
    Other,
}

impl Fault {
    fn explained(self, snapshot: &Snapshot, wanted: &'static str) -> AccessError {
        let manifest = snapshot.manifest();
        match self {
            Self::Missing(field) => {
                let upper = upper_case(field);
                let mut names = [field, &upper].into_iter();
                match names.find(|name| Declared::of(manifest, name).is_some()) {
                    // A map, which `flatten` asks for, has values by the names of entries alone.
                    Some(name) if matches!(snapshot.optional(name), Ok(Some(_))) => {
                        Self::Value(name.to_owned()).explained(snapshot, wanted)
                    }
                    Some(name) => snapshot.absent(name),
                    None => AccessError::not_declared(manifest, &upper),
                }
            }
            Self::Twice(field) => AccessError::FilledTwice { wanted, field },
            Self::Value(name) => AccessError::NotFilled {
                wanted,
                declared: Declared::of(manifest, &name),
                name: Some(name),
            },
            Self::Other => AccessError::NotFilled {
                wanted,
                declared: None,
                name: None,
            },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("does not fit")
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Other
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Twice(field)
    }
}

/// `database-url` and `database_url` are `DATABASE_URL`.
fn upper_case(field: &str) -> String {
    field.to_ascii_uppercase().replace('-', "_")
}

/// All values, by name.
struct Values<'a>(&'a Snapshot);

impl<'de> Deserializer<'de> for Values<'de> {
    type Error = Fault;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let named = |name: &str| {
            let mut entries = self.0.entries().iter();
            entries.find(|entry| entry.name == name)
        };
        let mut pairs: Vec<(&str, &ResolvedEntry)> = Vec::new();
        for field in fields {
            let entry = named(field).or_else(|| named(&upper_case(field)));
            // Aliases are among the fields: one that names the same entry is no second value.
            let is_taken = |entry: &ResolvedEntry| {
                let mut taken = pairs.iter();
                taken.any(|(_, taken)| taken.name == entry.name)
            };
            if let Some(entry) = entry.filter(|entry| !is_taken(entry)) {
                pairs.push((field, entry));
            }
        }
        visitor.visit_map(Pairs::new(pairs))
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let entries = self.0.entries().iter();
        let entries = entries.map(|entry| (entry.name.as_str(), entry.as_ref()));
        visitor.visit_map(Pairs::new(entries.collect()))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Fields, and the entries for them.
struct Pairs<'a> {
    left: IntoIter<(&'a str, &'a ResolvedEntry)>,
    current: Option<&'a ResolvedEntry>,
}

impl<'a> Pairs<'a> {
    fn new(pairs: Vec<(&'a str, &'a ResolvedEntry)>) -> Self {
        Self {
            left: pairs.into_iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Pairs<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((field, entry)) = self.left.next() else {
            return Ok(None);
        };
        self.current = Some(entry);
        let field: StrDeserializer<'_, Fault> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let entry = self.current.take().ok_or(Fault::Other)?;
        let value = seed.deserialize(Text(entry.value.expose()));
        value.map_err(|_| Fault::Value(entry.name.clone()))
    }
}
