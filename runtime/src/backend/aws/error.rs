//! What goes wrong at AWS, in the user's words. No text that a server sent is in here.

use std::time::Duration;

use humantime::format_duration;
use thiserror::Error;

use crate::backend::past_proxy;
use crate::error::{Explain, Nature};
use crate::resilience::DeadlineOf;

/// Why a secret could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AwsError {
    /// Nobody says in which region the secrets are.
    #[error("nothing says in which region of AWS the secrets are")]
    NoRegion,
    /// No source has credentials.
    #[error("no credentials for AWS: {tried}")]
    NoCredentials {
        /// Which sources were tried.
        tried: String,
    },
    /// A source that should have credentials could not give them.
    #[error("the credentials for AWS could not be had from where they should come from")]
    CredentialsFailed,
    /// A source that should have credentials could not be reached, or could not answer now.
    #[error("the credentials for AWS can't be had now: who gives them does not answer")]
    CredentialsUnavailable {
        /// A variable that names a proxy.
        proxy: Option<&'static str>,
    },
    /// A source did not give them in time.
    #[error("the credentials for AWS did not come from {giver} within {}, the deadline of {}", format_duration(*limit), of.noun())]
    CredentialsLate {
        /// Who should have given them.
        giver: String,
        /// The backend that waited.
        backend: String,
        /// How long.
        limit: Duration,
        /// Whose deadline that was.
        of: DeadlineOf,
    },
    /// A role could not be assumed.
    #[error("AWS does not let these credentials assume {}", role.as_deref().map_or_else(
        || "the role of the profile or of the web identity".to_owned(),
        |role| format!("the role `{role}`"),
    ))]
    RoleDenied {
        /// The role, where the manifest names it.
        role: Option<String>,
    },
    /// AWS no longer takes the credentials.
    #[error("the credentials for AWS have expired")]
    Expired,
    /// AWS does not know the credentials.
    #[error("AWS does not accept the credentials")]
    BadCredentials,
    /// The policies do not allow it.
    #[error("AWS denies `{action}` on `{resource}`")]
    Denied {
        /// The action.
        action: &'static str,
        /// On what: an ARN or a pattern of one.
        resource: String,
    },
    /// The key of the secret may not be used.
    #[error("AWS may not decrypt `{name}` for these credentials")]
    KeyDenied {
        /// The secret.
        name: String,
    },
    /// The secret will be gone.
    #[error("the secret `{name}` is scheduled for deletion")]
    PendingDeletion {
        /// The secret.
        name: String,
    },
    /// What was asked for is nothing that can be asked for.
    #[error("AWS does not take `{name}` as the name or version of a secret")]
    BadName {
        /// What was asked for.
        name: String,
    },
    /// A policy would take it for more than itself.
    #[error("a policy of IAM takes `{name}` for a pattern, and grants more than that name")]
    Pattern {
        /// What was asked for.
        name: String,
    },
    /// Too many requests.
    #[error("AWS throttles requests")]
    Throttled {
        /// When to ask again at the earliest, if it said so.
        retry_after: Option<Duration>,
    },
    /// The server did not do its work.
    #[error("AWS answers with status {status}")]
    Server {
        /// The status.
        status: u16,
        /// When to ask again at the earliest, if it said so.
        retry_after: Option<Duration>,
    },
    /// The server refused for a reason that is not known here.
    #[error("AWS refuses to read `{name}`, with status {status}")]
    Refused {
        /// What was asked for.
        name: String,
        /// The status.
        status: u16,
    },
    /// There is no connection, or it broke.
    #[error("AWS could not be reached in `{region}`")]
    Unreachable {
        /// The region that was asked.
        region: String,
        /// A variable that names a proxy.
        proxy: Option<&'static str>,
    },
    /// It took too long.
    #[error("AWS did not answer within {seconds} s")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
    /// The answer is none.
    #[error("AWS sent an answer for `{name}` that holds no secret")]
    NoAnswer {
        /// What was asked for.
        name: String,
    },
    /// The endpoint is on another machine and speaks plain text.
    #[error("production sends nothing in plain text to another machine")]
    PlainText,
}

impl AwsError {
    /// The same, where the server said when to ask again.
    pub(super) fn again_after(self, after: Option<Duration>) -> Self {
        match self {
            Self::Throttled { .. } => Self::Throttled { retry_after: after },
            Self::Server { status, .. } => Self::Server {
                status,
                retry_after: after,
            },
            other => other,
        }
    }
}

