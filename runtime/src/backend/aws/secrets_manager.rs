//! AWS Secrets Manager: many secrets in one call, or each in its own where it must be.
//!
//! Current versions are read in batches of twenty, all at once. A single secret, a secret of
//! which another version is wanted, and all of them where the policy denies the batch, are read
//! by calls of their own. An ARN is asked in its own region.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Region};
use aws_sdk_secretsmanager::primitives::Blob;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretValueEntry};
use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use futures_util::stream;
use tracing::debug;

use super::asking::{self, Answer};
use super::classify::Call;
use super::{AT_ONCE, AwsError, AwsSession};
use crate::backend::{Answers, Backend, Clues, Document, Fetching, Request, Version};
use crate::manifest::AwsAccess;
use crate::resilience::Terms;
use crate::secret::SecretValue;

pub(super) const SINGLE: &str = "secretsmanager:GetSecretValue";
pub(super) const BATCH: &str = "secretsmanager:BatchGetSecretValue";

/// The most secrets of one call.
const BATCH_SIZE: usize = 20;

/// The stage of the version before the current one.
const PREVIOUS: &str = "AWSPREVIOUS";

/// A backend of kind `aws-secrets-manager`.
#[derive(Debug)]
pub struct SecretsManager<'a> {
    session: &'a AwsSession,
    access: &'a AwsAccess,
    terms: Option<Terms>,
}

impl<'a> SecretsManager<'a> {
    /// The backend, within a session.
    #[must_use]
    pub fn new(session: &'a AwsSession, access: &'a AwsAccess) -> Self {
        Self {
            session,
            access,
            terms: None,
        }
    }

    /// A client for a region, or for that of `config`.
    fn client(&self, config: &SdkConfig, region: Option<&str>) -> Client {
        let mut settings = Builder::from(config).retry_config(RetryConfig::disabled());
        if let Some(endpoint) = &self.access.endpoint {
            settings = settings.endpoint_url(endpoint);
        }
        if let Some(region) = region {
            settings = settings.region(Region::new(region.to_owned()));
        }
        Client::from_conf(settings.build())
    }

    async fn read(&self, requests: &[Request]) -> Result<Vec<Answer>, AwsError> {
        let config = self.session.config(self.access).await;
        let regions = asking::by_region(requests, &config)?;
        let config = self.session.ready(self.access, self.terms.as_ref()).await?;
        let regions = regions.into_iter().map(|(region, wanted)| {
            let reader = Reader {
                client: self.client(&config, Some(&region)),
                region,
                proxy: self.session.proxy,
                requests,
            };
            async move { reader.read(wanted).await }
        });
        Ok(asking::in_order(regions).await)
    }

    async fn folder(client: &Client, folder: String) -> Option<Vec<String>> {
        let mut call = client.list_secrets().max_results(100);
        if !folder.is_empty() {
            let filter = Filter::builder().key(FilterNameStringType::Name);
            call = call.filters(filter.values(folder).build());
        }
        let output = call.send().await.ok()?;
        let names = output.secret_list().iter();
        let names = names.filter_map(|found| found.name().map(str::to_owned));
        Some(names.collect())
    }
}

impl Backend for SecretsManager<'_> {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        Box::pin(async move {
            if requests.is_empty() {
                return Ok(Answers::default());
            }
            asking::answers(self.read(requests).await)
        })
    }

    fn clues<'a>(&'a self, missing: &'a [Request]) -> Clues<'a> {
        Box::pin(async move {
            let ready = self.session.ready(self.access, self.terms.as_ref());
            let Ok(config) = ready.await else {
                return vec![None; missing.len()];
            };
            let client = self.client(&config, None);
            asking::clues(missing, &config, |folder| Self::folder(&client, folder)).await
        })
    }

    fn on(&mut self, terms: &Terms) {
        self.terms = Some(terms.clone());
    }

    fn waits(&self) -> bool {
        true
    }
}

/// Reads in one region.
struct Reader<'a> {
    client: Client,
    region: String,
    proxy: Option<&'static str>,
    requests: &'a [Request],
}

