//! The rules, one file a theme.

pub(crate) mod age;
pub(crate) mod aws;
pub(crate) mod chat;
pub(crate) mod choice;
pub(crate) mod database_url;
pub(crate) mod encoding;
pub(crate) mod entropy;
pub(crate) mod ethereum;
pub(crate) mod fernet;
pub(crate) mod github;
pub(crate) mod jose;
pub(crate) mod json;
pub(crate) mod length;
pub(crate) mod network;
pub(crate) mod pattern;
pub(crate) mod pem;
pub(crate) mod placeholder;
pub(crate) mod scalar;
pub(crate) mod ssh;
pub(crate) mod stripe;
pub(crate) mod web_url;
