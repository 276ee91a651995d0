//! Keeping what was compiled.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::component::create;
use super::error::StoreError;
use super::file::{self, Stamp};
use super::record::{ArtifactRecord, FORMAT, Record};
use super::write::{write, write_record};
use super::{Store, engine_folder};
use crate::plugin::make::Made;

impl Store {
    /// Keeps an artifact with its record, and answers where. What was there is replaced,
    /// never overwritten: a process may have it mapped.
    ///
    /// # Errors
    /// When the folder can't be written, or others can write to it.
    pub fn save(&self, made: &Made, seen: Option<Stamp>) -> Result<PathBuf, StoreError> {
        let folder = self
            .folder()
            .join(engine_folder(&made.target, &made.engine));
        create(&folder)?;
        file::judge_folder(&folder)?;
        let name = folder.join(&made.digest);
        let artifact = name.with_extension("cwasm");
        let stamp = write(&artifact, &made.artifact)?;
        let record = Record {
            format: FORMAT,
            component: made.digest.clone(),
            size: made.component_size,
            seen: seen.into_iter().collect(),
            artifact: ArtifactRecord {
                sha256: format!("{:x}", Sha256::digest(&made.artifact)),
                stamp,
            },
            world: made.facts.world.name().to_owned(),
            imports: made.facts.imports.iter().cloned().collect(),
            about: made.about.clone(),
            catalog: made.catalog.clone(),
        };
        write_record(&name.with_extension("json"), &record)?;
        Ok(artifact)
    }
}
