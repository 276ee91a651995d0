//! A backend that reaches for what it was not granted, or loops, grows, traps, lies or floods,
//! ends the run with an error of its own: in bounded time, with no value handed out, and with
//! nothing shown that it could know.
//!
//! Each test takes the way of a run: a manifest, a component beside it, a store of compiled
//! plugins, and what comes of resolving.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod answers;
#[path = "../backend_guest/mod.rs"]
mod backend_guest;
mod bed;
mod calls;
mod credentials;
mod grants;
mod log;
mod messenger;
mod network;
mod resources;
mod server;
#[path = "../transcript/mod.rs"]
mod transcript;
mod wasi;
mod wasi_http;
