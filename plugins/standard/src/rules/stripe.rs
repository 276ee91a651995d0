//! `stripe-secret-key` and `stripe-webhook-secret`.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::text::{self, Blemish};

/// The fewest characters behind the prefix. Stripe documents no length; the shortest keys in use
/// have 24, so less than this is a part of one.
const SHORTEST: usize = 16;

violations! {
    /// What is wrong with a Stripe API key.
    pub(crate) enum StripeKeyViolation: Blemish {
        PublishableKey => "publishable-key",
            "is a publishable key (`pk_`), which cannot be used on a server",
            "Copy the secret key (`sk_`) or a restricted key (`rk_`) from the dashboard.";
        WebhookSecret => "webhook-secret",
            "is the signing secret of a webhook (`whsec_`), not an API key",
            "Copy the secret key (`sk_`) or a restricted key (`rk_`) from the dashboard.";
        WrongMode => "wrong-mode",
            "belongs to the other mode than `mode` asks for",
            "Switch between test and live mode in the dashboard and copy the key from there.";
        NotStripeKey => "not-stripe-key",
            "does not begin with `sk_live_`, `sk_test_`, `rk_live_` or `rk_test_`",
            "Copy the whole key from the dashboard, with its prefix.";
        TooShort => "too-short",
            "is too short for a Stripe key",
            "Copy the whole key; the dashboard shows a part of it until it is revealed.";
        InvalidCharacter => "invalid-character",
            "has characters that no Stripe key has",
            "Copy the whole key, without dots or stars that stand for hidden characters.";
    }
}

const MODE: Parameter<String> =
    Parameter::new("mode", "Which keys to accept (both).").choices(&["live", "test"]);

/// A secret or restricted API key of Stripe.
pub(crate) struct StripeSecretKey;

impl Validator for StripeSecretKey {
    const NAME: &'static str = "stripe-secret-key";
    const SUMMARY: &'static str = "A secret (`sk_`) or restricted (`rk_`) API key of Stripe.";
    const PARAMETERS: &'static [ParameterSpec] = &[MODE.spec()];
    type Violation = StripeKeyViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), StripeKeyViolation> {
        let text = text::line(value)?;
        if text.starts_with("pk_") {
            return Err(StripeKeyViolation::PublishableKey);
        }
        if text.starts_with("whsec_") {
            return Err(StripeKeyViolation::WebhookSecret);
        }
        let key = text
            .strip_prefix("sk_")
            .or_else(|| text.strip_prefix("rk_"));
        let (mode, secret) = key
            .and_then(|key| key.split_once('_'))
            .filter(|(mode, _)| matches!(*mode, "live" | "test"))
            .ok_or(StripeKeyViolation::NotStripeKey)?;
        if parameters.get(MODE).is_some_and(|wanted| wanted != mode) {
            return Err(StripeKeyViolation::WrongMode);
        }
        if !secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err(StripeKeyViolation::InvalidCharacter);
        }
        if secret.len() < SHORTEST {
            return Err(StripeKeyViolation::TooShort);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with the signing secret of a webhook.
    pub(crate) enum StripeWebhookViolation: Blemish {
        ApiKey => "api-key",
            "is an API key, not the signing secret of a webhook",
            "Open the webhook endpoint in the dashboard and reveal its signing secret (`whsec_`).";
        EndpointId => "endpoint-id",
            "is the identifier of a webhook endpoint (`we_`), not its signing secret",
            "Open the webhook endpoint in the dashboard and reveal its signing secret (`whsec_`).";
        NotWebhookSecret => "not-webhook-secret",
            "does not begin with `whsec_`",
            "Copy the whole signing secret, with its prefix.";
        TooShort => "too-short",
            "is too short for a signing secret",
            "Copy the whole signing secret; the dashboard hides it until it is revealed.";
        InvalidCharacter => "invalid-character",
            "has characters that no signing secret has",
            "Copy the whole signing secret, without dots or stars for hidden characters.";
    }
}

/// The signing secret of a Stripe webhook.
pub(crate) struct StripeWebhookSecret;

impl Validator for StripeWebhookSecret {
    const NAME: &'static str = "stripe-webhook-secret";
    const SUMMARY: &'static str = "The signing secret (`whsec_`) of a Stripe webhook.";
    type Violation = StripeWebhookViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), StripeWebhookViolation> {
        let text = text::line(value)?;
        if ["sk_", "rk_", "pk_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            return Err(StripeWebhookViolation::ApiKey);
        }
        if text.starts_with("we_") {
            return Err(StripeWebhookViolation::EndpointId);
        }
        let secret = text
            .strip_prefix("whsec_")
            .ok_or(StripeWebhookViolation::NotWebhookSecret)?;
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_-".contains(&byte);
        if !secret.bytes().all(inside) {
            return Err(StripeWebhookViolation::InvalidCharacter);
        }
        if secret.len() < SHORTEST {
            return Err(StripeWebhookViolation::TooShort);
        }
        Ok(())
    }
}
