//! A project whose backend is a component of this repository.

use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::{Launcher, Outcome, PluginStore, Project, repository};

/// A project with one backend, `store`, that is a committed component. Runs find it compiled.
#[derive(Debug)]
pub struct PluginProject {
    name: String,
    project: Project,
    store: PluginStore,
}

impl PluginProject {
    /// One with the component `name` of `plugins/dist`. `plugin` are the lines of `[plugins.NAME]`
    /// below `component`, and `entries` is what else stands in the manifest. Compiled components
    /// are in `folder`; see [`PluginStore::with`].
    ///
    /// # Panics
    /// When there is no such component.
    #[must_use]
    pub fn new(folder: &Path, name: &str, plugin: &str, entries: &str) -> Self {
        let component = repository(&format!("plugins/dist/{name}.wasm"));
        let store = PluginStore::with(folder, &[&component]);
        let project = Project::new();
        let manifest = format!(
            "version = 1\n\
             [environments.development]\nbackend = \"store\"\n\
             [environments.production]\nbackend = \"store\"\n\
             [backends.store]\nkind = \"plugin\"\nplugin = \"{name}\"\n\
             [plugins.{name}]\ncomponent = \"{name}.wasm\"\n{plugin}\n{entries}"
        );
        project.write("secrets.toml", manifest);
        let link = project.path(&format!("{name}.wasm"));
        symlink(component, link).expect("a link can be made");
        let name = name.to_owned();
        Self {
            name,
            project,
            store,
        }
    }

    /// The same with these lines of the backend, too.
    ///
    /// # Panics
    /// When the manifest is gone.
    #[must_use]
    pub fn backend(self, lines: &str) -> Self {
        let manifest = std::fs::read_to_string(self.project.path("secrets.toml"));
        let manifest = manifest.expect("a project has a manifest");
        let kind = "kind = \"plugin\"\n";
        let manifest = manifest.replacen(kind, &format!("{kind}{lines}\n"), 1);
        self.project.write("secrets.toml", manifest);
        self
    }

    /// The folder with the manifest.
    #[must_use]
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The launcher in it. Errors are JSON.
    #[must_use]
    pub fn launcher(&self) -> Launcher<'_> {
        self.prepared(self.project.launcher())
    }

    /// The same, started by another program, whose words come first.
    #[must_use]
    pub fn launcher_under(&self, wrapper: &[impl AsRef<OsStr>]) -> Launcher<'_> {
        self.prepared(self.project.launcher_under(wrapper))
    }

    fn prepared<'a>(&self, launcher: Launcher<'a>) -> Launcher<'a> {
        let launcher = launcher.env("SECRET_RUN_PLUGINS", self.store.folder());
        launcher.args(["--error-format", "json"])
    }

    /// Pins the component with its grants, as production wants it.
    ///
    /// # Panics
    /// When it is not pinned.
    pub fn pin(&self) {
        let add = self.launcher().args(["plugin", "add", &self.name]);
        add.run().exits_with(0);
    }

    /// Runs what must start no command, and must tell these kinds of problems, in any order.
    ///
    /// # Panics
    /// When it does otherwise.
    #[must_use]
    #[track_caller]
    pub fn refuses(&self, launcher: Launcher<'_>, kinds: &[&str]) -> Outcome {
        let outcome = launcher.command(self.project.marker()).run();
        assert!(!self.project.started(), "{outcome:?}");
        outcome.exits_with(125);
        let problems = outcome.problems();
        let mut found: Vec<_> = problems
            .iter()
            .filter_map(|it| it["kind"].as_str())
            .collect();
        let mut wanted = kinds.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{outcome:?}");
        outcome
    }
}