impl Explain for AwsError {
    fn kind(&self) -> &'static str {
        match self {
            Self::NoRegion => "aws-no-region",
            Self::NoCredentials { .. } => "aws-no-credentials",
            Self::CredentialsFailed => "aws-credentials-failed",
            Self::CredentialsUnavailable { .. } => "aws-credentials-unavailable",
            Self::CredentialsLate { .. } => "aws-credentials-timed-out",
            Self::RoleDenied { .. } => "aws-role-denied",
            Self::Expired => "aws-expired-credentials",
            Self::BadCredentials => "aws-bad-credentials",
            Self::Denied { .. } => "aws-access-denied",
            Self::KeyDenied { .. } => "aws-key-denied",
            Self::PendingDeletion { .. } => "aws-pending-deletion",
            Self::BadName { .. } => "aws-bad-name",
            Self::Pattern { .. } => "aws-name-is-pattern",
            Self::Throttled { .. } => "aws-throttled",
            Self::Server { .. } => "aws-server",
            Self::Refused { .. } => "aws-refused",
            Self::Unreachable { .. } => "aws-unreachable",
            Self::TimedOut { .. } => "aws-timed-out",
            Self::NoAnswer { .. } => "aws-no-answer",
            Self::PlainText => "aws-plain-text",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRegion => "set AWS_REGION, or `region` in the backend".into(),
            Self::NoCredentials { .. } => {
                "give it a role where it runs; on your own machine, log in and choose the \
                 profile with AWS_PROFILE or `profile` in the backend"
                    .into()
            }
            Self::CredentialsFailed => {
                "log in again, as with `aws sso login`; if the profile names a program or another \
                 profile, try it by itself with `aws sts get-caller-identity`"
                    .into()
            }
            Self::CredentialsLate { backend, of, .. } => {
                let longer = match of {
                    DeadlineOf::Backend => format!("[backends.{backend}]"),
                    DeadlineOf::Run => "[resilience]".to_owned(),
                };
                format!(
                    "see what it waits for with `aws sts get-caller-identity`: a program of a profile can \
                     ask nobody here. If it is that slow, give it more time with `deadline` in {longer}"
                )
            }
            Self::RoleDenied { .. } => {
                "allow `sts:AssumeRole` on it to these credentials, and these credentials in its \
                 trust policy, with the external id if it asks for one"
                    .into()
            }
            Self::CredentialsUnavailable { proxy } => past_proxy(
                "check the network and the region; if the profile names a program or another \
                 profile, try it by itself with `aws sts get-caller-identity`",
                *proxy,
            ),
            Self::Expired => "log in again, as with `aws sso login`".into(),
            Self::BadCredentials => {
                "check that they belong to this account and are not deactivated, and that the \
                 clock of this machine is right"
                    .into()
            }
            Self::Denied { action, resource } => format!(
                "this statement in a policy grants it: {{\"Effect\": \"Allow\", \"Action\": \
                 \"{action}\", \"Resource\": \"{resource}\"}}"
            ),
            Self::KeyDenied { .. } => {
                "allow `kms:Decrypt` on the key that the secret is encrypted with, in the policy \
                 of the role and in that of the key"
                    .into()
            }
            Self::PendingDeletion { name } => format!(
                "take it back with `aws secretsmanager restore-secret --secret-id {name}`, or \
                 name another"
            ),
            Self::Pattern { .. } => {
                "give it a name without `*`, `?` and `${`: in a policy, these stand for other names as well"
                    .into()
            }
            Self::BadName { .. } => {
                "a name has letters, digits and /_+=.@- only; a version is a stage such as \
                 AWSPREVIOUS or an id"
                    .into()
            }
            Self::Throttled { .. } => {
                "many starts at once may share the limit of the account: start fewer at a time"
                    .into()
            }
            Self::Server { .. } | Self::TimedOut { .. } => {
                "try again; if it stays, look at the state of the service in this region".into()
            }
            Self::Refused { .. } | Self::NoAnswer { .. } => {
                "check what answers at the endpoint, if AWS_ENDPOINT_URL or the profile names one"
                    .into()
            }
            Self::Unreachable { proxy, .. } => past_proxy(
                "check the name of the region, the network, and AWS_ENDPOINT_URL if it is set",
                *proxy,
            ),
            Self::PlainText => {
                "use an endpoint that begins with https://; http:// is for 127.0.0.1".into()
            }
        })
    }

    fn is_late(&self) -> bool {
        matches!(self, Self::CredentialsLate { .. })
    }

    fn nature(&self) -> Nature {
        match self {
            Self::RoleDenied { .. }
            | Self::Expired
            | Self::BadCredentials
            | Self::Denied { .. }
            | Self::KeyDenied { .. } => Nature::Denied,
            Self::Throttled { retry_after } | Self::Server { retry_after, .. } => Nature::Outage {
                retry_after: *retry_after,
            },
            Self::CredentialsUnavailable { .. }
            | Self::CredentialsLate { .. }
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NoAnswer { .. } => Nature::Outage { retry_after: None },
            Self::NoRegion
            | Self::NoCredentials { .. }
            | Self::CredentialsFailed
            | Self::PendingDeletion { .. }
            | Self::BadName { .. }
            | Self::Pattern { .. }
            | Self::Refused { .. }
            | Self::PlainText => Nature::Fault,
        }
    }
}
