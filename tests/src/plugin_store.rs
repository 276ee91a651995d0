//! Compiled plugins, for runs that shall not have to compile.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secret_runtime::plugin::digest_of;

use crate::launcher::{clone, content, output_file, wait};
use crate::{Launcher, Project, binary};

/// Names a launcher that compiles for the tests: one of a release build of the same sources
/// compiles what a debug build takes minutes for.
pub const COMPILER_VARIABLE: &str = "SECRET_RUN_TEST_COMPILER";

/// How long compiling may take: megabytes of a language's runtime, by a debug build.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// A folder of compiled plugins, as `SECRET_RUN_PLUGINS` names one.
///
/// It is kept for further runs of the tests, since compiling takes longer than all else: an
/// artifact is found by its component and its engine, so no other can be taken for it.
#[derive(Debug)]
pub struct PluginStore {
    folder: PathBuf,
}

impl PluginStore {
    /// The store in `folder`, which the tests of one target folder share, with all of
    /// `components`, which are backends, compiled.
    ///
    /// # Panics
    /// When one of them is no component that can be compiled.
    #[must_use]
    pub fn with(folder: &Path, components: &[&Path]) -> Self {
        Self::filled(folder, components, |index| {
            format!(
                "[backends.b{index}]\nkind = \"plugin\"\nplugin = \"p{index}\"\n\
                 [secrets.S{index}]\nfrom = \"b{index}:path\"\n"
            )
        })
    }

    /// The same store, with a validator compiled that has this rule.
    ///
    /// # Panics
    /// When it is no component that can be compiled.
    #[must_use]
    pub fn with_validator(folder: &Path, component: &Path, rule: &str) -> Self {
        Self::filled(folder, &[component], |index| {
            format!("[secrets.S{index}]\nvalidate = \"p{index}/{rule}\"\n")
        })
    }

    /// `user` says what of a manifest uses the component of a number.
    fn filled(folder: &Path, components: &[&Path], user: impl Fn(usize) -> String) -> Self {
        // One compiles, and the others find it done.
        static TURN: Mutex<()> = Mutex::new(());
        let compiler = env::var_os(COMPILER_VARIABLE);
        let compiler = compiler.map_or_else(|| binary("secret-run"), PathBuf::from);
        let store = Self {
            folder: folder.join("compiled-plugins"),
        };
        // What is locked is nothing that could be left half done.
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let digests: Vec<_> = components
            .iter()
            .map(|component| sha256(component))
            .collect();
        let lacks = |digest: &String| store.artifact(digest).is_none();
        if digests.iter().any(lacks) {
            store.compile(&compiler, components, user);
        }
        assert!(!digests.iter().any(lacks), "not all of them are compiled");
        store
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The compiled component of this digest, if there is one with its record.
    #[must_use]
    pub fn artifact(&self, digest: &str) -> Option<PathBuf> {
        let engines = fs::read_dir(&self.folder).ok()?;
        let mut engines = engines.flatten().map(|engine| engine.path());
        engines.find_map(|engine| {
            let record = engine.join(format!("{digest}.json"));
            let artifact = engine.join(format!("{digest}.cwasm"));
            (record.is_file() && artifact.is_file()).then_some(artifact)
        })
    }

    /// A copy of one compiled component in a store in the project, for a test that damages it;
    /// answers where the store and the artifact are.
    ///
    /// # Panics
    /// When it is not there, or can't be copied.
    #[must_use]
    pub fn copy(&self, digest: &str, project: &Project) -> (PathBuf, PathBuf) {
        let store = project.path("store");
        let artifact = self.artifact(digest).expect("it is compiled");
        let engine = artifact.parent().and_then(Path::file_name);
        let engine = store.join(engine.expect("an artifact lies in a folder of its engine"));
        let mut folders = fs::DirBuilder::new();
        let made = folders.recursive(true).mode(0o700).create(&engine);
        made.expect("a folder of the project can be made");
        for file in [&artifact, &artifact.with_extension("json")] {
            let name = file.file_name().expect("a file has a name");
            fs::copy(file, engine.join(name)).expect("a compiled component can be copied");
        }
        let artifact = engine.join(artifact.file_name().expect("a file has a name"));
        (store, artifact)
    }

    /// Lets the launcher run with a backend that is granted nothing, or for a secret that is
    /// missing: it compiles what it is asked to use, and then refuses to go on.
    fn compile(&self, compiler: &Path, components: &[&Path], user: impl Fn(usize) -> String) {
        let project = Project::new();
        let mut manifest = "version = 1\n".to_owned();
        for (index, component) in components.iter().enumerate() {
            let link = project.path(&format!("c{index}.wasm"));
            symlink(component, link).expect("a link can be made");
            let _ = write!(
                manifest,
                "[plugins.p{index}]\ncomponent = \"c{index}.wasm\"\n{}",
                user(index)
            );
        }
        project.write("secrets.toml", manifest);
        let launcher = Launcher::of(&project, compiler)
            .env("SECRET_RUN_PLUGINS", &self.folder)
            .args(["--allow-compile"])
            .command(["true"]);
        let stderr = output_file();
        let mut command = launcher.into_command();
        command.stdout(Stdio::null()).stderr(clone(&stderr));
        let mut child = command.spawn().expect("the launcher can be started");
        let end = wait(&mut child, LIMIT);
        assert!(
            end.is_some_and(|end| end.code() == Some(125)),
            "nothing was compiled: {end:?}\n{}",
            String::from_utf8_lossy(&content(stderr))
        );
    }
}

/// The SHA-256 of a component, as manifests and locks have it.
///
/// # Panics
/// When it can't be read: the text says where components come from.
#[must_use]
pub fn sha256(component: &Path) -> String {
    let file = fs::File::open(component);
    let digest = file.and_then(digest_of);
    digest.unwrap_or_else(|error| {
        panic!(
            "{}: {error}: run `cargo xtask test`, which builds what the tests need",
            component.display()
        )
    })
}