impl Reader<'_> {
    /// The answers to the requests at these positions.
    async fn read(&self, wanted: Vec<usize>) -> Vec<(usize, Answer)> {
        let current = |index: &usize| self.requests[*index].version.is_none();
        let (together, apart): (Vec<_>, Vec<_>) = wanted.into_iter().partition(current);
        let mut batches = Vec::new();
        for batch in together.chunks(BATCH_SIZE) {
            batches.push(self.batch(batch));
        }
        let (batches, apart) = join(join_all(batches), self.singles(&apart)).await;
        let all = batches.into_iter().flatten().chain(apart);
        let mut answers: BTreeMap<usize, Answer> = all.collect();
        let torn = torn(self.requests, &answers);
        if !torn.is_empty() {
            debug!(secrets = torn.len() / 2, "rotated meanwhile: read again");
            answers.extend(self.singles(&torn).await);
        }
        answers.into_iter().collect()
    }

    async fn singles(&self, wanted: &[usize]) -> Vec<(usize, Answer)> {
        let reads = wanted.iter().copied().map(|index| async move {
            let answer = self.single(&self.requests[index]).await;
            (index, answer)
        });
        stream::iter(reads)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    }

    async fn batch(&self, wanted: &[usize]) -> Vec<(usize, Answer)> {
        if wanted.len() == 1 {
            return self.singles(wanted).await;
        }
        let name = |index: &usize| self.requests[*index].path.as_str();
        let mut call = self.client.batch_get_secret_value();
        for index in wanted {
            call = call.secret_id_list(name(index));
        }
        let output = match call.send().await {
            Ok(output) => output,
            Err(error) => {
                let failure = self.call(BATCH, "the batch").failed(&error);
                return match failure {
                    // One that is wrong refuses the whole: each for itself shows which.
                    None
                    | Some(
                        AwsError::Denied { .. }
                        | AwsError::KeyDenied { .. }
                        | AwsError::BadName { .. },
                    ) => {
                        let reason = failure.map(|failure| failure.to_string());
                        debug!(reason, region = self.region, "reads one by one");
                        self.singles(wanted).await
                    }
                    Some(failure) => {
                        let failed = |&index: &usize| (index, Err(failure.clone()));
                        wanted.iter().map(failed).collect()
                    }
                };
            }
        };
        let mut answers = Vec::with_capacity(wanted.len());
        let mut left = Vec::new();
        for &index in wanted {
            let path = name(&index);
            if let Some(found) = output.secret_values().iter().find(|found| is(path, found)) {
                answers.push((index, self.document(path, found)));
                continue;
            }
            let mut errors = output.errors().iter();
            match errors.find(|error| error.secret_id() == Some(path)) {
                Some(error) => {
                    let code = error.error_code().unwrap_or_default();
                    let message = error.message().unwrap_or_default();
                    let failure = self.call(SINGLE, path).answered(code, message, 200);
                    answers.push((index, failure.map_or(Ok(None), Err)));
                }
                // Answers have a limit in bytes: what is not in this one is asked for again.
                None => left.push(index),
            }
        }
        answers.extend(self.singles(&left).await);
        answers
    }

    async fn single(&self, request: &Request) -> Answer {
        let call = self.client.get_secret_value().secret_id(&request.path);
        let call = match &request.version {
            None => call,
            Some(Version::Previous) => call.version_stage(PREVIOUS),
            // A server could take it for none.
            Some(Version::Named(none)) if none.is_empty() => {
                let name = request.path.clone();
                return Err(AwsError::BadName { name });
            }
            Some(Version::Named(id)) if is_version_id(id) => call.version_id(id),
            Some(Version::Named(stage)) => call.version_stage(stage),
        };
        match call.send().await {
            Ok(output) => {
                let entry = SecretValueEntry::builder()
                    .set_secret_string(output.secret_string)
                    .set_secret_binary(output.secret_binary)
                    .set_version_id(output.version_id)
                    .set_created_date(output.created_date)
                    .build();
                self.document(&request.path, &entry)
            }
            Err(error) => match self.call(SINGLE, &request.path).failed(&error) {
                None => Ok(None),
                Some(failure) => Err(failure),
            },
        }
    }

    fn document(&self, path: &str, entry: &SecretValueEntry) -> Answer {
        let text = entry.secret_string().map(str::as_bytes);
        let bytes = text.or(entry.secret_binary().map(Blob::as_ref));
        let Some(bytes) = bytes else {
            return Err(AwsError::NoAnswer { name: path.into() });
        };
        if bytes.is_empty() {
            return Ok(None);
        }
        Ok(Some(Document {
            version: entry.version_id().map(str::to_owned),
            created: entry.created_date().and_then(asking::time),
            ..Document::plain(SecretValue::copy_of(bytes))
        }))
    }

    fn call<'a>(&'a self, action: &'static str, name: &'a str) -> Call<'a> {
        let resource = if action == BATCH {
            "*".to_owned()
        } else {
            super::policy::secret(name, &self.region, "*")
        };
        Call {
            action,
            name,
            resource,
            region: &self.region,
            proxy: self.proxy,
        }
    }
}

