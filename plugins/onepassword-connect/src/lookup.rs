//! From the name of a vault or an item to its ID.

use secret_run_sdk::{Error, Host, Request, Response, send_distinct, text_member};
use serde_json::Value;

/// How long an ID of 1Password is: lower-case letters and digits.
const ID: usize = 26;

/// A kind of thing that has a name and an ID.
pub(crate) struct Lookup {
    /// Which attribute holds the name.
    attribute: &'static str,
    /// What it means that there is none.
    none: fn() -> Error,
    /// What it means that there are several.
    several: &'static str,
}

/// A vault that is missing is a mistake in the manifest, not the absence of a secret: Connect
/// shows only vaults that the token may read.
pub(crate) const VAULTS: Lookup = Lookup {
    attribute: "name",
    none: || Error::other("there is no such vault, or the token may not read it"),
    several: "several vaults have this title: use the ID",
};

pub(crate) const ITEMS: Lookup = Lookup {
    attribute: "title",
    none: || Error::NotFound,
    several: "several items of the vault have this title: use the ID",
};

impl Lookup {
    /// The ID for each pair of a collection's URL and a name in it. An ID stands for itself.
    pub(crate) fn resolve(
        &self,
        host: &impl Host,
        wanted: Vec<Result<(String, &str), Error>>,
    ) -> Vec<Result<String, Error>> {
        // An ID asks nothing; what is no request takes no place in the round.
        let titles = wanted.iter().filter_map(|wanted| match wanted {
            Ok((url, name)) if !is_id(name) => Some(self.request(url, name)),
            _ => None,
        });
        let mut found = send_distinct(host, titles, |response| self.read(response)).into_iter();
        let mut id_of = |wanted: Result<(String, &str), Error>| {
            let (_, name) = wanted?;
            if is_id(name) {
                return Ok(name.to_owned());
            }
            let unanswered = || Err(Error::other("the host did not answer every request"));
            found
                .next()
                .unwrap_or_else(unanswered)
                .map(|id| id.as_str().to_owned())
        };
        wanted.into_iter().map(&mut id_of).collect()
    }

    fn request(&self, url: &str, name: &str) -> Result<Request, Error> {
        if name.contains(['"', '\\']) || name.chars().any(char::is_control) {
            return Err(Error::invalid_reference(
                "a title with quotes or backslashes cannot be asked for: use the ID",
            ));
        }
        let filter = format!("{} eq \"{name}\"", self.attribute);
        Ok(Request::get(url).query("filter", &filter))
    }

    fn read(&self, response: &Response) -> Result<String, Error> {
        let response = match response.success() {
            // A collection is always there, in a vault that the token may read.
            Err(Error::NotFound) => return Err((VAULTS.none)()),
            answer => answer?,
        };
        match &response.json_list()?[..] {
            [] => Err((self.none)()),
            [Value::Object(found)] => Ok(text_member(found, "id")?.to_owned()),
            [_] => Err(Error::other("what 1Password found is no object")),
            _ => Err(Error::other(self.several)),
        }
    }
}

fn is_id(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() == ID && name.bytes().all(inside)
}
