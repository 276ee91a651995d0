//! The Parameter Store of AWS Systems Manager: ten parameters in one call, all calls at once.
//!
//! A version or a label is asked for behind a colon, as the store has it. The version before the
//! current one is known when the current one is: it takes a second round. A parameter by its ARN
//! is asked for in its own region.

use std::collections::{BTreeMap, BTreeSet};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_ssm::Client;
use aws_sdk_ssm::config::{Builder, Region};
use aws_sdk_ssm::types::{Parameter, ParameterStringFilter};
use futures_util::StreamExt;
use futures_util::stream;
use tracing::debug;

use super::asking::{self, Answer};
use super::classify::Call;
use super::{AT_ONCE, AwsError, AwsSession};
use crate::backend::{Answers, Backend, Clues, Document, Fetching, Request, Version};
use crate::manifest::AwsAccess;
use crate::resilience::Terms;
use crate::secret::SecretValue;

pub(super) const ACTION: &str = "ssm:GetParameters";

/// The most parameters of one call.
const BATCH_SIZE: usize = 10;

/// A backend of kind `aws-parameter-store`.
#[derive(Debug)]
pub struct ParameterStore<'a> {
    session: &'a AwsSession,
    access: &'a AwsAccess,
    terms: Option<Terms>,
}

impl<'a> ParameterStore<'a> {
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
            };
            async move { reader.read(requests, wanted).await }
        });
        Ok(asking::in_order(regions).await)
    }

    async fn folder(client: &Client, folder: String) -> Option<Vec<String>> {
        let mut call = client.describe_parameters().max_results(50);
        if !folder.is_empty() {
            let filter = ParameterStringFilter::builder()
                .key("Name")
                .option("BeginsWith")
                .values(folder);
            call = call.parameter_filters(filter.build().ok()?);
        }
        let output = call.send().await.ok()?;
        let names = output.parameters().iter();
        let names = names.filter_map(|found| found.name().map(str::to_owned));
        Some(names.collect())
    }
}

impl Backend for ParameterStore<'_> {
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
struct Reader {
    client: Client,
    region: String,
    proxy: Option<&'static str>,
}

impl Reader {
    /// The answers to the requests at these positions.
    async fn read(&self, requests: &[Request], wanted: Vec<usize>) -> Vec<(usize, Answer)> {
        let first = wanted.iter().map(|&index| named(&requests[index]));
        let mut answers = self.all(first.collect()).await;
        let mut before: BTreeMap<usize, String> = BTreeMap::new();
        for &index in &wanted {
            let path = &requests[index].path;
            if requests[index].version != Some(Version::Previous) {
                continue;
            }
            if let Some(Ok(Some(current))) = answers.get(path)
                && let Some(version) = current.version.as_deref().and_then(preceding)
            {
                before.insert(index, format!("{path}:{version}"));
            }
        }
        let second: BTreeSet<String> = before.values().cloned().collect();
        let second = second
            .into_iter()
            .filter(|name| !answers.contains_key(name));
        let second = second.collect();
        answers.extend(self.all(second).await);
        let answer = |index: usize| {
            // A server could take it for none.
            if matches!(&requests[index].version, Some(Version::Named(none)) if none.is_empty()) {
                let name = requests[index].path.clone();
                return Err(AwsError::BadName { name });
            }
            let is_previous = requests[index].version == Some(Version::Previous);
            let name = match before.get(&index) {
                Some(name) => name.clone(),
                None => named(&requests[index]),
            };
            match answers.get(&name) {
                // A first version has none before it.
                Some(Ok(_)) if is_previous && !before.contains_key(&index) => Ok(None),
                Some(answer) => answer.clone(),
                None => Err(AwsError::NoAnswer { name }),
            }
        };
        wanted
            .into_iter()
            .map(|index| (index, answer(index)))
            .collect()
    }

    /// What these names stand for, by the name.
    async fn all(&self, names: BTreeSet<String>) -> BTreeMap<String, Answer> {
        let batches = batches(names);
        let calls = batches.iter().map(|batch| self.batch(batch)).collect();
        gathered(calls).await.into_iter().collect()
    }

    async fn batch(&self, names: &[String]) -> Vec<(String, Answer)> {
        let failure = match self.ask(names).await {
            Ok(mut answers) => {
                let answered: BTreeSet<&String> = answers.iter().map(|(name, _)| name).collect();
                let left = names.iter().filter(|name| !answered.contains(name));
                let left: Vec<_> = left.map(|name| self.single(name)).collect();
                answers.extend(gathered(left).await);
                return answers;
            }
            Err(failure) => failure,
        };
        // One that is wrong or denied refuses the whole: each for itself shows which.
        let is_of_one = matches!(
            failure,
            AwsError::Denied { .. } | AwsError::BadName { .. } | AwsError::KeyDenied { .. }
        );
        if names.len() == 1 || !is_of_one {
            let failed = |name: &String| (name.clone(), Err(failure.clone()));
            return names.iter().map(failed).collect();
        }
        let reason = failure.to_string();
        debug!(reason, region = self.region, "reads one by one");
        gathered(names.iter().map(|name| self.single(name)).collect()).await
    }

