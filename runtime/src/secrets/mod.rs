//! The values of a program that reads them for itself: [`Secrets`].
//!
//! `secret-run` becomes the program that it started. A program that stays for long can do without it:
//! it reads `secrets.toml` by the same rules, keeps its values current, and learns when one changes.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # std::fs::write(folder.path().join("secrets.toml"), r#"
//! # version = 1
//! # [environments.development]
//! # backend = "dotenv"
//! # [backends.dotenv]
//! # kind = "env"
//! # files = [".env"]
//! # [secrets.DB_PASSWORD]
//! # [secrets.SENTRY_DSN]
//! # required = false
//! # [config.PORT]
//! # default = "8080"
//! # validate = "port"
//! # "#)?;
//! # std::fs::write(folder.path().join(".env"), "DB_PASSWORD=dummy-password\n")?;
//! # let manifest = folder.path().join("secrets.toml");
//! use secret_runtime::Secrets;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! // Or `Secrets::load().await?`, which finds the manifest as `secret-run` does.
//! let secrets = Secrets::builder().manifest(manifest).variables(|_| None).load().await?;
//!
//! let password = secrets.required("DB_PASSWORD")?;
//! assert_eq!(password.text()?, "dummy-password");
//! let port: u16 = secrets.parse("PORT")?;
//! assert_eq!(port, 8080);
//! assert!(secrets.optional("SENTRY_DSN")?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A struct has its fields filled by name. A typo is told with the name that was probably meant:
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let manifest = folder.path().join("secrets.toml");
//! # std::fs::write(&manifest, r#"
//! # version = 1
//! # [environments.development]
//! # backend = "dotenv"
//! # [backends.dotenv]
//! # kind = "env"
//! # files = [".env"]
//! # [secrets.DB_PASSWORD]
//! # [config.PORT]
//! # default = "8080"
//! # "#)?;
//! # std::fs::write(folder.path().join(".env"), "DB_PASSWORD=dummy-password\n")?;
//! use secret_runtime::Secrets;
//! use secret_runtime::error::Explain;
//! use secret_runtime::secret::SecretValue;
//!
//! #[derive(serde::Deserialize)]
//! struct Config {
//!     db_password: SecretValue,
//!     port: u16,
//!     sentry_dsn: Option<String>,
//! }
//!
//! let secrets = Secrets::builder().manifest(manifest).variables(|_| None).load_blocking()?;
//! let config: Config = secrets.to_struct()?;
//! assert_eq!(config.db_password.expose(), b"dummy-password");
//! assert_eq!((config.port, config.sentry_dsn), (8080, None));
//!
//! let error = secrets.required("DB_PASWORD").unwrap_err();
//! assert_eq!(error.hint().as_deref(), Some("did you mean `DB_PASSWORD`?"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Staying current
//!
//! While a [`Watcher`] lives, values are read again before their time is over, and it tells what has
//! changed. A reading that fails changes nothing, and is told, too: values are never old in silence.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let manifest = folder.path().join("secrets.toml");
//! # std::fs::write(&manifest, r#"
//! # version = 1
//! # [environments.development]
//! # backend = "mounts"
//! # [backends.mounts]
//! # kind = "file"
//! # directory = "."
//! # [secrets.JWT_SECRET]
//! # previous = { name = "JWT_SECRET_PREVIOUS", grace = "24h" }
//! # "#)?;
//! # let key = folder.path().join("JWT_SECRET");
//! # std::fs::write(&key, "dummy-key-1")?;
//! # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
//! # runtime.block_on(async {
//! use std::time::Duration;
//! use secret_runtime::Secrets;
//! use secret_runtime::secrets::Event;
//!
//! let every = Duration::from_millis(20);
//! let secrets = Secrets::builder().manifest(manifest).refresh_every(every).load().await?;
//! let mut watcher = secrets.watch()?;
//! # std::fs::write(&key, "dummy-key-2")?;
//!
//! match watcher.next().await {
//!     Event::Changed(change) => assert!(change.is_of("JWT_SECRET")),
//!     Event::Failed(failure) => eprintln!("{} ({:?} old)", failure.problems, failure.age),
//!     _ => {}
//! }
//! // Sign with the one, verify with both: nobody is logged out by a rotation.
//! let keys = secrets.rotating("JWT_SECRET")?;
//! assert_eq!(keys.current().text()?, "dummy-key-2");
//! assert_eq!(keys.previous().unwrap().text()?, "dummy-key-1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it does not do
//!
//! It installs no signal handler, changes nothing of the process, starts no process, and writes
//! nothing but what the manifest asks for: an audit log, and a cache across starts. Values are in
//! the memory of the program, where `secret-run` cannot harden anything: see `docs/library.md`.

mod background;
mod builder;
mod change;
mod error;
mod fill;
mod handle;
mod off_loop;
mod rotating;
mod secret;
mod snapshot;
mod source;
mod text;
mod watcher;

pub use builder::SecretsBuilder;
pub use change::{Change, Event, Failure, Status};
pub use error::{AccessError, Declared};
pub use handle::Secrets;
pub use rotating::Rotating;
pub use secret::Secret;
pub use snapshot::Snapshot;
pub use watcher::Watcher;
