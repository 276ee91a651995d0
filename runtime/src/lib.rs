//! Declares, resolves and validates secrets.

pub mod error;
pub mod extract;
pub mod order;
pub mod reference;
pub mod secret;
pub mod template;
