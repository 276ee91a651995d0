//! Requests that leave the machine on behalf of a plugin.

mod origin;

pub use origin::{HttpOrigin, OriginError, Scheme};
