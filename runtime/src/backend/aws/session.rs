//! What backends of a run share: connections, the authorities of the system, credentials.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::OnceCell;

use super::{ATTEMPT, http};
use crate::backend::ProcessVariable;
use crate::manifest::{AwsAccess, AwsRole};

/// How a session of an assumed role is called where nobody says it.
const SESSION_NAME: &str = "secret-run";

/// What all backends for AWS of one run share. Sets up nothing before something is asked.
#[derive(Debug)]
pub struct AwsSession {
    production: bool,
    /// Whether variables hold credentials, so that nothing else is asked for a region.
    own_credentials: bool,
    /// Whether sources of credentials are asked again by the SDK.
    retries: bool,
    /// Instead of all sources.
    keys: Option<SharedCredentialsProvider>,
    client: OnceLock<SharedHttpClient>,
    /// By access: what has the same credentials looks for them once.
    configs: Mutex<BTreeMap<AwsAccess, Arc<OnceCell<SdkConfig>>>>,
}

impl AwsSession {
    /// For one run; `production` refuses plain text to other machines.
    #[must_use]
    pub fn new(production: bool, process: ProcessVariable<'_>) -> Self {
        Self {
            production,
            own_credentials: process("AWS_ACCESS_KEY_ID").is_some(),
            retries: true,
            keys: None,
            client: OnceLock::new(),
            configs: Mutex::default(),
        }
    }

    /// For one run as whoever has these keys. Only a profile of the manifest wins over them.
    #[must_use]
    pub fn with_keys(production: bool, access_key_id: &str, secret_access_key: &str) -> Self {
        let keys = Credentials::new(access_key_id, secret_access_key, None, None, "given");
        Self {
            keys: Some(SharedCredentialsProvider::new(keys)),
            ..Self::new(production, &|_| None)
        }
    }

    /// The same, where whoever asks asks again: a source of credentials tries once, too.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.retries = false;
        self
    }

    /// The settings of the SDK for an access.
    pub(super) async fn config(&self, access: &AwsAccess) -> SdkConfig {
        let cell = {
            let configs = self.configs.lock();
            let mut configs = configs.unwrap_or_else(PoisonError::into_inner);
            Arc::clone(configs.entry(access.clone()).or_default())
        };
        cell.get_or_init(|| self.load(access)).await.clone()
    }

    async fn load(&self, access: &AwsAccess) -> SdkConfig {
        let client = self.client.get_or_init(|| http::client(self.production));
        let mut loader = loader(client.clone(), self.retries);
        if let Some(keys) = &self.keys {
            loader = loader.credentials_provider(keys.clone());
        }
        if let Some(fips) = access.fips {
            loader = loader.use_fips(fips);
        }
        if let Some(dual_stack) = access.dual_stack {
            loader = loader.use_dual_stack(dual_stack);
        }
        let mut region_of_profile = ProfileFileRegionProvider::builder();
        if let Some(profile) = &access.profile {
            loader = loader.profile_name(profile);
            region_of_profile = region_of_profile.profile_name(profile);
        }
        if let Some(region) = &access.region {
            loader = loader.region(Region::new(region.clone()));
        } else if self.own_credentials {
            let chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new());
            loader = loader.region(chain.or_else(region_of_profile.build()));
        }
        let mut config = loader.load().await;
        if let Some(profile) = &access.profile {
            config = of_profile(config, client.clone(), profile);
        }
        match &access.role {
            Some(role) => assuming(config, role).await,
            None => config,
        }
    }
}

fn loader(client: SharedHttpClient, retries: bool) -> ConfigLoader {
    let retries = if retries {
        RetryConfig::standard()
    } else {
        RetryConfig::disabled()
    };
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT);
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(client)
        .retry_config(retries)
        .timeout_config(timeouts.build())
        .identity_cache(IdentityCache::lazy().build())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// With the credentials of a profile that the manifest names: it wins over those in variables.
fn of_profile(config: SdkConfig, client: SharedHttpClient, profile: &str) -> SdkConfig {
    let provider = ProviderConfig::without_region()
        .with_http_client(client)
        .with_region(config.region().cloned());
    let credentials = ProfileFileCredentialsProvider::builder()
        .configure(&provider)
        .profile_name(profile)
        .build();
    with_credentials(config, SharedCredentialsProvider::new(credentials))
}

/// With the credentials of a role, which those of `config` assume.
async fn assuming(config: SdkConfig, role: &AwsRole) -> SdkConfig {
    let Some(own) = config.credentials_provider() else {
        return config;
    };
    let name = role.session_name.as_deref().unwrap_or(SESSION_NAME);
    let mut provider = AssumeRoleProvider::builder(&role.arn)
        .configure(&config)
        .session_name(name);
    if let Some(external_id) = &role.external_id {
        provider = provider.external_id(external_id);
    }
    let provider = provider.build_from_provider(own).await;
    with_credentials(config, SharedCredentialsProvider::new(provider))
}

fn with_credentials(config: SdkConfig, provider: SharedCredentialsProvider) -> SdkConfig {
    config.into_builder().credentials_provider(provider).build()
}
