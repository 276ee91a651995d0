//! The launcher.

pub mod deliver;
pub mod environment;
pub mod exec;
pub mod harden;
pub mod lookup;
pub mod program;
