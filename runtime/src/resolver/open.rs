//! From a backend of the plan to one that can be asked.

#[cfg(feature = "aws")]
use std::cell::OnceCell;
use std::os::unix::ffi::OsStringExt;

#[cfg(feature = "aws")]
use crate::backend::aws::{AwsSession, ParameterStore, SecretsManager};
use crate::backend::env::EnvBackend;
use crate::backend::file::{FileBackend, Strictness};
#[cfg(feature = "vault")]
use crate::backend::vault::Vault;
use crate::backend::{Backend, FetchError, Lender, ProcessVariable};
#[cfg(feature = "aws")]
use crate::manifest::AwsStore;
use crate::manifest::BackendSettings;
use crate::plan::{Plan, PlannedBackend};
use crate::plugin::Plugins;
use crate::secret::SecretValue;

/// A backend that is ready to be asked; `None` where nothing is asked of it.
pub(super) type Opened<'a> = Result<Option<Box<dyn Backend + 'a>>, FetchError>;

/// What backends of one run share.
pub(super) struct Shared<'a> {
    plugins: &'a Plugins,
    process: ProcessVariable<'a>,
    /// Made for the first backend of AWS.
    #[cfg(feature = "aws")]
    aws: OnceCell<AwsSession>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(plugins: &'a Plugins, process: ProcessVariable<'a>) -> Self {
        Self {
            plugins,
            process,
            #[cfg(feature = "aws")]
            aws: OnceCell::new(),
        }
    }
}

pub(super) fn open<'a>(
    plan: &Plan,
    shared: &'a Shared<'a>,
    backend: &'a PlannedBackend,
) -> Opened<'a> {
    if backend.requests.is_empty() {
        return Ok(None);
    }
    let directory = plan.manifest().source().directory();
    let production = plan.selection.production.is_some();
    let process = shared.process;
    Ok(Some(match &backend.settings {
        BackendSettings::Env { files } => {
            let files = files.iter().map(|file| directory.join(file)).collect();
            Box::new(EnvBackend::new(files, move |name: &str| {
                process(name).map(|value| SecretValue::new(value.into_vec()))
            }))
        }
        BackendSettings::File {
            directory: folder, ..
        } => Box::new(FileBackend::new(
            directory.join(folder),
            Strictness::of(production),
        )),
        BackendSettings::Plugin { plugin, .. } => {
            let opened = shared.plugins.backend(plugin, process);
            Box::new(opened.map_err(FetchError::new)?)
        }
        #[cfg(feature = "aws")]
        BackendSettings::Aws(settings) => {
            let aws = || AwsSession::new(production, process).once();
            let (session, access) = (shared.aws.get_or_init(aws), &settings.access);
            match settings.store {
                AwsStore::SecretsManager => Box::new(SecretsManager::new(session, access)),
                AwsStore::ParameterStore => Box::new(ParameterStore::new(session, access)),
            }
        }
        #[cfg(feature = "vault")]
        BackendSettings::Vault(vault) => {
            Box::new(Vault::open(vault, directory, production, process)?)
        }
        #[cfg(not(feature = "aws"))]
        BackendSettings::Aws(_) => {
            unreachable!("policy refuses plans with kinds that are not built in")
        }
        #[cfg(not(feature = "vault"))]
        BackendSettings::Vault(_) => {
            unreachable!("policy refuses plans with kinds that are not built in")
        }
    }))
}

/// The backend at that place of the plan, if it is one that lends.
pub(super) fn open_lender(
    plan: &Plan,
    process: ProcessVariable<'_>,
    backend: usize,
) -> Result<Option<Box<dyn Lender>>, FetchError> {
    match &plan.backends[backend].settings {
        #[cfg(feature = "vault")]
        BackendSettings::Vault(vault) => {
            let directory = plan.manifest().source().directory();
            let production = plan.selection.production.is_some();
            let opened = Vault::open(vault, directory, production, process)?;
            Ok(Some(Box::new(opened)))
        }
        _ => {
            let _ = process;
            Ok(None)
        }
    }
}
