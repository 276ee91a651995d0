//! Support for black-box tests: the built launcher, a project for it, and what came of it.
//!
//! ```no_run
//! use secret_run_tests::Project;
//!
//! let project = Project::new();
//! project.write("secrets.toml", "version = 1\n").write(".env", "TOKEN=dummy-token\n");
//! let outcome = project.launcher().command(["env"]).run();
//! outcome.exits_with(0);
//! outcome.stderr_has_no("dummy-token");
//! ```
//!
//! Cargo does not build the binaries of another package for a test. `cargo xtask test` builds
//! them first; after `cargo build -p secret-run -p api-gateway -p rust-app` the tests of this package run
//! by themselves. `SECRET_RUN_TEST_BIN_DIR` names another folder to take them from.
//!
//! Everything here panics on failure, with a text that says what was expected.

pub mod audited;
mod authority;
mod aws_project;
mod binary;
pub mod cached;
mod checkpoint;
mod consul;
mod consul_entry;
pub mod contract;
mod daemon;
mod etcd;
mod example;
mod exchange;
mod fake_vault;
mod far;
mod gateway;
mod issuer;
mod launcher;
mod leasing;
mod link;
mod linked_store;
mod metrics;
mod moto;
mod open_bao;
mod outcome;
mod plugin_project;
mod plugin_store;
mod port;
mod postgres;
mod project;
mod registry;
mod running;
mod secret_server;
mod trace;
mod vault_project;
mod vault_shell;

pub use authority::{Authority, Identity};
pub use aws_project::{AwsProject, REGION};
pub use binary::{FOLDER_VARIABLE, binary, built_server};
pub use checkpoint::Checkpoint;
pub use consul::{Consul, DATACENTER};
pub use consul_entry::{consul_absent, consul_entry};
pub use etcd::{Etcd, base64};
pub use example::{example_plugin, plugin_tools};
pub use exchange::{Reply, exchange};
pub use fake_vault::fake_vault;
pub use far::serve_until_left;
pub use gateway::{Answer, Gateway};
pub use issuer::Issuer;
pub use launcher::{Launcher, program};
pub use leasing::Leasing;
pub use link::{Fault, Link, Quality};
pub use linked_store::{LinkedProject, LinkedStore, StoreKind};
pub use metrics::Samples;
pub use moto::Moto;
pub use open_bao::OpenBao;
pub use outcome::{End, Outcome};
pub use plugin_project::PluginProject;
pub use plugin_store::{COMPILER_VARIABLE, PluginStore, sha256};
pub use port::free_port;
pub use postgres::Postgres;
pub use project::{Project, repository};
pub use registry::{IMAGE_MANIFEST, Registry, digest};
pub use running::Running;
pub use secret_server::{Request, Response, SecretServer};
pub use trace::Trace;
pub use vault_project::VaultProject;
pub use vault_shell::VaultShell;
