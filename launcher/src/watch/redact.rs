//! `--redact`: values are masked in what the command writes, before anybody sees it.
//!
//! The command writes into two pipes; the parent reads them, masks, and writes on. For that
//! it has to know the values: with `--redact` the parent holds them, and only then.

mod masker;
mod outputs;
mod spellings;
mod stream;

pub(super) use outputs::{Outputs, Sinks, Sources};
pub(super) use spellings::{SHORTEST, Values};
