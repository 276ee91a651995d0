//! JSON in responses. What is wrong with it is said without a word of it.

use serde_json::{Map, Value};

use super::{Error, Response};

impl Response {
    /// The body as a JSON object.
    ///
    /// # Errors
    /// [`Error::Other`] when it is anything else, or nested too deep.
    pub fn json_object(&self) -> Result<Map<String, Value>, Error> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(Error::other("the server's answer is no JSON object")),
        }
    }

    /// The body as a JSON list.
    ///
    /// # Errors
    /// [`Error::Other`] when it is anything else, or nested too deep.
    pub fn json_list(&self) -> Result<Vec<Value>, Error> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Array(list)) => Ok(list),
            _ => Err(Error::other("the server's answer is no JSON list")),
        }
    }
}

/// What an answer must have under `key`.
///
/// # Errors
/// [`Error::Other`] when it does not.
pub fn member<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a Value, Error> {
    object
        .get(key)
        .ok_or_else(|| Error::Other(format!("the server's answer has no `{key}`")))
}

/// The text that an answer must have under `key`.
///
/// # Errors
/// [`Error::Other`] when it has none, or what is there is no text.
pub fn text_member<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a str, Error> {
    member(object, key)?
        .as_str()
        .ok_or_else(|| Error::Other(format!("`{key}` in the server's answer is no text")))
}
