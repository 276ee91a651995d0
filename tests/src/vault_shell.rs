//! Somebody at a command line, who uses an OpenBao by its own client and by scripts.

use std::env;
use std::ffi::OsString;
use std::ops::Deref;
use std::path::Path;

use crate::binary::{binary, built_server};
use crate::{Launcher, OpenBao, Outcome, Project};

/// A folder, and an OpenBao that is reached with TLS. Programs are found in the folder's `bin` first,
/// `bao`, `secret-run` and the gateway among them.
#[derive(Debug)]
pub struct VaultShell {
    project: Project,
    /// The server.
    pub bao: OpenBao,
}

impl VaultShell {
    /// An empty folder, and a server with nothing in it.
    ///
    /// # Panics
    /// When the server can't be started.
    #[must_use]
    pub fn start() -> Self {
        let (project, bao) = (Project::new(), OpenBao::start());
        project.write("authority.pem", &bao.authority().certificate);
        Self { project, bao }
    }

    /// A program that knows where the server is and who signed its certificate.
    #[must_use]
    pub fn stranger(&self, program: &Path) -> Launcher<'_> {
        Launcher::of(&self.project, program)
            .env("PATH", self.search_path())
            .env("HOME", self.folder())
            .env("VAULT_ADDR", self.bao.tls_url())
            .env("VAULT_CACERT", self.path("authority.pem"))
    }

    /// A program of somebody who may do everything there.
    #[must_use]
    pub fn administrator(&self, program: &Path) -> Launcher<'_> {
        self.stranger(program).env("VAULT_TOKEN", OpenBao::ROOT)
    }

    /// Runs lines of a shell with this token. The first that fails ends them.
    #[must_use]
    pub fn lines(&self, token: &str, lines: &str) -> Outcome {
        let shell = self.stranger(Path::new("/bin/bash"));
        let shell = shell.env("VAULT_TOKEN", token);
        shell.args(["-euo", "pipefail", "-c", lines]).run()
    }

    /// What a line prints for somebody who may do everything.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn answer(&self, line: &str) -> String {
        let outcome = self.lines(OpenBao::ROOT, line);
        outcome.exits_with(0).stdout().trim().to_owned()
    }

    /// Where programs are looked for.
    ///
    /// # Panics
    /// When `bao` is not installed.
    #[must_use]
    pub fn search_path(&self) -> OsString {
        let bao = built_server("bao");
        let bao = bao.expect("`cargo xtask test --setup-only` installs it");
        let folders = [&bao, &binary("secret-run")].map(|file| file.parent().map(Path::to_owned));
        let folders = folders.into_iter().flatten();
        let all = [self.path("bin")].into_iter().chain(folders);
        let all = all.chain(["/usr/bin".into(), "/bin".into()]);
        env::join_paths(all).expect("folders are a path")
    }
}

impl Deref for VaultShell {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.project
    }
}
