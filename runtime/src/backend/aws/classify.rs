//! From what the SDK says to what the user is told. Codes and, where one code has two
//! meanings, words of a message are looked at; none is passed on.

use std::error::Error;
use std::iter::from_fn;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;

use super::ATTEMPT;
use super::asking::tried;
use super::error::AwsError;
use super::http::PlainText;
use crate::manifest::AwsAccess;

/// What was called, for messages.
pub(super) struct Call<'a> {
    pub(super) action: &'static str,
    /// What was asked for: a name or an ARN.
    pub(super) name: &'a str,
    /// The same as policies name it.
    pub(super) resource: String,
    pub(super) region: &'a str,
    /// A variable that names a proxy.
    pub(super) proxy: Option<&'static str>,
}

impl Call<'_> {
    /// The error of a call; `None` if there is no such secret or version.
    pub(super) fn failed<E>(&self, error: &SdkError<E, HttpResponse>) -> Option<AwsError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(service) = error.as_service_error() {
            let status = error.raw_response().map_or(0, |raw| raw.status().as_u16());
            let message = service.message().unwrap_or_default();
            let failure = self.answered(service.code().unwrap_or_default(), message, status)?;
            return Some(failure.again_after(error.raw_response().and_then(retry_after)));
        }
        Some(self.unanswered(error))
    }

    /// What a code means; `None` if there is no such secret or version.
    pub(super) fn answered(&self, code: &str, message: &str, status: u16) -> Option<AwsError> {
        let name = || self.name.to_owned();
        Some(match code {
            "ResourceNotFoundException" => return None,
            "AccessDeniedException" | "AccessDenied" if is_of_key(message) => {
                AwsError::KeyDenied { name: name() }
            }
            "AccessDeniedException" | "AccessDenied" => AwsError::Denied {
                action: self.action,
                resource: self.resource.clone(),
            },
            "DecryptionFailure" | "InvalidKeyId" => AwsError::KeyDenied { name: name() },
            "ExpiredTokenException" | "ExpiredToken" => AwsError::Expired,
            "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken" => AwsError::BadCredentials,
            "InvalidRequestException" if message.contains("delet") => {
                AwsError::PendingDeletion { name: name() }
            }
            "InvalidParameterException" | "InvalidRequestException" | "ValidationException" => {
                AwsError::BadName { name: name() }
            }
            "ThrottlingException" | "Throttling" | "TooManyRequestsException" => {
                AwsError::Throttled { retry_after: None }
            }
            _ if status == 429 => AwsError::Throttled { retry_after: None },
            _ if status >= 500 => AwsError::Server {
                status,
                retry_after: None,
            },
            _ => AwsError::Refused {
                name: name(),
                status,
            },
        })
    }

    fn unanswered<E>(&self, error: &SdkError<E, HttpResponse>) -> AwsError
    where
        E: Error + 'static,
    {
        let timed_out = AwsError::TimedOut {
            seconds: ATTEMPT.as_secs(),
        };
        if causes(error).any(|error| error.is::<PlainText>()) {
            return AwsError::PlainText;
        }
        match error {
            SdkError::TimeoutError(_) => timed_out,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => timed_out,
            SdkError::ResponseError(response) if response.raw().status().as_u16() == 429 => {
                AwsError::Throttled {
                    retry_after: retry_after(response.raw()),
                }
            }
            SdkError::ResponseError(response) if response.raw().status().as_u16() >= 500 => {
                AwsError::Server {
                    status: response.raw().status().as_u16(),
                    retry_after: retry_after(response.raw()),
                }
            }
            _ => AwsError::Unreachable {
                region: self.region.to_owned(),
                proxy: self.proxy,
            },
        }
    }
}

