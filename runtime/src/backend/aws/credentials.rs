//! Credentials: had once, before the first call and apart from it. Whoever gives them, as a program of a
//! profile that asks a person, may take longer than a request to AWS may, and is not asked again by each.

use std::future::Future;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use tokio::time::timeout_at;

use super::AwsError;
use super::asking::tried;
use super::classify::without_credentials;
use super::programs::Ending;
use crate::manifest::{AwsAccess, AwsRole};
use crate::resilience::Terms;

/// How a session of an assumed role is called where nobody says it.
const SESSION_NAME: &str = "secret-run";

/// `config` with credentials that have come: its own, or those of the role that these assume. `proxy` is
/// a variable that names one.
pub(super) async fn had(
    config: SdkConfig,
    (access, proxy): (&AwsAccess, Option<&'static str>),
) -> Result<SdkConfig, AwsError> {
    let own = config.credentials_provider();
    let own = own.ok_or_else(|| AwsError::NoCredentials {
        tried: tried(access),
    })?;
    let config = with(&config, given(&own, (access, proxy)).await?);
    match &access.role {
        Some(role) => {
            let provider = assuming(&config, role).await;
            Ok(with(&config, given(&provider, (access, proxy)).await?))
        }
        None => Ok(config),
    }
}

/// The same for what has to be there when the time of `terms` is over. What was started for it is ended
/// then. `giver` completes "did not come from ...".
pub(super) async fn in_time<T>(
    credentials: impl Future<Output = Result<T, AwsError>>,
    terms: Option<&Terms>,
    giver: impl FnOnce() -> String,
) -> Result<T, AwsError> {
    let Some(terms) = terms else {
        return credentials.await;
    };
    let come = timeout_at(terms.deadline.at().into(), credentials).await;
    come.unwrap_or_else(|_| {
        let late = terms.late(None);
        Err(AwsError::CredentialsLate {
            giver: giver(),
            backend: late.backend,
            limit: late.limit,
            of: late.of,
        })
    })
}

async fn given(
    provider: &impl ProvideCredentials,
    asked: (&AwsAccess, Option<&'static str>),
) -> Result<SharedCredentialsProvider, AwsError> {
    let given = Ending::new(provider.provide_credentials()).await;
    let given = given.map_err(|error| without_credentials(&error, asked))?;
    Ok(SharedCredentialsProvider::new(given))
}

/// Who assumes a role with the credentials of `config`.
async fn assuming(config: &SdkConfig, role: &AwsRole) -> AssumeRoleProvider {
    let name = role.session_name.as_deref().unwrap_or(SESSION_NAME);
    let mut provider = AssumeRoleProvider::builder(&role.arn)
        .configure(config)
        .session_name(name);
    if let Some(external_id) = &role.external_id {
        provider = provider.external_id(external_id);
    }
    provider.build().await
}

/// `config` with these credentials.
pub(super) fn with(config: &SdkConfig, credentials: SharedCredentialsProvider) -> SdkConfig {
    let config = config.clone().into_builder();
    config.credentials_provider(credentials).build()
}
