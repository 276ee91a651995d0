//! Credentials of chat services: `telegram-bot-token`, `slack-webhook-url`.

use secret_run_sdk::{Parameters, Validator, violations};

use crate::text::{self, Blemish};
use crate::url::{Url, UrlViolation};

/// How many characters follow the `:` in a token of Telegram.
const TELEGRAM_SECRET: usize = 35;

violations! {
    /// What is wrong with the token of a Telegram bot.
    pub(crate) enum TelegramViolation: Blemish {
        BotPrefix => "bot-prefix",
            "begins with `bot`, which is a part of API addresses and not of the token",
            "Remove `bot` in front of the number.";
        BotName => "bot-name",
            "is the name of a bot, not its token",
            "Ask @BotFather for the token of the bot.";
        NotTelegramToken => "not-telegram-token",
            "is not a number, a `:` and a secret",
            "Copy the whole token from @BotFather: `123456789:` and 35 more characters.";
        TooShort => "too-short",
            "has fewer than 35 characters behind the `:`",
            "Copy the whole token from @BotFather.";
        InvalidCharacter => "invalid-character",
            "has characters behind the `:` that no Telegram token has",
            "Copy the token only, without what stands around it.";
    }
}

/// The token of a Telegram bot.
pub(crate) struct TelegramBotToken;

impl Validator for TelegramBotToken {
    const NAME: &'static str = "telegram-bot-token";
    const SUMMARY: &'static str = "The token of a Telegram bot.";
    type Violation = TelegramViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), TelegramViolation> {
        let text = text::line(value)?;
        if text.starts_with('@') {
            return Err(TelegramViolation::BotName);
        }
        let (number, secret) = text
            .split_once(':')
            .ok_or(TelegramViolation::NotTelegramToken)?;
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if number.strip_prefix("bot").is_some_and(is_number) {
            return Err(TelegramViolation::BotPrefix);
        }
        if !is_number(number) {
            return Err(TelegramViolation::NotTelegramToken);
        }
        if !secret
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            return Err(TelegramViolation::InvalidCharacter);
        }
        if secret.len() < TELEGRAM_SECRET {
            return Err(TelegramViolation::TooShort);
        }
        Ok(())
    }
}

violations! {
    /// What is wrong with the address of a Slack webhook.
    pub(crate) enum SlackViolation: UrlViolation {
        ApiToken => "api-token",
            "is an API token of Slack, not the address of a webhook",
            "Copy the webhook's URL from the app's page \"Incoming Webhooks\".";
        NotHttps => "not-https",
            "does not begin with `https://`",
            "Copy the URL as Slack shows it.";
        WrongHost => "wrong-host",
            "does not lead to `hooks.slack.com`",
            "Copy the webhook's URL from the app's page \"Incoming Webhooks\".";
        Incomplete => "incomplete",
            "lacks a part of the path",
            "Copy the whole URL: `/services/` and three more parts.";
    }
}

/// The address of a webhook of Slack: an incoming webhook, or the trigger of a workflow.
pub(crate) struct SlackWebhookUrl;

impl Validator for SlackWebhookUrl {
    const NAME: &'static str = "slack-webhook-url";
    const SUMMARY: &'static str = "The address of a Slack webhook.";
    type Violation = SlackViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), SlackViolation> {
        if value.starts_with(b"xox") || value.starts_with(b"xapp-") {
            return Err(SlackViolation::ApiToken);
        }
        let url = Url::parse(value)?;
        if url.hosts.is_empty() {
            return Err(UrlViolation::NoHost.into());
        }
        if !url.has_scheme(&["https"]) {
            return Err(SlackViolation::NotHttps);
        }
        if !matches!(url.hosts, "hooks.slack.com" | "hooks.slack-gov.com") || url.user.is_some() {
            return Err(SlackViolation::WrongHost);
        }
        let parts: Vec<_> = url.path.split('/').skip(1).collect();
        let complete = match parts.as_slice() {
            ["services", team, service, secret] => {
                team.starts_with('T') && service.starts_with('B') && is_secret(secret)
            }
            ["workflows" | "triggers", rest @ ..] => rest.len() >= 3 && rest.iter().all(is_secret),
            _ => false,
        };
        if complete {
            Ok(())
        } else {
            Err(SlackViolation::Incomplete)
        }
    }
}

fn is_secret(part: &&str) -> bool {
    part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
