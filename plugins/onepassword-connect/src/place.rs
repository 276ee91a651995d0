//! Where a field stands.

use secret_run_sdk::Error;

/// A path, taken apart.
pub(crate) struct Place<'a> {
    pub(crate) vault: &'a str,
    pub(crate) item: &'a str,
    pub(crate) field: &'a str,
}

impl<'a> Place<'a> {
    pub(crate) fn parse(path: &'a str, default_vault: Option<&'a str>) -> Result<Self, Error> {
        let parts: Vec<_> = path.split('/').collect();
        let (vault, item, field) = match parts[..] {
            [vault, item, field] => (vault, item, field),
            [item, field] => {
                let vault = default_vault.ok_or_else(|| {
                    Error::invalid_reference("the path names no vault, and neither do the settings")
                })?;
                (vault, item, field)
            }
            _ => return Err(neither()),
        };
        if [vault, item, field].iter().any(|part| part.is_empty()) {
            return Err(neither());
        }
        Ok(Self { vault, item, field })
    }
}

fn neither() -> Error {
    Error::invalid_reference("the path is neither `ITEM/FIELD` nor `VAULT/ITEM/FIELD`")
}
