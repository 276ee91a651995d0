//! A project whose secrets are in AWS, and how its launcher is told where that is.

use std::net::SocketAddr;
use std::path::Path;

use crate::{Launcher, Project};

/// The region of these tests.
pub const REGION: &str = "eu-west-1";

/// A project in production, with one backend `aws`.
#[derive(Debug)]
pub struct AwsProject {
    project: Project,
    backend: String,
}

impl AwsProject {
    /// With these lines of the backend, and these entries.
    #[must_use]
    pub fn new(backend: &str, entries: &str) -> Self {
        let project = Self {
            project: Project::new(),
            backend: backend.to_owned(),
        };
        project.entries(entries);
        project
    }

    /// Has other entries from now on.
    pub fn entries(&self, entries: &str) {
        let backend = &self.backend;
        let manifest = format!(
            "version = 1\n[environments.production]\nbackend = \"aws\"\n\
             [backends.aws]\n{backend}\n{entries}"
        );
        self.project.write("secrets.toml", manifest);
    }

    /// Its folder and files.
    #[must_use]
    pub fn files(&self) -> &Project {
        &self.project
    }

    /// The launcher in production, with credentials and an endpoint on this machine.
    #[must_use]
    pub fn launcher(&self, endpoint: SocketAddr) -> Launcher<'_> {
        self.bare()
            .env("AWS_ACCESS_KEY_ID", "AKIADUMMY")
            .env("AWS_SECRET_ACCESS_KEY", "dummy-key")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", format!("http://{endpoint}"))
    }

    /// The launcher in production, which knows nothing of AWS.
    #[must_use]
    pub fn bare(&self) -> Launcher<'_> {
        let folder: &Path = self.project.folder();
        let launcher = self.project.launcher().env("HOME", folder);
        launcher.args(["--env", "production", "--error-format", "json"])
    }

    /// The command that leaves a mark, for runs that must not start it.
    #[must_use]
    pub fn marker(&self) -> [&'static str; 2] {
        self.project.marker()
    }

    /// Whether it was started.
    #[must_use]
    pub fn started(&self) -> bool {
        self.project.started()
    }
}
