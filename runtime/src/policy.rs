//! What may not be done.

mod names;

pub use names::changes_loading;