/// Why there are no credentials. Where a role was to be assumed, AWS says it.
pub(super) fn without_credentials(
    error: &CredentialsError,
    (access, proxy): (&AwsAccess, Option<&'static str>),
) -> AwsError {
    if causes(error).any(|error| error.is::<PlainText>()) {
        return AwsError::PlainText;
    }
    if causes(error).any(is_outage) {
        return AwsError::CredentialsUnavailable { proxy };
    }
    let code = causes(error).find_map(|error| {
        let assumed = error.downcast_ref::<AssumeRoleError>();
        let by_token = error.downcast_ref::<AssumeRoleWithWebIdentityError>();
        let assumed = assumed.map(ProvideErrorMetadata::code);
        assumed.or(by_token.map(ProvideErrorMetadata::code))
    });
    match code.map(Option::unwrap_or_default) {
        Some("ExpiredTokenException" | "ExpiredToken") => AwsError::Expired,
        Some("InvalidClientTokenId" | "SignatureDoesNotMatch" | "UnrecognizedClientException") => {
            AwsError::BadCredentials
        }
        // Without a code it is no answer of AWS.
        Some(
            ""
            | "Throttling"
            | "ThrottlingException"
            | "InternalFailure"
            | "ServiceUnavailable"
            | "IDPCommunicationError",
        ) => AwsError::CredentialsUnavailable { proxy },
        Some(_) => AwsError::RoleDenied {
            role: access.role.as_ref().map(|role| role.arn.clone()),
        },
        None if matches!(error, CredentialsError::CredentialsNotLoaded(_)) => {
            AwsError::NoCredentials {
                tried: tried(access),
            }
        }
        None if matches!(error, CredentialsError::ProviderTimedOut(_)) => {
            AwsError::CredentialsUnavailable { proxy }
        }
        None => AwsError::CredentialsFailed,
    }
}

/// Whether there was no answer of whoever gives credentials.
fn is_outage(error: &(dyn Error + 'static)) -> bool {
    fn unanswered<E>(error: &SdkError<E, HttpResponse>) -> bool {
        matches!(
            error,
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_)
        )
    }
    let assumed = error.downcast_ref::<SdkError<AssumeRoleError, HttpResponse>>();
    let by_token = error.downcast_ref::<SdkError<AssumeRoleWithWebIdentityError, HttpResponse>>();
    error.is::<ConnectorError>()
        || assumed.is_some_and(unanswered)
        || by_token.is_some_and(unanswered)
}

/// When a server wants to be asked again.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// An error, and what it comes from.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    from_fn(move || {
        let error: &'a (dyn Error + 'static) = next?;
        next = error.source();
        Some(error)
    })
}

/// Whether a refusal is about the key that a secret is encrypted with. The message quotes the caller's
/// and the secret's names, so it has to be words that no name can have.
fn is_of_key(message: &str) -> bool {
    ["Access to KMS", "perform: kms:", "ciphertext refers"]
        .iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::is_of_key;

    #[test]
    fn a_refusal_is_about_a_key_by_its_words_and_by_no_name_in_it() {
        for message in [
            "Access to KMS is not allowed",
            "User: arn:aws:sts::123456789012:assumed-role/app/x is not authorized to perform: \
             kms:Decrypt on the resource associated with this ciphertext",
            "The ciphertext refers to a customer master key that does not exist, does not exist in \
             this region, or you are not allowed to access.",
        ] {
            assert!(is_of_key(message), "{message}");
        }
        for message in [
            "User: arn:aws:sts::123456789012:assumed-role/AppKMSRole/x is not authorized to perform: \
             secretsmanager:BatchGetSecretValue because no identity-based policy allows it",
            "User: arn:aws:iam::123456789012:user/app is not authorized to perform: \
             secretsmanager:GetSecretValue on resource: app/KMS_KEY_ID",
            "User: arn:aws:iam::123456789012:user/app is not authorized to perform: \
             ssm:GetParameters on resource: \
             arn:aws:ssm:eu-west-1:123456789012:parameter/app/ciphertext",
        ] {
            assert!(!is_of_key(message), "{message}");
        }
    }
}