    async fn single(&self, name: &String) -> Vec<(String, Answer)> {
        match self.ask(std::slice::from_ref(name)).await {
            Ok(answers) if answers.is_empty() => {
                vec![(name.clone(), Err(AwsError::NoAnswer { name: name.clone() }))]
            }
            Ok(answers) => answers,
            Err(failure) => vec![(name.clone(), Err(failure))],
        }
    }

    /// One call. What is answered under a name that nobody asked for is left out.
    async fn ask(&self, names: &[String]) -> Result<Vec<(String, Answer)>, AwsError> {
        let call = self.client.get_parameters().with_decryption(true);
        let call = call.set_names(Some(names.to_vec()));
        let output = call.send().await.map_err(|error| {
            let name = names.first().map_or("", String::as_str);
            let failed = self.call(name).failed(&error);
            failed.unwrap_or_else(|| AwsError::NoAnswer { name: name.into() })
        })?;
        let answer = |name: &String| {
            if output.invalid_parameters().contains(name) {
                return Some((name.clone(), Ok(None)));
            }
            let mut found = output.parameters().iter();
            let found = found.find(|found| is(name, found))?;
            Some((name.clone(), document(name, found)))
        };
        Ok(names.iter().filter_map(answer).collect())
    }

    fn call<'a>(&'a self, name: &'a str) -> Call<'a> {
        Call {
            action: ACTION,
            name,
            resource: super::policy::parameter(name, &self.region, "*"),
            region: &self.region,
            proxy: self.proxy,
        }
    }
}

/// The answers to calls, of which so many are under way at once.
async fn gathered<F>(calls: Vec<F>) -> Vec<(String, Answer)>
where
    F: Future<Output = Vec<(String, Answer)>>,
{
    let answers = stream::iter(calls).buffer_unordered(AT_ONCE);
    let answers: Vec<_> = answers.collect().await;
    answers.into_iter().flatten().collect()
}

/// What a request is called in the first round.
fn named(request: &Request) -> String {
    match request.version.as_ref().and_then(Version::name) {
        Some(version) => format!("{}:{version}", request.path),
        None => request.path.clone(),
    }
}

/// The version before; the first one has none.
fn preceding(version: &str) -> Option<i64> {
    let version: i64 = version.parse().ok()?;
    (version > 1).then_some(version - 1)
}

/// The calls for these names: none has two versions of one parameter, so that what is answered
/// is known by its name.
fn batches(names: BTreeSet<String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    for name in names {
        let is_same = |other: &String| base(other) == base(&name);
        let fits =
            |batch: &&mut Vec<String>| batch.len() < BATCH_SIZE && !batch.iter().any(is_same);
        match batches.iter_mut().find(fits) {
            Some(batch) => batch.push(name),
            None => batches.push(vec![name]),
        }
    }
    batches
}

/// A name or an ARN without version or label.
fn base(name: &str) -> &str {
    let colons = if name.starts_with("arn:") { 6 } else { 1 };
    let end = name.match_indices(':').nth(colons - 1);
    end.map_or(name, |(end, _)| &name[..end])
}

/// Whether what was found is what is called so: by name or by ARN.
fn is(name: &str, found: &Parameter) -> bool {
    [found.name(), found.arn()].contains(&Some(base(name)))
}

fn document(name: &str, found: &Parameter) -> Answer {
    let Some(value) = found.value() else {
        return Err(AwsError::NoAnswer { name: name.into() });
    };
    if value.is_empty() {
        return Ok(None);
    }
    Ok(Some(Document {
        version: Some(found.version().to_string()),
        created: found.last_modified_date().and_then(asking::time),
        ..Document::plain(SecretValue::copy_of(value.as_bytes()))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_known_by_its_names_and_by_no_other() {
        let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/app/x";
        let found = Parameter::builder().name("/app/x").arn(arn).build();
        for name in [
            "/app/x",
            "/app/x:3",
            "/app/x:blue",
            arn,
            &format!("{arn}:3"),
        ] {
            assert!(is(name, &found), "{name}");
        }
        for name in ["/app", "/app/x2", "/app/x/y", "x", &format!("{arn}2")] {
            assert!(!is(name, &found), "{name}");
        }
    }

    #[test]
    fn calls_hold_ten_names_and_no_two_versions_of_one() {
        let mut names: BTreeSet<String> = (0..25).map(|number| format!("/p{number:02}")).collect();
        names.extend([
            "/p03:1".to_owned(),
            "/p03:2".to_owned(),
            "/p03:blue".to_owned(),
        ]);
        let batches = batches(names.clone());
        assert_eq!(batches.len(), 4);
        assert_eq!(batches.concat().into_iter().collect::<BTreeSet<_>>(), names);
        for batch in batches {
            let bases: BTreeSet<_> = batch.iter().map(|name| base(name)).collect();
            assert!(
                batch.len() <= BATCH_SIZE && bases.len() == batch.len(),
                "{batch:?}"
            );
        }
    }

    #[test]
    fn a_first_version_has_none_before_it() {
        assert_eq!(preceding("3"), Some(2));
        assert_eq!(preceding("1"), None);
        assert_eq!(preceding("a"), None);
    }
}
