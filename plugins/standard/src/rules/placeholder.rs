//! `not-placeholder`.
//!
//! A value is refused only if *all* of it is filler: `REPLACE_WITH_KEY`, but not random text that
//! happens to have `key` in it. In a URL the password is judged, since the rest is no secret.

use secret_run_sdk::{Parameters, Validator, violations};

use crate::text::{self, Unreadable};
use crate::url;
use crate::words;

/// Longer texts are no placeholders; files and documents need not be searched.
const LONGEST: usize = 256;
/// Digits up to this many count as a part of a placeholder: `changeme123`, `secret2024`.
const NUMBER: usize = 4;

violations! {
    /// What is wrong with a value that nobody has set yet.
    pub(crate) enum PlaceholderViolation {
        Empty => "empty",
            "is empty",
            "Set the real value.";
        Template => "template",
            "is a template that was not filled in",
            "Set the real value; `<...>`, `${...}` and the like are replaced by no one here.";
        Filler => "filler",
            "is one repeated character, or a sequence such as 12345678",
            "Set the real value.";
        Placeholder => "placeholder",
            "is a placeholder or a well-known default",
            "Set the real value, or generate one, for example with `openssl rand -hex 32`.";
        Example => "example",
            "is a well-known example from documentation",
            "Set the real value.";
        UrlPassword => "url-password",
            "has a password that is a placeholder or a well-known default",
            "Set the real password in the URL.";
    }
}

/// Refuses what stands in for a secret until somebody sets it.
pub(crate) struct NotPlaceholder;

impl Validator for NotPlaceholder {
    const NAME: &'static str = "not-placeholder";
    const SUMMARY: &'static str = "Anything but a placeholder, an example or a well-known default.";
    type Violation = PlaceholderViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), PlaceholderViolation> {
        if value.len() > LONGEST && is_filler(value) {
            return Err(PlaceholderViolation::Filler);
        }
        let text = match text::document(value) {
            Ok(text) => text.trim(),
            Err(Unreadable::Empty) => return Err(PlaceholderViolation::Empty),
            // Nobody types bytes that are no text.
            Err(Unreadable::NotText) => return Ok(()),
        };
        if let Some((_, rest)) = text.split_once("://") {
            return check_url(rest);
        }
        if let Some(password) = assigned_password(text) {
            return check(password).map_err(|_| PlaceholderViolation::UrlPassword);
        }
        check(text)
    }
}

fn check(text: &str) -> Result<(), PlaceholderViolation> {
    let text = text.trim_matches(['"', '\'', '`', ' ']);
    if text.len() > LONGEST {
        return Ok(());
    }
    if is_template(text) {
        return Err(PlaceholderViolation::Template);
    }
    if is_filler(text.as_bytes()) {
        return Err(PlaceholderViolation::Filler);
    }
    // Amazon's documentation ends its keys so.
    if text.ends_with("EXAMPLE") || text.ends_with("EXAMPLEKEY") {
        return Err(PlaceholderViolation::Example);
    }
    if consists_of_words(text) || consists_of_words(&without_leet(text)) {
        return Err(PlaceholderViolation::Placeholder);
    }
    Ok(())
}

/// Checks what follows `://`.
fn check_url(rest: &str) -> Result<(), PlaceholderViolation> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password with an unencoded `/` reaches beyond the first one.
    let at = rest[..end].rfind('@').or_else(|| rest.rfind('@'));
    let credentials = at.map_or("", |at| &rest[..at]);
    let password = credentials.split_once(':').map(|(_, password)| password);
    let password = password
        .or_else(|| assigned_password(rest))
        .map(url::decoded);
    if password.is_some_and(|password| !password.is_empty() && check(&password).is_err()) {
        return Err(PlaceholderViolation::UrlPassword);
    }
    let authority = &rest[at.filter(|at| *at < end).map_or(0, |at| at + 1)..end];
    let host = authority
        .split_once(':')
        .map_or(authority, |(host, _)| host);
    let domains = ["example.com", "example.org", "example.net"];
    // Names that RFC 2606 reserves, so no real service has them.
    let is_example = |domain: &&str| {
        let front = host.strip_suffix(*domain);
        front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    if domains.iter().any(is_example) || host.ends_with(".example") {
        return Err(PlaceholderViolation::Example);
    }
    let path = rest[end..].split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    if is_template(authority) || is_template(last) {
        return Err(PlaceholderViolation::Template);
    }
    // The last part of a webhook's address is its secret.
    if last.len() >= 8 && is_filler(last.as_bytes()) {
        return Err(PlaceholderViolation::Filler);
    }
    Ok(())
}

/// The value behind `password=`, in a query or in a list of settings.
fn assigned_password(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("password=")?;
    rest.split(['&', ';', ' ', '#'])
        .next()
        .filter(|password| !password.is_empty())
}

fn is_template(text: &str) -> bool {
    let wrapped = |open, close| {
        let inner = text
            .strip_prefix(open)
            .and_then(|rest: &str| rest.strip_suffix(close));
        inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(['<', '>', '\n']))
    };
    let is_name = |name: &str| {
        let inside = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(inside)
    };
    wrapped("<", ">")
        || wrapped("${", "}")
        || wrapped("{{", "}}")
        || wrapped("$(", ")")
        || text.strip_prefix('$').is_some_and(is_name)
        || text
            .strip_prefix('%')
            .and_then(|rest| rest.strip_suffix('%'))
            .is_some_and(is_name)
}

/// One character again and again, or characters that follow one another in ASCII.
fn is_filler(text: &[u8]) -> bool {
    let follows = |step: u8| {
        text.windows(2).all(|two| match two {
            // On the keyboard, 0 follows 9.
            [b'9', b'0'] if step == 1 => true,
            [first, second] => first.wrapping_add(step) == *second,
            _ => false,
        })
    };
    text.len() >= 3 && (follows(0) || follows(1) || follows(u8::MAX))
}

/// Whether the text, cut at everything that is no letter or digit, is nothing but words of
/// placeholders, short numbers, and filler such as `xxxx`.
fn consists_of_words(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<_> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // Whatever is to be put in, it has not been.
    if words.starts_with(&["replace", "with"]) || words.starts_with(&["replace", "me"]) {
        return true;
    }
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |word: &&str| {
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let digits = word.len() - stem.len();
        let is_short = word.len() == 1 && !is_number(word);
        (digits <= NUMBER && (stem.is_empty() || words::is_placeholder_word(stem)))
            || is_filler(word.as_bytes())
            || is_short
    };
    let is_your = words.len() > 1 && words[0] == "your";
    let only_letters = |word: &&str| word.chars().all(char::is_alphabetic) && word.len() <= 12;
    if is_your && words.iter().all(|word| only_letters(word) || is_word(word)) {
        return true;
    }
    let has_word = words.iter().any(|word| word.len() > 1 && !is_number(word));
    has_word && words.iter().all(is_word)
}

/// `p@ssw0rd` as `password`.
fn without_leet(text: &str) -> String {
    let letter = |c| match c {
        '@' | '4' => 'a',
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}
