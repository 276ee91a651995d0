//! AWS Secrets Manager: many secrets in one call, or each in its own where it must be.
//!
//! Current versions are read in batches of twenty, all at once. A single secret, a secret of
//! which another version is wanted, and all of them where the policy denies the batch, are read
//! by calls of their own. An ARN is asked in its own region.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Region};
use aws_sdk_secretsmanager::primitives::{Blob, DateTime};
use aws_sdk_secretsmanager::types::SecretValueEntry;
use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use futures_util::stream;
use tracing::debug;

use super::classify::Call;
use super::retry::TooManyRequests;
use super::{AwsError, DEADLINE};
use crate::backend::{Answers, Backend, Document, FetchError, Fetching, ProcessVariable, Request};
use crate::manifest::AwsSettings;
use crate::secret::SecretValue;

const SINGLE: &str = "secretsmanager:GetSecretValue";
pub(super) const BATCH: &str = "secretsmanager:BatchGetSecretValue";

/// The most secrets of one call.
const BATCH_SIZE: usize = 20;

/// The most calls at once, where each secret is a call of its own.
const AT_ONCE: usize = 32;

/// What was answered to one request.
type Answer = Result<Option<Document>, AwsError>;

/// A backend of kind `aws-secrets-manager`.
#[derive(Debug)]
pub struct SecretsManager {
    settings: AwsSettings,
    production: bool,
    /// Whether variables hold credentials, so that nothing else is asked for a region.
    own_credentials: bool,
    tried: String,
}

impl SecretsManager {
    /// The backend; `production` refuses plain text to other machines.
    #[must_use]
    pub fn new(settings: &AwsSettings, production: bool, process: ProcessVariable<'_>) -> Self {
        let own_credentials = process("AWS_ACCESS_KEY_ID").is_some();
        Self {
            settings: settings.clone(),
            production,
            own_credentials,
            tried: super::tried(settings),
        }
    }

    async fn read(&self, requests: &[Request]) -> Result<Vec<Answer>, AwsError> {
        let config = super::config(&self.settings, self.production, self.own_credentials).await;
        let mut regions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, request) in requests.iter().enumerate() {
            let region = region_of(&request.path).or(config.region().map(AsRef::as_ref));
            let region = region.ok_or(AwsError::NoRegion)?.to_owned();
            regions.entry(region).or_default().push(index);
        }
        let readers = regions.into_iter().map(|(region, wanted)| {
            let region_of_client = Region::new(region.clone());
            let settings = Builder::from(&config)
                .region(region_of_client)
                .retry_classifier(TooManyRequests)
                .build();
            let reader = Reader {
                client: Client::from_conf(settings),
                region,
                tried: &self.tried,
                requests,
            };
            async move { reader.read(wanted).await }
        });
        let mut answers: BTreeMap<usize, Answer> = BTreeMap::new();
        for answered in join_all(readers).await {
            answers.extend(answered);
        }
        Ok(answers.into_values().collect())
    }
}

impl Backend for SecretsManager {
    fn fetch<'a>(&'a self, requests: &'a [Request]) -> Fetching<'a> {
        Box::pin(async move {
            if requests.is_empty() {
                return Ok(Answers::default());
            }
            let reading = tokio::time::timeout(DEADLINE, self.read(requests)).await;
            let answers = reading.unwrap_or(Err(AwsError::TimedOut {
                seconds: DEADLINE.as_secs(),
            }));
            let answers = answers.map_err(FetchError::new)?.into_iter();
            Ok(Answers {
                documents: answers
                    .map(|answer| answer.map_err(FetchError::new))
                    .collect(),
                notices: Vec::new(),
            })
        })
    }

    fn waits(&self) -> bool {
        true
    }
}

/// Reads in one region.
struct Reader<'a> {
    client: Client,
    region: String,
    tried: &'a str,
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
        batches.into_iter().flatten().chain(apart).collect()
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
                    None | Some(AwsError::Denied { .. } | AwsError::BadName { .. }) => {
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
        let call = match request.version.as_deref() {
            None => call,
            Some(id) if is_version_id(id) => call.version_id(id),
            Some(stage) => call.version_stage(stage),
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
            created: entry.created_date().and_then(time),
            ..Document::plain(SecretValue::copy_of(bytes))
        }))
    }

    fn call<'a>(&'a self, action: &'static str, name: &'a str) -> Call<'a> {
        Call {
            action,
            name,
            region: &self.region,
            tried: self.tried,
        }
    }
}

/// The region of an ARN.
fn region_of(path: &str) -> Option<&str> {
    let mut parts = path.split(':');
    let is_arn = parts.next() == Some("arn");
    parts.nth(2).filter(|region| is_arn && !region.is_empty())
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

/// Ids are UUIDs or as long as one; stages are words.
fn is_version_id(version: &str) -> bool {
    (32..=64).contains(&version.len())
        && version
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn time(date: &DateTime) -> Option<std::time::SystemTime> {
    let seconds = u64::try_from(date.secs()).ok()?;
    UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_its_region() {
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf";
        assert_eq!(region_of(arn), Some("eu-west-1"));
        assert_eq!(region_of("lagomo/production/a:b:c:d"), None);
        assert_eq!(region_of("arn:aws:secretsmanager"), None);
    }

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
    fn ids_and_stages_are_told_apart() {
        assert!(is_version_id("01234567-89ab-cdef-0123-456789abcdef"));
        assert!(!is_version_id("AWSPREVIOUS"));
        assert!(!is_version_id("a-stage-with-a-long-name-of-some-kind"));
    }
}
