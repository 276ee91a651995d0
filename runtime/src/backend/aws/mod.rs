//! AWS, by its official SDK: which credentials and which region, as every user of AWS expects.
//!
//! Nothing is set up before something is asked. The SDK asks its sources of credentials in
//! turn, and the metadata of a machine last; where variables hold credentials, the metadata
//! is not asked for a region either. The SDK's own log is no log of ours: it may hold bodies.
//!
//! Values are in the SDK's own buffers for a moment, which nobody wipes; they are copied into
//! a [`SecretValue`](crate::secret::SecretValue) at once.

mod classify;
mod error;
mod http;
mod retry;
mod secrets_manager;

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};

pub use error::AwsError;
pub use secrets_manager::SecretsManager;

use crate::manifest::AwsSettings;

/// How often a request is sent at most. Between attempts is a pause that doubles, with jitter.
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long all requests of a run may take, attempts and pauses included.
const DEADLINE: Duration = Duration::from_secs(20);

/// The settings of the SDK for a backend.
async fn config(settings: &AwsSettings, production: bool, own_credentials: bool) -> SdkConfig {
    let client = http::client(production);
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE);
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(client.clone())
        .retry_config(retries)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    let mut region_of_profile = ProfileFileRegionProvider::builder();
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
        region_of_profile = region_of_profile.profile_name(profile);
    }
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    } else if own_credentials {
        let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
        loader = loader.region(chain.or_else(region_of_profile.build()));
    }
    let Some(profile) = &settings.profile else {
        return loader.load().await;
    };
    // A profile that the manifest names wins over credentials in variables.
    let config = loader.load().await;
    let provider = ProviderConfig::without_region()
        .with_http_client(client)
        .with_region(config.region().cloned());
    let credentials = ProfileFileCredentialsProvider::builder()
        .configure(&provider)
        .profile_name(profile)
        .build();
    let credentials = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
    config
        .into_builder()
        .credentials_provider(credentials)
        .build()
}

/// Where credentials are looked for, for the message that there are none.
fn tried(settings: &AwsSettings) -> String {
    match &settings.profile {
        Some(profile) => format!("the profile `{profile}` that the manifest names has none"),
        None => "tried the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile in \
                 ~/.aws, a web identity, the container and the machine"
            .into(),
    }
}
