//! How values are to be read.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::handle::Secrets;
use super::off_loop::off_loop;
use super::source::{Asked, Source};
use crate::error::Problems;

/// The shortest time after which values are read again.
const SHORTEST: Duration = Duration::from_millis(10);
/// The longest one, as in a manifest. Who never wants them read again does not watch.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How values are to be read. What is not said is found as `secret-run` finds it.
#[must_use = "nothing is read before `load`"]
pub struct SecretsBuilder(Asked);

impl SecretsBuilder {
    pub(super) fn new() -> Self {
        Self(Asked {
            manifest: None,
            environment: None,
            backend: None,
            variables: Arc::new(|name| std::env::var_os(name)),
            refresh_every: None,
        })
    }

    /// The manifest, instead of `SECRETS_FILE` or the `secrets.toml` in the working directory or
    /// the nearest above it.
    pub fn manifest(mut self, path: impl Into<PathBuf>) -> Self {
        self.0.manifest = Some(path.into());
        self
    }

    /// The environment of the manifest, instead of `SECRETS_ENV`, `NODE_ENV` and others. What says
    /// that this is production is heard all the same.
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.0.environment = Some(name.into());
        self
    }

    /// The backend for entries that name none, instead of `SECRETS_BACKEND` or that of the
    /// environment.
    pub fn backend(mut self, name: impl Into<String>) -> Self {
        self.0.backend = Some(name.into());
        self
    }

    /// Where variables are read, instead of the environment of the process: those that choose the
    /// manifest and its environment, those of backends of the kind `env`, and credentials.
    ///
    /// The authorities of TLS (`SSL_CERT_FILE`) are read from the process all the same.
    pub fn variables(
        mut self,
        variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        self.0.variables = Arc::new(variable);
        self
    }

    /// How long values are taken for good by who [watches](Secrets::watch), instead of
    /// `SECRETS_CACHE_TTL_SECONDS`, what the manifest says with `cache`, and the `interval` of
    /// `[watch]`, of which the shortest counts: an hour where nobody says anything. Not less
    /// than 10 milliseconds, and not more than 30 days.
    pub fn refresh_every(mut self, time: Duration) -> Self {
        self.0.refresh_every = Some(time.clamp(SHORTEST, LONGEST));
        self
    }

    /// Reads and validates all values, on a thread of its own: the event loop of the caller, of
    /// whatever kind, goes on meanwhile.
    ///
    /// # Errors
    /// All that is wrong: with the manifest, with what the policy refuses, with values that are
    /// missing or invalid, with backends that cannot be reached.
    pub async fn load(self) -> Result<Secrets, Problems> {
        off_loop(move || self.load_blocking()).await
    }

    /// The same for programs without an event loop: it returns when everything is there.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn load_blocking(self) -> Result<Secrets, Problems> {
        Secrets::of(Source::find(self.0)?)
    }
}

impl fmt::Debug for SecretsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretsBuilder")
            .field("manifest", &self.0.manifest)
            .field("environment", &self.0.environment)
            .field("backend", &self.0.backend)
            .field("refresh_every", &self.0.refresh_every)
            .finish_non_exhaustive()
    }
}
