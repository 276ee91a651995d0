//! The validation rules that come with `secret-run`: one component, many rules.
//!
//! Every rule stands in [`RULES`]. A file below `rules` holds the rules of one theme; the files
//! beside it hold what several themes need. No rule may panic, whatever the bytes: a panic stops
//! the component, and the user would learn nothing of what is wrong.

mod host;
mod pem;
mod rules;
mod size;
mod text;
mod url;
mod words;

use secret_run_sdk::Rule;

use rules::{
    age, aws, chat, choice, database_url, encoding, entropy, ethereum, fernet, github, jose, json,
    length, network, pattern, placeholder, scalar, ssh, stripe, web_url,
};

/// All rules of this component, by name.
pub static RULES: &[Rule] = &[
    Rule::of::<age::AgeIdentity>(),
    Rule::of::<database_url::AmqpUrl>(),
    Rule::of::<aws::AwsAccessKeyId>(),
    Rule::of::<aws::AwsSecretAccessKey>(),
    Rule::of::<encoding::Base64>(),
    Rule::of::<encoding::Base64Url>(),
    Rule::of::<choice::Boolean>(),
    Rule::of::<network::Email>(),
    Rule::of::<entropy::Entropy>(),
    Rule::of::<ethereum::EthereumPrivateKey>(),
    Rule::of::<fernet::FernetKey>(),
    Rule::of::<github::GithubToken>(),
    Rule::of::<encoding::Hex>(),
    Rule::of::<network::Hostname>(),
    Rule::of::<web_url::HttpsUrl>(),
    Rule::of::<network::IpAddress>(),
    Rule::of::<json::Json>(),
    Rule::of::<jose::Jwk>(),
    Rule::of::<jose::Jwt>(),
    Rule::of::<length::MaxLength>(),
    Rule::of::<length::MinLength>(),
    Rule::of::<database_url::MongodbUrl>(),
    Rule::of::<database_url::MysqlUrl>(),
    Rule::of::<placeholder::NotPlaceholder>(),
    Rule::of::<scalar::Number>(),
    Rule::of::<choice::OneOf>(),
    Rule::of::<pattern::Pattern>(),
    Rule::of::<rules::pem::PemCertificate>(),
    Rule::of::<rules::pem::PemPrivateKey>(),
    Rule::of::<network::Port>(),
    Rule::of::<database_url::PostgresUrl>(),
    Rule::of::<database_url::RedisUrl>(),
    Rule::of::<chat::SlackWebhookUrl>(),
    Rule::of::<ssh::SshPrivateKey>(),
    Rule::of::<stripe::StripeSecretKey>(),
    Rule::of::<stripe::StripeWebhookSecret>(),
    Rule::of::<chat::TelegramBotToken>(),
    Rule::of::<web_url::AnyUrl>(),
    Rule::of::<scalar::Uuid>(),
];

secret_run_sdk::export!(RULES);
