//! Where components come from before they are pinned.
//!
//! What is here runs when a plugin is added or fetched anew, never when a command is started:
//! a run loads what is there already. Nothing is trusted because of where it came from. A
//! component is taken by the digest that the manifest names, and, where the manifest names a
//! key, only with a signature by it.
//!
//! - `component` reads or pulls one, and holds it against the manifest.
//! - `oci` pulls a component from a registry.
//! - `signature` holds a component against the key that must have signed it.
//!
//! Must not run a component, write files, or show a text that a server sent.

pub mod component;
pub mod oci;
pub mod signature;
