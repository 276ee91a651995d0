//! A project whose secrets are in an OpenBao.

use std::ops::Deref;

use crate::{Launcher, OpenBao, Outcome, Project};

/// A project of production with one backend, `vault`.
#[derive(Debug)]
pub struct VaultProject(Project);

impl VaultProject {
    /// With these keys of the backend, and these entries.
    #[must_use]
    pub fn new(backend: &str, entries: &str) -> Self {
        let manifest = format!(
            "version = 1\n[environments.production]\nbackend = \"vault\"\n\
             [backends.vault]\nkind = \"vault\"\n{backend}\n{entries}"
        );
        Self(Project::with(&manifest, ""))
    }

    /// The launcher, which knows where the server is and nothing else.
    #[must_use]
    pub fn stranger(&self, bao: &OpenBao) -> Launcher<'_> {
        self.launcher_to(&bao.url())
    }

    /// The launcher with the address of a server alone.
    #[must_use]
    pub fn launcher_to(&self, address: &str) -> Launcher<'_> {
        self.0
            .launcher()
            .env("VAULT_ADDR", address)
            .env("HOME", self.folder())
            .args(["--env", "production", "--error-format", "json"])
    }

    /// The launcher with a token that may do everything.
    #[must_use]
    pub fn launcher(&self, bao: &OpenBao) -> Launcher<'_> {
        self.stranger(bao).env("VAULT_TOKEN", OpenBao::ROOT)
    }

    /// The message and the hint of the one problem of a run that ends with it, which has this kind and
    /// shows none of `hidden`.
    ///
    /// # Panics
    /// When it is otherwise.
    #[must_use]
    #[track_caller]
    pub fn refused(&self, launcher: Launcher<'_>, kind: &str, hidden: &[&str]) -> (String, String) {
        let outcome = launcher.command(self.marker()).run();
        outcome.exits_with(125);
        for text in hidden {
            outcome.shows_no(text);
        }
        assert!(!self.started());
        let problem = outcome.problem(kind);
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        (text("message"), text("hint"))
    }

    /// What the command gets of these variables, from a run of `env`.
    ///
    /// # Panics
    /// When the run fails, or one of them is not there.
    #[must_use]
    pub fn variables(outcome: &Outcome, names: &[&str]) -> Vec<String> {
        outcome.exits_with(0);
        let stdout = outcome.stdout();
        let value = |name: &&str| {
            let start = format!("{name}=");
            let found = stdout.lines().find_map(|line| line.strip_prefix(&start));
            let found = found.unwrap_or_else(|| panic!("no {name}\n{outcome:?}"));
            found.to_owned()
        };
        names.iter().map(value).collect()
    }
}

impl Deref for VaultProject {
    type Target = Project;

    fn deref(&self) -> &Project {
        &self.0
    }
}
