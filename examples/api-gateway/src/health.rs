//! `GET /health`: what the gateway holds, never what it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, HeaderMap, HeaderValue, ORIGIN, STRICT_TRANSPORT_SECURITY, VARY,
};
use serde::Serialize;

use crate::environment::{Config, Environment};

/// What `/health` answers.
#[derive(Debug, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    secrets: BTreeMap<&'static str, bool>,
    config: Config,
}

/// Answers which secrets are there, and the configuration.
pub(crate) async fn show(
    State(environment): State<Arc<Environment>>,
    request: HeaderMap,
) -> (HeaderMap, Json<Health>) {
    let secrets = environment.secrets.iter();
    let health = Health {
        status: "ok",
        secrets: secrets
            .map(|(name, value)| (*name, value.is_some()))
            .collect(),
        config: environment.config.clone(),
    };
    (
        headers(&environment.config, request.get(ORIGIN)),
        Json(health),
    )
}

fn headers(config: &Config, origin: Option<&HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(VARY, HeaderValue::from_static("origin"))]);
    let allowed = |origin: &&HeaderValue| {
        let mut allowed = config.cors_allowed_origins.iter();
        allowed.any(|allowed| allowed == *origin)
    };
    if let Some(origin) = origin.filter(allowed) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    if config.enable_https {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::tests::environment;

    async fn answer(more: &[(&str, &str)], origin: &'static str) -> (HeaderMap, String) {
        let environment = environment(more).expect("the dummies suffice");
        let request = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
        let (headers, Json(health)) = show(State(Arc::new(environment)), request).await;
        let body = serde_json::to_string(&health).expect("health is plain data");
        (headers, body)
    }

    #[tokio::test]
    async fn presence_is_shown_and_no_value_is() {
        let (_, body) = answer(&[], "https://app.example.com").await;
        assert!(body.contains(r#""DATABASE_URL":true"#), "{body}");
        assert!(body.contains(r#""TELEGRAM_BOT_TOKEN":false"#), "{body}");
        assert!(!body.contains("dummy-value"), "{body}");
    }

    #[tokio::test]
    async fn only_listed_origins_may_read_the_answer() {
        let listed = [("CORS_ALLOWED_ORIGINS", "https://app.example.com")];
        let (headers, _) = answer(&listed, "https://app.example.com").await;
        assert_eq!(
            headers[ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://app.example.com"
        );
        let (headers, _) = answer(&listed, "https://other.example.com").await;
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[tokio::test]
    async fn https_is_announced_where_it_is_on() {
        let (headers, _) = answer(&[("ENABLE_HTTPS", "true")], "").await;
        assert!(headers.contains_key(STRICT_TRANSPORT_SECURITY));
    }
}
