//! What the gateway takes from its environment.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use secrecy::SecretString;
use serde::Serialize;

/// Without each of these the gateway does not start.
const REQUIRED: [&str; 8] = [
    "DATABASE_URL",
    "REDIS_URL",
    "JWT_SECRET",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "ETHEREUM_SEPOLIA_RPC_URL",
    "BASE_SEPOLIA_RPC_URL",
    "API_ENCRYPTION_KEY",
];

/// Each of these turns a part of the service on.
const OPTIONAL: [&str; 2] = ["LINEA_SEPOLIA_RPC_URL", "TELEGRAM_BOT_TOKEN"];

/// Secrets and configuration, checked once at the start.
#[derive(Debug)]
pub(crate) struct Environment {
    /// Every secret that the gateway knows, `None` where an optional one is not given.
    pub(crate) secrets: BTreeMap<&'static str, Option<SecretString>>,
    /// What may be shown.
    pub(crate) config: Config,
}

/// The part of the environment that is no secret.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Config {
    /// How clients reach the gateway.
    pub(crate) base_url: String,
    /// The domain that cookies are for.
    pub(crate) domain: String,
    /// Origins whose scripts may read an answer.
    pub(crate) cors_allowed_origins: Vec<String>,
    /// Whether clients reach the gateway by HTTPS.
    pub(crate) enable_https: bool,
    /// Where the gateway listens.
    pub(crate) listen: SocketAddr,
}

/// Why the gateway can't start. It names variables and shows no secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// Required secrets that are absent or empty.
    Missing(Vec<&'static str>),
    /// A setting that can't be read, and what it must be.
    Malformed(&'static str, &'static str),
}

impl Environment {
    /// Reads all variables through `lookup`.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Unusable> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let secrets: BTreeMap<_, _> = REQUIRED
            .into_iter()
            .chain(OPTIONAL)
            .map(|name| (name, lookup(name).map(SecretString::from)))
            .collect();
        let missing = REQUIRED.into_iter().filter(|name| secrets[name].is_none());
        let missing: Vec<_> = missing.collect();
        if !missing.is_empty() {
            return Err(Unusable::Missing(missing));
        }
        let config = Config::read(lookup)?;
        Ok(Self { secrets, config })
    }
}

impl Config {
    fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Unusable> {
        let text = |name, default: &str| lookup(name).unwrap_or_else(|| default.to_owned());
        let origins = lookup("CORS_ALLOWED_ORIGINS").unwrap_or_default();
        let origins = origins.split(',').map(str::trim);
        Ok(Self {
            base_url: text("BASE_URL", "http://localhost:8080"),
            domain: text("DOMAIN", "localhost"),
            cors_allowed_origins: origins
                .filter(|origin| !origin.is_empty())
                .map(str::to_owned)
                .collect(),
            enable_https: text("ENABLE_HTTPS", "false")
                .parse()
                .map_err(|_| Unusable::Malformed("ENABLE_HTTPS", "true or false"))?,
            listen: text("LISTEN", "127.0.0.1:8080")
                .parse()
                .map_err(|_| Unusable::Malformed("LISTEN", "an address such as 127.0.0.1:8080"))?,
        })
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(names) => write!(f, "missing in the environment: {}", names.join(", ")),
            Self::Malformed(name, expected) => write!(f, "{name} must be {expected}"),
        }
    }
}

impl std::error::Error for Unusable {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An environment in which every required secret is a dummy.
    pub(crate) fn environment(more: &[(&str, &str)]) -> Result<Environment, Unusable> {
        Environment::read(|name| {
            let given = more.iter().find(|(given, _)| *given == name);
            match given {
                Some((_, value)) => Some((*value).to_owned()),
                None => REQUIRED.contains(&name).then(|| "dummy-value".to_owned()),
            }
        })
    }

    #[test]
    fn all_missing_secrets_are_named_at_once() {
        let error = environment(&[("REDIS_URL", ""), ("JWT_SECRET", "")]);
        let error = error.expect_err("two are missing");
        assert_eq!(
            error.to_string(),
            "missing in the environment: REDIS_URL, JWT_SECRET"
        );
    }

    #[test]
    fn settings_have_defaults() {
        let config = environment(&[]).expect("the dummies suffice").config;
        assert_eq!(config.base_url, "http://localhost:8080");
        assert_eq!(config.listen.port(), 8080);
        assert!(!config.enable_https);
        assert!(config.cors_allowed_origins.is_empty());
    }

    #[test]
    fn malformed_settings_are_refused_without_their_text() {
        let error = environment(&[("LISTEN", "nowhere")]).expect_err("no address");
        assert_eq!(
            error.to_string(),
            "LISTEN must be an address such as 127.0.0.1:8080"
        );
    }
}
