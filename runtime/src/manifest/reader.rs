//! Reading tables of a manifest, or of its lock, without stopping at the first mistake.
//!
//! A [`Reader`] collects problems; a [`Table`] answers for one table and names it in
//! messages. A getter that meets the wrong type says so and answers `None`, and the
//! caller goes on: all problems of a file are reported at once.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ManifestError;
use super::source::Source;
use crate::error::{Explain, Problem};
use crate::nearest::nearest;

/// So many problems are told. Nobody reads more, and a file can have one in every word.
const MOST_TOLD: usize = 100;
/// So many characters of a table's name are told: each table within it bears its name.
const LONGEST_NAME: usize = 200;

pub(crate) struct Reader {
    pub(crate) source: Source,
    /// Each with its place, if it has one.
    found: Vec<(Option<Range<usize>>, Problem)>,
    /// How many more there are.
    untold: usize,
}

impl Reader {
    pub(crate) fn new(source: Source) -> Self {
        Self {
            source,
            found: Vec::new(),
            untold: 0,
        }
    }

    /// Whether one more problem is told. Otherwise it is counted, and need not be made: what
    /// somebody probably meant is looked for in all that is declared.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.found.len() < MOST_TOLD;
        self.untold += usize::from(!room);
        room
    }

    /// The document that `text` is, unless something is no TOML; `syntax` says so in the words
    /// of the kind of file.
    pub(crate) fn document<'i, E: Explain>(
        &mut self,
        text: &'i str,
        syntax: impl Fn(String) -> E,
    ) -> Option<Spanned<DeTable<'i>>> {
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            if let Some(span) = error.span() {
                self.source.conceal_after_equals(span.start);
            }
            self.record(&syntax(error.message().to_owned()), error.span());
        }
        errors.is_empty().then_some(document)
    }

    /// Shows nothing of a value. The span of a table by dotted keys (`a.b = "value"`) is that
    /// of a key alone, so each value in it is concealed by itself.
    pub(crate) fn conceal(&mut self, value: &Spanned<DeValue<'_>>) {
        self.source.conceal(value.span());
        match value.get_ref() {
            DeValue::Table(table) => table.iter().for_each(|(_, value)| self.conceal(value)),
            DeValue::Array(items) => items.iter().for_each(|item| self.conceal(item)),
            _ => {}
        }
    }

    pub(crate) fn refuse(&mut self, error: &ManifestError, span: &Range<usize>) {
        self.say(error, span);
    }

    /// A mistake of another module, found at a span of this file.
    pub(crate) fn say(&mut self, error: &impl Explain, span: &Range<usize>) {
        self.record(error, Some(span.clone()));
    }

    fn record(&mut self, error: &impl Explain, span: Option<Range<usize>>) {
        if !self.has_room() {
            return;
        }
        self.found.push((span, Problem::error(error, None)));
    }

    /// The source and the problems, in the order of the file. Excerpts are made here, when
    /// all that must not be shown is known: one line can hold two mistakes.
    pub(crate) fn finish(mut self) -> (Source, Vec<Problem>) {
        self.found
            .sort_by_key(|(span, _)| span.as_ref().map(|span| span.start));
        let found = self.found.into_iter();
        let problems = found.map(|(span, problem)| Problem {
            place: span.map(|span| self.source.place(&span)),
            ..problem
        });
        let more = ManifestError::MoreProblems { more: self.untold };
        let more = (self.untold > 0).then(|| Problem::error(&more, None));
        let problems = problems.chain(more).collect();
        (self.source, problems)
    }

    pub(crate) fn wrong_type(
        &mut self,
        key: &str,
        wanted: &'static str,
        found: &Spanned<DeValue<'_>>,
    ) {
        let error = ManifestError::WrongType {
            key: key.to_owned(),
            wanted,
            found: noun(found.get_ref()),
        };
        // A wrong type is often a value where a table belongs.
        self.conceal(found);
        self.refuse(&error, &found.span());
    }
}

/// A table and what to call it.
pub(crate) struct Table<'t, 'i> {
    table: &'t DeTable<'i>,
    span: Range<usize>,
    name: String,
}

pub(crate) type Value<'i> = Spanned<DeValue<'i>>;

impl<'t, 'i> Table<'t, 'i> {
    /// The whole document, called `name`.
    pub(crate) fn root(name: &str, table: &'t Spanned<DeTable<'i>>) -> Self {
        Self {
            table: table.get_ref(),
            span: 0..0,
            name: name.to_owned(),
        }
    }

    /// `value` as a table called `name`, pointed at by `span`.
    pub(crate) fn of(
        reader: &mut Reader,
        name: String,
        key: &str,
        span: Range<usize>,
        value: &'t Value<'i>,
    ) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(table) => Some(Self {
                table,
                span,
                name: cut(name),
            }),
            _ => {
                reader.wrong_type(key, "a table", value);
                None
            }
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'t Value<'i>> {
        self.table.get(key)
    }

