//! Declares, resolves and validates secrets.

pub mod backend;
pub mod error;
pub mod extract;
pub mod manifest;
mod nearest;
pub mod order;
pub mod plan;
pub mod plugin;
pub mod policy;
pub mod reference;
pub mod rule;
pub mod secret;
pub mod selection;
pub mod template;
