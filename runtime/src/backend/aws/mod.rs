//! AWS, by its official SDK: which credentials and which region, as every user of AWS expects.
//!
//! Nothing is set up before something is asked. The SDK asks its sources of credentials in
//! turn, and the metadata of a machine last; where variables hold credentials, the metadata
//! is not asked for a region either. The SDK's own log is no log of ours: it may hold bodies.
//! What backends of one run have in common, they [share](AwsSession). They try once: whoever asks
//! them decides on further attempts.
//!
//! Values are in the SDK's own buffers for a moment, which nobody wipes; they are copied into
//! a [`SecretValue`](crate::secret::SecretValue) at once.

mod arn;
mod asking;
#[cfg(feature = "vault")]
mod caller;
mod classify;
mod credentials;
mod error;
mod http;
mod parameter_store;
mod policy;
mod programs;
mod secrets_manager;
mod session;

use std::time::Duration;

#[cfg(feature = "vault")]
pub(crate) use caller::{Caller, SignedRequest};
pub use error::AwsError;
pub use parameter_store::ParameterStore;
pub use policy::{Policy, PolicyScope};
pub use secrets_manager::SecretsManager;
pub use session::AwsSession;

/// How long one attempt at a request may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// The most calls at once, where each secret is a call of its own.
const AT_ONCE: usize = 32;