/// Whether a path names this secret: by name, by ARN, or by ARN without what AWS adds to it.
fn is(path: &str, found: &SecretValueEntry) -> bool {
    let arn = found.arn().unwrap_or_default();
    let by_start = || {
        path.starts_with("arn:")
            && arn
                .strip_prefix(path)
                .is_some_and(|rest| rest.len() == 7 && rest.starts_with('-'))
    };
    found.name() == Some(path) || arn == path || by_start()
}

/// The positions of each version before, and its current one, that are the same version: the secret
/// was rotated between two calls.
fn torn(requests: &[Request], answers: &BTreeMap<usize, Answer>) -> Vec<usize> {
    let version = |index: usize| match answers.get(&index) {
        Some(Ok(Some(document))) => document.version.as_deref(),
        _ => None,
    };
    let before = requests.iter().enumerate();
    let before = before.filter(|(_, request)| request.version == Some(Version::Previous));
    let pairs = before.filter_map(|(index, request)| {
        let is_current = |other: &Request| other.version.is_none() && other.path == request.path;
        let current = requests.iter().position(is_current)?;
        (version(index)? == version(current)?).then_some([current, index])
    });
    pairs.flatten().collect()
}

/// Ids are UUIDs or as long as one; stages are words.
fn is_version_id(version: &str) -> bool {
    (32..=64).contains(&version.len())
        && version
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_each_of_its_names_and_by_no_other() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf";
        let found = SecretValueEntry::builder().name("app").arn(arn).build();
        assert!(is("app", &found));
        assert!(is(arn, &found));
        assert!(is(arn.trim_end_matches("-AbCdEf"), &found));
        assert!(!is("ap", &found));
        assert!(!is(
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ap",
            &found
        ));
        assert!(!is("app-AbCdEf", &found));
    }

    #[test]
    fn a_version_that_is_the_one_before_as_well_was_rotated_meanwhile() {
        let request = |path: &str, version| Request {
            path: path.to_owned(),
            version,
        };
        let requests = [
            request("app", Some(Version::Previous)),
            request("app", None),
            request("other", None),
            request("other", Some(Version::Previous)),
        ];
        let torn = |versions: [Option<&str>; 4]| {
            let answer = |version: Option<&str>| {
                let mut document = Document::plain(SecretValue::copy_of(b"dummy"));
                document.version = Some(version?.to_owned());
                Some(document)
            };
            let answers = versions.map(|version| Ok(answer(version))).into_iter();
            super::torn(&requests, &answers.enumerate().collect())
        };
        assert!(torn([Some("v0"), Some("v1"), Some("v1"), None]).is_empty());
        assert!(torn([None, Some("v1"), None, None]).is_empty());
        assert_eq!(torn([Some("v1"), Some("v1"), None, None]), [1, 0]);
        assert_eq!(
            torn([Some("v0"), Some("v1"), Some("v2"), Some("v2")]),
            [2, 3]
        );
    }

    #[test]
    fn ids_and_stages_are_told_apart() {
        assert!(is_version_id("01234567-89ab-cdef-0123-456789abcdef"));
        assert!(!is_version_id("AWSPREVIOUS"));
        assert!(!is_version_id("a-stage-with-a-long-name-of-some-kind"));
    }
}
