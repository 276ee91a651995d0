//! Requests that leave the machine on behalf of a plugin.
//!
//! A [`Gate`] is the only way out: the plugin has no sockets, and both interfaces through which
//! it can ask for a request end here. The plugin is not trusted. It may try to reach what it was
//! not granted, to learn a credential that the host adds, to exhaust the host, or to send values
//! to somebody else. A granted server is trusted with what it is sent; it may still be careless,
//! slow or broken.
//!
//! The checks, in this order:
//!
//! 1. The method is one that is sent, and the URL parses strictly: no user, no characters that
//!    parsers read in different ways, no more than 8192 bytes.
//! 2. The origin is exactly a granted one. This is before any name is resolved, since a name
//!    that is looked up can carry a value out.
//! 3. The plugin sets no header and no query parameter that is the host's, or that carries a
//!    credential of this origin; counts and sizes are within the limits.
//! 4. The host resolves the name, and each address of it is one that the grant covers. One that
//!    is not refuses the whole name.
//! 5. The connection goes to those addresses; `Host` and the name in TLS stay that of the URL.
//! 6. The host adds the credentials of this origin, after all of the above.
//! 7. No redirect is followed, no proxy of the environment is used. One deadline covers all;
//!    headers and body are bounded while they are read.
//! 8. A credential in the answer is masked in an error (status 400 and above), else the request
//!    fails. Headers that carry credentials are not handed on.
//!
//! What the plugin may not do is recorded, so that the host can fail the whole call. Nothing
//! here knows WebAssembly, and no error or log line has a path, a query, a value, or text of a
//! server in it.

mod address;
pub mod base64;
mod check;
mod connect;
mod credential;
mod echo;
mod error;
mod failure;
mod fault;
mod first;
mod gate;
mod limits;
mod message;
mod origin;
mod receive;
mod route;
mod tls;

#[cfg(feature = "vault")]
pub(crate) use self::connect::connect_any;
#[cfg(feature = "vault")]
pub(crate) use self::failure::{cause, certificate_fault};
#[cfg(feature = "vault")]
pub(crate) use self::first::FirstAlone;
#[cfg(feature = "vault")]
pub(crate) use self::tls::system_roots;
#[cfg(feature = "otlp")]
pub(crate) use self::tls::tls_of_system;
pub use address::{AddressKind, Bound, Reach};
pub use credential::{GrantedOrigin, HostCredential};
pub use error::{ErrorClass, OutboundError};
pub use fault::{CertificateFault, CredentialFault, UrlFault};
pub use gate::Gate;
pub use limits::OutboundLimits;
pub use message::{OutboundRequest, OutboundResponse};
pub use origin::{HttpOrigin, OriginError, Scheme};
