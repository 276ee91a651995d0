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
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::OnceCell;

use super::{ATTEMPT, AwsError, credentials, http};
use crate::backend::{ProcessVariable, proxy_variable};
use crate::manifest::AwsAccess;
use crate::resilience::Terms;

/// What all backends for AWS of one run share. Sets up nothing before something is asked.
#[derive(Debug)]
pub struct AwsSession {
    production: bool,
    /// Whether variables hold credentials, so that nothing else is asked for a region.
    own_credentials: bool,
    /// The profile of AWS_PROFILE.
    profile: Option<String>,
    /// A variable that names a proxy, which is not used.
    pub(super) proxy: Option<&'static str>,
    /// Whether sources of credentials are asked again by the SDK.
    retries: bool,
    /// Instead of all sources.
    keys: Option<SharedCredentialsProvider>,
    client: OnceLock<SharedHttpClient>,
    /// By access: what has the same credentials looks for them once.
    configs: Mutex<BTreeMap<AwsAccess, Arc<Config>>>,
}

/// What is known for an access.
#[derive(Debug, Default)]
struct Config {
    /// Nobody was asked for credentials.
    loaded: OnceCell<SdkConfig>,
    /// With credentials that have come.
    ready: OnceCell<SdkConfig>,
}

impl AwsSession {
    /// For one run; `production` refuses plain text to other machines.
    #[must_use]
    pub fn new(production: bool, process: ProcessVariable<'_>) -> Self {
        Self {
            production,
            own_credentials: process("AWS_ACCESS_KEY_ID").is_some(),
            profile: process("AWS_PROFILE").and_then(|name| name.into_string().ok()),
            proxy: proxy_variable(process),
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

    /// The settings of the SDK for an access, before anybody was asked for credentials.
    pub(super) async fn config(&self, access: &AwsAccess) -> SdkConfig {
        let config = self.known(access);
        config
            .loaded
            .get_or_init(|| self.load(access))
            .await
            .clone()
    }

    /// The same with credentials, which are waited for as long as `terms` say.
    pub(super) async fn ready(
        &self,
        access: &AwsAccess,
        terms: Option<&Terms>,
    ) -> Result<SdkConfig, AwsError> {
        let config = self.known(access);
        let ready = config.ready.get_or_try_init(|| async {
            let loaded = config.loaded.get_or_init(|| self.load(access)).await;
            credentials::had(loaded.clone(), (access, self.proxy)).await
        });
        let ready = credentials::in_time(ready, terms, || self.giver(access));
        ready.await.cloned()
    }

    fn known(&self, access: &AwsAccess) -> Arc<Config> {
        let configs = self.configs.lock();
        let mut configs = configs.unwrap_or_else(PoisonError::into_inner);
        Arc::clone(configs.entry(access.clone()).or_default())
    }

    /// Who gives credentials for an access, as far as somebody says it.
    fn giver(&self, access: &AwsAccess) -> String {
        match (&access.profile, &self.profile) {
            (Some(profile), _) => format!("the profile `{profile}` that the manifest names"),
            (None, Some(profile)) => format!("the profile `{profile}` of AWS_PROFILE"),
            (None, None) => "where they are looked for".into(),
        }
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
            config = of_profile(config, client.clone(), (profile, access));
        }
        config
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
fn of_profile(
    config: SdkConfig,
    client: SharedHttpClient,
    (profile, access): (&str, &AwsAccess),
) -> SdkConfig {
    // What the manifest does not say, the profile may.
    let mut provider = ProviderConfig::without_region()
        .with_http_client(client)
        .with_region(config.region().cloned())
        .with_use_fips(access.fips)
        .with_use_dual_stack(access.dual_stack);
    if let Some(retries) = config.retry_config() {
        provider = provider.with_retry_config(retries.clone());
    }
    if let Some(timeouts) = config.timeout_config() {
        provider = provider.with_timeout_config(timeouts.clone());
    }
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&provider)
        .profile_name(profile)
        .build();
    credentials::with(&config, SharedCredentialsProvider::new(provider))
}
