//! What asking the stores of AWS has in common: regions, answers, clues.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::SdkConfig;
use aws_sdk_secretsmanager::primitives::DateTime;
use futures_util::future::join_all;

use super::AwsError;
use super::arn::region_of;
use crate::backend::{Answers, Document, FetchError, Request};
use crate::manifest::AwsAccess;
use crate::nearest::nearest;

/// What was answered to one request.
pub(super) type Answer = Result<Option<Document>, AwsError>;

/// How long may be looked for a clue, when the run has failed already.
const CLUE: Duration = Duration::from_secs(2);

/// The most folders that are looked through for clues.
const FOLDERS: usize = 5;

/// Where credentials are looked for, for the message that there are none.
pub(super) fn tried(access: &AwsAccess) -> String {
    match &access.profile {
        Some(profile) => format!("the profile `{profile}` that the manifest names has none"),
        None => "tried the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile in \
                 ~/.aws, a web identity, the container and the machine"
            .into(),
    }
}

/// The positions of requests by the region that is asked: that of an ARN, or else of `config`.
pub(super) fn by_region(
    requests: &[Request],
    config: &SdkConfig,
) -> Result<BTreeMap<String, Vec<usize>>, AwsError> {
    let home = config.region().map(AsRef::as_ref);
    let mut regions: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, request) in requests.iter().enumerate() {
        let region = region_of(&request.path)
            .or(home)
            .ok_or(AwsError::NoRegion)?;
        regions.entry(region.to_owned()).or_default().push(index);
    }
    Ok(regions)
}

/// The answers of all regions, in the order of the requests.
pub(super) async fn in_order<F>(regions: impl IntoIterator<Item = F>) -> Vec<Answer>
where
    F: Future<Output = Vec<(usize, Answer)>>,
{
    let mut answers: BTreeMap<usize, Answer> = BTreeMap::new();
    for answered in join_all(regions).await {
        answers.extend(answered);
    }
    answers.into_values().collect()
}

/// What was read, as any backend says it.
pub(super) fn answers(read: Result<Vec<Answer>, AwsError>) -> Result<Answers, FetchError> {
    let answers = read.map_err(FetchError::new)?.into_iter();
    Ok(Answers {
        documents: answers
            .map(|answer| answer.map_err(FetchError::new))
            .collect(),
        notices: Vec::new(),
    })
}

pub(super) fn time(date: &DateTime) -> Option<SystemTime> {
    let seconds = u64::try_from(date.secs()).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// For each of these, which are nowhere, what could help who looks for it. `list` answers the
/// names in a folder, if that is allowed; folders end with `/`, and one is the empty text.
pub(super) async fn clues<F>(
    missing: &[Request],
    config: &SdkConfig,
    list: impl Fn(String) -> F,
) -> Vec<Option<String>>
where
    F: Future<Output = Option<Vec<String>>>,
{
    let mut folders: Vec<&str> = missing
        .iter()
        .filter(|request| request.version.is_none() && region_of(&request.path).is_none())
        .map(|request| split(&request.path).0)
        .collect();
    folders.sort_unstable();
    folders.dedup();
    folders.truncate(FOLDERS);
    let listing = folders.iter().map(|folder| {
        let names = tokio::time::timeout(CLUE, list((*folder).to_owned()));
        async move { names.await.ok().flatten() }
    });
    let listed = join_all(listing).await;
    let found: BTreeMap<&str, Option<Vec<String>>> = folders.into_iter().zip(listed).collect();
    let home = config.region().map(AsRef::as_ref);
    let clue = |request: &Request| {
        let region = region_of(&request.path).or(home)?;
        let (folder, name) = split(&request.path);
        let names = found.get(folder).and_then(Option::as_ref);
        let Some(names) = names.filter(|_| request.version.is_none()) else {
            return Some(format!("in {region}"));
        };
        let names = names.iter().filter_map(|name| name.strip_prefix(folder));
        let mut names = names
            .filter(|name| !name.contains(char::is_control))
            .peekable();
        if names.peek().is_none() {
            let none = if folder.is_empty() {
                "which has none".to_owned()
            } else {
                format!("where no name begins with `{folder}`")
            };
            return Some(format!("in {region}, {none}"));
        }
        Some(match nearest(name, names) {
            Some(near) => format!("in {region}, where the nearest name is `{folder}{near}`"),
            None => format!("in {region}"),
        })
    };
    missing.iter().map(clue).collect()
}

/// A name and the folder that it is in.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('/').map_or(0, |slash| slash + 1))
}
