//! Gets a component from where the manifest says it is.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secret_runtime::error::Problems;
use secret_runtime::manifest::{ComponentSource, OciReference, Plugin};
use secret_runtime::plugin::LARGEST_COMPONENT;
use secret_runtime::regular_file;
use secret_runtime::secret::SecretValue;
use secret_runtime::supply::component::{Registry, Supplied};
use secret_runtime::supply::oci::Credentials;

use super::error::{CommandError, refusal};
use super::progress;
use crate::environment::{REGISTRY_PASSWORD, REGISTRY_USER};

/// The one registry that the login is for: what a manifest names is somebody else's choice.
const REGISTRY: &str = "SECRET_RUN_REGISTRY";
/// Certificates that registries are held against besides those of the machine.
const AUTHORITY: &str = "SECRET_RUN_REGISTRY_CA_FILE";
/// The largest file of these. All authorities of a system have some 200 KiB.
const AUTHORITIES: usize = 1 << 20;
/// A component of some 100 MiB comes through in it over a slow line.
const DEADLINE: Duration = Duration::from_secs(300);

/// The component of a plugin, held against nothing yet.
pub(super) fn get(name: &str, plugin: &Plugin, directory: &Path) -> Result<Supplied, Problems> {
    match plugin.component.get_ref() {
        ComponentSource::Path(path) => {
            let read = Supplied::read(&directory.join(path), LARGEST_COMPONENT);
            read.map_err(|error| refusal(&error))
        }
        ComponentSource::Oci(reference) => pull(name, reference),
    }
}

fn pull(name: &str, reference: &OciReference) -> Result<Supplied, Problems> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let credentials = match (set(REGISTRY_USER), set(REGISTRY_PASSWORD)) {
        (Some(user), Some(password)) => {
            let registry = set(REGISTRY).unwrap_or_default();
            let registry = registry.to_string_lossy();
            let secret = |text: OsString| SecretValue::new(text.into_vec());
            let credentials = Credentials::new(&registry, secret(user), secret(password));
            Some(credentials.map_err(|error| refusal(&error))?)
        }
        _ => None,
    };
    let authority = match set(AUTHORITY).map(PathBuf::from) {
        None => None,
        Some(path) => Some(regular_file::read(&path, AUTHORITIES).map_err(|error| {
            refusal(&CommandError::Authority {
                variable: AUTHORITY,
                path: path.clone(),
                reason: regular_file::reason(&error),
            })
        })?),
    };
    let registry = Registry {
        authority: authority.as_deref(),
        credentials: credentials.as_ref(),
        deadline: DEADLINE,
    };
    let doing = format!("pulling {name} from {}", reference.registry);
    let pulled = progress::while_pulling(doing, |told| Supplied::pull(reference, registry, told));
    pulled.map_err(|error| refusal(&error))
}
