//! A project that keeps what it reads of an OpenBao across starts, and a link that can go down.

use std::fs;
use std::path::PathBuf;

use crate::{Fault, Launcher, Link, OpenBao, Outcome, Quality, Samples, VaultProject};
use serde_json::{Value, json};

/// Entries of the projects.
const ENTRIES: &str = "[secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n";

/// A server, the way to it, and a project with a cache.
#[derive(Debug)]
pub struct Cached {
    /// The server.
    pub bao: OpenBao,
    /// The way to it.
    pub link: Link,
    /// The project.
    pub project: VaultProject,
}

impl Cached {
    /// What the server has first.
    pub const VALUE: &str = "q7zk-71d0-of-vault";

    /// With these lines of `[cache]`, and a key in a file.
    #[must_use]
    pub fn new(cache: &str) -> Self {
        Self::with(&format!(
            "[cache]\n{cache}\nacross-starts = {{ key-file = \"cache.key\" }}\n{ENTRIES}"
        ))
    }

    /// With these lines behind those of the backend.
    #[must_use]
    pub fn with(lines: &str) -> Self {
        let bao = OpenBao::start();
        let cached = Self {
            link: Link::to(bao.address()),
            project: VaultProject::new(
                "",
                &format!("[audit]\ndestination = \"audit.jsonl\"\nrequired = false\n{lines}"),
            ),
            bao,
        };
        cached.put(Self::VALUE);
        cached.project.write("run/.keep", "");
        cached
    }

    /// Has the server hold another value.
    pub fn put(&self, value: &str) {
        self.bao.put("app/TOKEN", &json!({ "value": value }));
    }

    /// The launcher with a token that may do everything.
    #[must_use]
    pub fn launcher(&self) -> Launcher<'_> {
        self.as_whom(OpenBao::ROOT)
    }

    /// The launcher with this token.
    #[must_use]
    pub fn as_whom(&self, token: &str) -> Launcher<'_> {
        self.dress(Launcher::new(&self.project))
            .env("VAULT_TOKEN", token)
    }

    /// A launcher, however it is started, told where the server and the cache are, with a token that
    /// may do everything.
    #[must_use]
    pub fn dress<'a>(&self, launcher: Launcher<'a>) -> Launcher<'a> {
        launcher
            .env("VAULT_ADDR", format!("http://{}", self.link.address()))
            .env("VAULT_TOKEN", OpenBao::ROOT)
            .env("HOME", self.project.folder())
            .env("XDG_RUNTIME_DIR", self.project.path("run"))
            .args(["--env", "production", "--error-format", "json"])
    }

    /// A run of `env`.
    #[must_use]
    pub fn run(&self) -> Outcome {
        self.launcher().command(["env"]).run()
    }

    /// A run that gets this value and says nothing.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn gets(&self, value: &str) -> Outcome {
        let outcome = self.run();
        assert_eq!(outcome.variables(&["TOKEN"]), [value]);
        assert_eq!(outcome.stderr(), "", "{outcome:?}");
        outcome
    }

    /// Ends what there is of connections, and resets each that is made.
    pub fn down(&self) {
        self.link.change(Quality {
            fault: Some(Fault::ResetAfter(0)),
            ..Quality::default()
        });
    }

    /// Takes that back.
    pub fn up(&self) {
        self.link.change(Quality::default());
    }

    /// What became of the last access, in the audit log: `outcome` and `version`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn last_access(&self) -> (String, Value) {
        let lines = crate::audited::lines(&self.project, "audit.jsonl");
        let accesses = crate::audited::events(&lines, "access");
        let last = accesses.last().expect("something was asked for");
        let outcome = last["outcome"].as_str().expect("an outcome is a text");
        (outcome.to_owned(), last["version"].clone())
    }

    /// What runs have added to `shop.prom`, where the manifest wants that.
    ///
    /// # Panics
    /// When there is no such file, or it shows the value.
    #[must_use]
    #[track_caller]
    pub fn metrics(&self) -> Samples {
        let text = fs::read_to_string(self.project.path("shop.prom"));
        let text = text.expect("runs have added themselves");
        assert!(!text.contains(Self::VALUE), "{text}");
        Samples::checked(&text)
    }

    /// The files in the folder of caches.
    ///
    /// # Panics
    /// When there is no such folder.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.project.path("run/secret-run"));
        let folder = folder.expect("there is a folder for caches");
        folder.flatten().map(|file| file.path()).collect()
    }

    /// The one cache.
    ///
    /// # Panics
    /// When there is none, or another file.
    #[must_use]
    #[track_caller]
    pub fn file(&self) -> PathBuf {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    /// What `cache status` tells.
    #[must_use]
    pub fn status(&self) -> Value {
        let launcher = self
            .launcher()
            .args(["cache", "status", "--format", "json"]);
        let outcome = launcher.run();
        outcome.exits_with(0).shows_no(Self::VALUE);
        outcome.stdout_json()
    }
}
