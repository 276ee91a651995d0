//! From what the SDK says to what the user is told. Codes and, where one code has two
//! meanings, words of a message are looked at; none is passed on.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::error::AwsError;
use super::http::PlainText;
use super::{ATTEMPTS, DEADLINE};

/// What was called, for messages.
pub(super) struct Call<'a> {
    pub(super) action: &'static str,
    /// What was asked for: a name or an ARN.
    pub(super) name: &'a str,
    pub(super) region: &'a str,
    pub(super) tried: &'a str,
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
            return self.answered(service.code().unwrap_or_default(), message, status);
        }
        Some(self.unanswered(error))
    }

    /// What a code means; `None` if there is no such secret or version.
    pub(super) fn answered(&self, code: &str, message: &str, status: u16) -> Option<AwsError> {
        let name = || self.name.to_owned();
        Some(match code {
            "ResourceNotFoundException" => return None,
            "AccessDeniedException" | "AccessDenied" if message.contains("KMS") => {
                AwsError::KeyDenied { name: name() }
            }
            "AccessDeniedException" | "AccessDenied" => AwsError::Denied {
                action: self.action,
                resource: self.resource(),
            },
            "DecryptionFailure" => AwsError::KeyDenied { name: name() },
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
                AwsError::Throttled { attempts: ATTEMPTS }
            }
            _ if status == 429 => AwsError::Throttled { attempts: ATTEMPTS },
            _ if status >= 500 => AwsError::Server {
                status,
                attempts: ATTEMPTS,
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
            seconds: DEADLINE.as_secs(),
        };
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<PlainText>() {
                return AwsError::PlainText;
            }
            if error.is::<CredentialsError>() {
                let tried = self.tried.to_owned();
                return AwsError::NoCredentials { tried };
            }
            cause = error.source();
        }
        match error {
            SdkError::TimeoutError(_) => timed_out,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => timed_out,
            SdkError::ResponseError(response) if response.raw().status().as_u16() >= 500 => {
                AwsError::Server {
                    status: response.raw().status().as_u16(),
                    attempts: ATTEMPTS,
                }
            }
            _ => AwsError::Unreachable {
                region: self.region.to_owned(),
                attempts: ATTEMPTS,
            },
        }
    }

    /// The secret as policies name it; AWS adds six characters to a name.
    fn resource(&self) -> String {
        if self.action == super::secrets_manager::BATCH {
            return "*".into();
        }
        if self.name.starts_with("arn:") {
            return self.name.to_owned();
        }
        format!(
            "arn:aws:secretsmanager:{}:*:secret:{}-??????",
            self.region, self.name
        )
    }
}
