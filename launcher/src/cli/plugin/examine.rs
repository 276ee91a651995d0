//! Finds out what a component is: from the store if it was compiled before, else by compiling
//! it, which the store keeps.

use secret_runtime::error::Problems;
use secret_runtime::plugin::{About, ComponentFacts, Made, OpenError, Store, StoreError};
use secret_runtime::supply::component::Supplied;

use super::error::refusal;
use super::progress;

/// What a component is.
pub(super) struct Examined {
    pub(super) facts: ComponentFacts,
    pub(super) about: Option<About>,
    /// How many rules a validator has.
    pub(super) rules: Option<usize>,
}

/// What it is; compiled for this machine afterwards.
pub(super) fn examine(
    name: &str,
    supplied: &Supplied,
    store: &Store,
) -> Result<Examined, Problems> {
    let facts = ComponentFacts::read(&supplied.wasm).map_err(|error| refusal(&error))?;
    match store.record(&supplied.sha256) {
        Ok(Some(record)) => {
            return Ok(Examined {
                facts,
                about: record.about,
                rules: record.catalog.map(|catalog| catalog.iter().count()),
            });
        }
        Err(error @ StoreError::Exposed { .. }) => return Err(refusal(&error)),
        // What is damaged is made again.
        Ok(None) | Err(_) => {}
    }
    let made = make(name, &supplied.wasm, None)?;
    let saved = store.save(&made, supplied.stamp);
    saved.map_err(|error| refusal(&error))?;
    Ok(Examined {
        facts: made.facts,
        about: made.about,
        rules: made.catalog.map(|catalog| catalog.iter().count()),
    })
}

/// Compiles, with the time it takes on the terminal.
pub(super) fn make(name: &str, wasm: &[u8], target: Option<&str>) -> Result<Made, Problems> {
    let made =
        progress::while_working(format!("compiling {name}"), || Made::of(name, wasm, target));
    made.map_err(|error| {
        refusal(&OpenError::Make {
            plugin: name.to_owned(),
            error: Box::new(error),
        })
    })
}