    pub(crate) fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).map(|(key, _)| key.span())
    }

    /// All keys and values, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Value<'i>)> {
        let mut entries: Vec<_> = self.table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    /// The table under `key`; nothing if there is none.
    pub(crate) fn table(&self, reader: &mut Reader, key: &str) -> Option<Table<'t, 'i>> {
        let value = self.get(key)?;
        let span = self.key_span(key).unwrap_or_else(|| value.span());
        let name = if self.span == (0..0) {
            format!("[{key}]")
        } else {
            format!("[{}.{key}]", self.name.trim_matches(['[', ']']))
        };
        Table::of(reader, name, key, span, value)
    }

    /// The tables within this one, in the order of the file.
    pub(crate) fn tables(&self, reader: &mut Reader) -> Vec<(Spanned<String>, Table<'t, 'i>)> {
        self.entries()
            .into_iter()
            .filter_map(|(key, value)| {
                let name = format!("[{}.{}]", self.name.trim_matches(['[', ']']), key.get_ref());
                let table = Table::of(reader, name, key.get_ref(), key.span(), value)?;
                Some((Spanned::new(key.span(), key.get_ref().to_string()), table))
            })
            .collect()
    }

    pub(crate) fn text(&self, reader: &mut Reader, key: &str) -> Option<Spanned<String>> {
        let value = self.get(key)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some(Spanned::new(value.span(), text.to_string()));
        }
        reader.wrong_type(key, "a string", value);
        None
    }

    pub(crate) fn boolean(&self, reader: &mut Reader, key: &str) -> Option<bool> {
        let value = self.get(key)?;
        if let DeValue::Boolean(boolean) = value.get_ref() {
            return Some(*boolean);
        }
        reader.wrong_type(key, "true or false", value);
        None
    }

    pub(crate) fn integer(&self, reader: &mut Reader, key: &str) -> Option<Spanned<i64>> {
        let value = self.get(key)?;
        if let DeValue::Integer(integer) = value.get_ref()
            && let Ok(number) = i64::from_str_radix(integer.as_str(), integer.radix())
        {
            return Some(Spanned::new(value.span(), number));
        }
        reader.wrong_type(key, "a whole number", value);
        None
    }

    pub(crate) fn texts(&self, reader: &mut Reader, key: &str) -> Option<Vec<Spanned<String>>> {
        let value = self.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            reader.wrong_type(key, "a list of strings", value);
            return None;
        };
        let texts = items.iter().filter_map(|item| match item.get_ref() {
            DeValue::String(text) => Some(Spanned::new(item.span(), text.to_string())),
            _ => {
                reader.wrong_type(key, "a list of strings", item);
                None
            }
        });
        Some(texts.collect())
    }

    /// One of `allowed`.
    pub(crate) fn choice<T: Copy>(
        &self,
        reader: &mut Reader,
        key: &str,
        allowed: &[(&str, T)],
    ) -> Option<Spanned<T>> {
        let text = self.text(reader, key)?;
        let chosen = choose(reader, key, &text, allowed)?;
        Some(Spanned::new(text.span(), chosen))
    }

    /// Some of `allowed`.
    pub(crate) fn choices<T: Copy>(
        &self,
        reader: &mut Reader,
        key: &str,
        allowed: &[(&str, T)],
    ) -> Option<Vec<T>> {
        let texts = self.texts(reader, key)?.into_iter();
        let chosen = texts.filter_map(|text| choose(reader, key, &text, allowed));
        Some(chosen.collect())
    }

    /// Says that `key` must be here.
    pub(crate) fn missing(&self, reader: &mut Reader, key: &'static str, advice: &'static str) {
        let error = ManifestError::MissingKey {
            key,
            table: self.name.clone(),
            advice,
        };
        reader.refuse(&error, &self.span);
    }

    /// Refuses every key that is not in `known`, and conceals what it says.
    pub(crate) fn only(&self, reader: &mut Reader, known: &[&str]) {
        self.only_or(reader, known, &[]);
    }

    /// The same, and passes over `refused`, of which somebody else says more. Nobody is told to
    /// write one of those.
    pub(crate) fn only_or(&self, reader: &mut Reader, known: &[&str], refused: &[&str]) {
        for (key, value) in self.entries() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) || refused.contains(&name) {
                continue;
            }
            reader.conceal(value);
            if !reader.has_room() {
                continue;
            }
            let error = ManifestError::UnknownKey {
                key: key.get_ref().to_string(),
                table: self.name.clone(),
                nearest: nearest(key.get_ref(), known.iter().copied()),
                known: list(known),
            };
            reader.refuse(&error, &key.span());
        }
    }

    /// Says that `first` and `second` exclude each other, at the second.
    pub(crate) fn conflict(
        &self,
        reader: &mut Reader,
        first: &'static str,
        second: &'static str,
        advice: &'static str,
    ) -> bool {
        let (Some(_), Some(span)) = (self.get(first), self.key_span(second)) else {
            return false;
        };
        let error = ManifestError::Conflict {
            table: self.name.clone(),
            first,
            second,
            advice,
        };
        reader.refuse(&error, &span);
        true
    }
}

/// The one of `allowed` that `text` names.
fn choose<T: Copy>(
    reader: &mut Reader,
    key: &str,
    text: &Spanned<String>,
    allowed: &[(&str, T)],
) -> Option<T> {
    let found = allowed.iter().find(|(name, _)| name == text.get_ref());
    if let Some((_, value)) = found {
        return Some(*value);
    }
    if !reader.has_room() {
        return None;
    }
    let names: Vec<_> = allowed.iter().map(|(name, _)| *name).collect();
    let error = ManifestError::UnknownChoice {
        key: key.to_owned(),
        found: format!("\"{}\"", text.get_ref()),
        nearest: nearest(text.get_ref(), names.iter().copied()),
        allowed: list(&names),
    };
    reader.refuse(&error, &text.span());
    None
}

/// A table's name, as long as anybody reads it.
fn cut(mut name: String) -> String {
    if let Some((at, _)) = name.char_indices().nth(LONGEST_NAME) {
        name.truncate(at);
        name.push_str("…]");
    }
    name
}

/// What TOML calls a value, with its article.
fn noun(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Names in a row, for a message.
pub(crate) fn list(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
