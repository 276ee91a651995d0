//! Pulls a component from a registry, by the OCI distribution protocol.
//!
//! The order of the checks, and what each keeps out:
//!
//! 1. Names are checked before anything is sent: they become parts of URLs.
//! 2. Only `https`; `http` only to this machine, and only when the registry is on it.
//! 3. The manifest is held against the digest before it is read, and each layer against the
//!    digest in the manifest before anybody sees it. Nothing is taken by a tag.
//! 4. Sizes are bounded before a layer is asked for, and again while it comes.
//! 5. One deadline covers everything, so that a registry that drips can't keep a user waiting.
//! 6. Credentials go to the one registry that they are for and to the token service that it
//!    names, and are asked to allow reading only. A redirect to another origin goes without them.
//!
//! Errors tell who was spoken to and what was asked for, never what was answered. Must not
//! write files, run what it pulled, or be called while a command is started.

mod address;
mod challenge;
mod credentials;
mod error;
mod image;
mod session;
mod target;
mod transport;

use std::time::Duration;

use crate::supply::signature::SIGNATURE_LIMIT;

pub use self::credentials::Credentials;
pub use self::error::{Item, OciError, Peer, Shape};
pub use self::image::SIGNATURE_LAYER;

use self::address::{Sha256Digest, check_repository, registry_origin};
use self::image::{Blob, Image};
use self::session::Session;
use self::transport::Transport;

/// The largest component that is pulled. An embedded JavaScript engine with an application
/// has some 12 MB, Python 18 MB.
pub const COMPONENT_LIMIT: u64 = 256 * 1024 * 1024;

/// The largest manifest; registries refuse larger ones, too.
pub const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;

/// What to pull, and how.
#[derive(Debug, Clone, Copy)]
pub struct Pull<'a> {
    /// `host` or `host:port`.
    pub registry: &'a str,
    /// The name of the repository, without the registry.
    pub repository: &'a str,
    /// `sha256:` and 64 digits: the digest of the image manifest.
    pub digest: &'a str,
    /// Certificates in PEM that are trusted besides those of the system. With them, a registry
    /// on this machine is spoken to with TLS.
    pub authority: Option<&'a [u8]>,
    /// A login. Another registry than the one it is for is asked without it.
    pub credentials: Option<&'a Credentials>,
    /// The time for everything together.
    pub deadline: Duration,
}

/// A component, as the digest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The bytes of the component.
    pub component: Vec<u8>,
    /// Their SHA-256 in 64 hexadecimal digits. It is not the digest that was asked for: that is
    /// the image's.
    pub sha256: String,
    /// The text of its signature, if one was pushed with it. It is not verified here.
    pub signature: Option<String>,
}

/// Pulls a component. `progress` is told how many bytes of the component are there, and how many
/// it has.
///
/// # Errors
/// When a name is none, the registry does not hand out what was asked for, or it is not what
/// the digest names, no component, or too large.
///
/// # Panics
/// When it is called within an asynchronous runtime: it waits.
pub fn pull(pull: &Pull<'_>, progress: &mut dyn FnMut(u64, u64)) -> Result<Pulled, OciError> {
    let origin = registry_origin(pull.registry, pull.authority.is_some())?;
    check_repository(pull.repository)?;
    let digest = Sha256Digest::parse(pull.digest).ok_or(OciError::Digest)?;
    let transport = Transport::new(pull.authority)?;
    let credentials = pull.credentials;
    let credentials = credentials.filter(|login| login.are_for(pull.registry));
    let session = Session::new(transport, origin, pull.repository, credentials);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|_| OciError::Client)?;
    let pulled = runtime.block_on(async {
        tokio::time::timeout(pull.deadline, fetch(session, &digest, progress)).await
    });
    // A lookup of a name can't be interrupted, and must not hold up what has ended.
    runtime.shutdown_background();
    pulled.unwrap_or(Err(OciError::Timeout {
        seconds: pull.deadline.as_secs(),
    }))
}

async fn fetch(
    mut session: Session<'_>,
    digest: &Sha256Digest,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Pulled, OciError> {
    let manifest = session.manifest(digest, MANIFEST_LIMIT).await?;
    if !digest.names(&manifest) {
        return Err(OciError::Mismatch(Item::Manifest));
    }
    let image = Image::parse(&manifest)?;
    image.check_sizes(COMPONENT_LIMIT, SIGNATURE_LIMIT as u64)?;

    let signature = match &image.signature {
        Some(blob) => Some(signature(&mut session, blob).await?),
        None => None,
    };
    let blob = &image.component;
    progress(0, blob.size);
    let component = session
        .blob(Item::Component, blob, &mut |done| progress(done, blob.size))
        .await?;
    Ok(Pulled {
        component,
        sha256: blob.digest.hex().to_owned(),
        signature,
    })
}

async fn signature(session: &mut Session<'_>, blob: &Blob) -> Result<String, OciError> {
    let bytes = session.blob(Item::Signature, blob, &mut |_| ()).await?;
    String::from_utf8(bytes).map_err(|_| OciError::NotAComponent(Shape::SignatureText))
}
