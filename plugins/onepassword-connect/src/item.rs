//! An item with its fields.

use secret_run_sdk::{Error, Response, member};
use serde_json::{Map, Value};

pub(crate) struct Item {
    pub(crate) version: u64,
    fields: Vec<Value>,
}

impl Item {
    pub(crate) fn read(response: &Response) -> Result<Self, Error> {
        let mut item = response.success_or_own_404(is_own_404)?.json_object()?;
        let version = member(&item, "version")?.as_u64();
        let version = version.ok_or_else(|| Error::other("`version` of the item is no number"))?;
        let fields = match item.remove("fields") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(fields)) => fields,
            Some(_) => return Err(Error::other("`fields` of the item is no list")),
        };
        Ok(Self { version, fields })
    }

    /// The value of the one field with that ID, or else with that label.
    pub(crate) fn field(&self, name: &str) -> Result<&str, Error> {
        let with = |key| {
            self.fields
                .iter()
                .filter_map(Value::as_object)
                .filter(move |field| field.get(key).and_then(Value::as_str) == Some(name))
        };
        if let Some(field) = with("id").next() {
            return value(field);
        }
        let mut labelled = with("label");
        match (labelled.next(), labelled.next()) {
            (None, _) => Err(Error::NotFound),
            (Some(field), None) => value(field),
            _ => Err(Error::other(
                "several fields of the item have this label: use the ID",
            )),
        }
    }
}

/// Whether Connect itself says that there is no such item: an error of it repeats its status.
fn is_own_404(response: &Response) -> bool {
    let error = response.json_object().unwrap_or_default();
    error.get("status").and_then(Value::as_u64) == Some(404)
}

fn value(field: &Map<String, Value>) -> Result<&str, Error> {
    match field.get("value") {
        // Connect leaves out what is empty.
        None => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Error::other("the value of the field is no text")),
    }
}
