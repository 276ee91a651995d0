//! The contract of backends in Rust, generated from `wit/backend.wit`.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "secret-run:plugin/backend-with-writer",
    imports: {
        "secret-run:plugin/http": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});

pub(super) use exports::secret_run::plugin::backend;
// A run only reads: what writes is the conformance test.
#[cfg(feature = "compile")]
pub(super) use exports::secret_run::plugin::backend_writer;
pub(super) use secret_run::plugin::{http, log, settings};
