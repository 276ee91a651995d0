//! A project with one plugin, and runs of it.

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use secret_runtime::error::{Problem, Problems};
use secret_runtime::judge::Judge;
use secret_runtime::manifest::Manifest;
use secret_runtime::memory::Memory;
use secret_runtime::plan::Plan;
use secret_runtime::plugin::{self, PluginOptions, Plugins, Store};
use secret_runtime::selection::Wanted;
use secret_runtime::{policy, resolver};
use tempfile::TempDir;

use crate::backend_guest::BackendGuest;

/// In every value that the guests hold.
pub(crate) const VALUE: &str = "dummy-value";

/// A folder with a component, and with its artifact after the first run.
pub(crate) struct Bed {
    folder: TempDir,
    paths: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
}

impl Bed {
    /// One where two documents are asked for.
    pub(crate) fn of(guest: &BackendGuest) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("p.wasm"), guest.component()).unwrap();
        Self {
            folder,
            paths: vec!["app/first".to_owned(), "app/second".to_owned()],
            variables: Vec::new(),
        }
    }

    /// The same, where these documents are asked for.
    pub(crate) fn asking(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.paths = paths.into_iter().map(Into::into).collect();
        self
    }

    /// The same, in a process with this variable.
    pub(crate) fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// What a run comes to, with these lines in the plugin's section: the values in the order of
    /// their paths.
    pub(crate) fn run(&self, lines: &str) -> Result<Vec<String>, Vec<Problem>> {
        self.resolve(lines).map_err(Problems::into_vec)
    }

    /// Asserts that a run hands nothing out, and for this one reason alone.
    #[track_caller]
    pub(crate) fn refuses(&self, lines: &str, kind: &str) -> Problem {
        let problems = self.run(lines).expect_err(lines);
        let kinds: Vec<_> = problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [kind], "{lines}\n{problems:#?}");
        let shown = format!("{problems:?}");
        assert!(!shown.contains(VALUE), "{shown}");
        problems.into_iter().next().unwrap()
    }

    fn resolve(&self, lines: &str) -> Result<Vec<String>, Problems> {
        let manifest = self.manifest(lines);
        let path = self.folder.path().join("secrets.toml");
        let manifest = Manifest::parse(&path, &manifest, plugin::standard_catalog())?;
        let wanted = Wanted::new(None, None, |_| None);
        let plan = Plan::new(Arc::new(manifest), &wanted)?;
        let options = PluginOptions {
            store: Store::at(self.folder.path().join("store")),
            allow_compile: true,
            alarm: None,
        };
        let plugins = Plugins::of_plan(&plan, options)?;
        let mut judge = Judge::standard();
        let authorized = policy::authorize(plan, plugins, &mut judge)?;
        let process = |name: &str| {
            let mut variables = self.variables.iter();
            let found = variables.find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let resolved = resolver::fetch(authorized, &process, &mut Memory::new())
            .extract()
            .compose()
            .validate(&mut judge)?;
        let value = |index| {
            let value = resolved.get(&format!("SECRET_{index}")).unwrap();
            String::from_utf8(value.expose().to_vec()).unwrap()
        };
        Ok((0..self.paths.len()).map(value).collect())
    }

    fn manifest(&self, lines: &str) -> String {
        let entries = self.paths.iter().enumerate();
        let entries: String = entries
            .map(|(index, path)| format!("[secrets.SECRET_{index}]\nfrom = \"p:{path}\"\n"))
            .collect();
        format!(
            "version = 1\n\
             [backends.p]\nkind = \"plugin\"\nplugin = \"p\"\n\
             [plugins.p]\ncomponent = \"p.wasm\"\n{lines}\n\
             {entries}"
        )
    }
}
