//! Declares, resolves and validates secrets.

pub mod backend;
pub mod error;
pub mod extract;
mod nearest;
pub mod order;
pub mod plugin;
pub mod reference;
pub mod rule;
pub mod secret;
pub mod template;
