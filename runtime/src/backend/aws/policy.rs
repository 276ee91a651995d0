//! What a role must be allowed for a plan, and nothing more: a policy of IAM.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::arn::{partition_of, region_of};
use super::{AwsError, parameter_store, secrets_manager};
use crate::error::{Problem, Problems};
use crate::manifest::{AwsSettings, AwsStore, BackendSettings};
use crate::plan::{Plan, PlannedBackend};

/// What a policy says beside what the plan needs.
#[derive(Debug, Clone, Default)]
pub struct PolicyScope {
    /// The region of backends that name none; any if nobody says it.
    pub region: Option<String>,
    /// The account of names; any if nobody says it.
    pub account: Option<String>,
    /// The ARNs of keys that secrets are encrypted with, besides those of AWS's own.
    pub keys: Vec<String>,
}

/// A policy of IAM, as its JSON has it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

/// What it allows.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    action: &'static str,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Condition {
    #[serde(rename = "StringLike")]
    string_like: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Statement {
    fn of(sid: &'static str, action: &'static str, resource: BTreeSet<String>) -> Self {
        Self {
            sid,
            effect: "Allow",
            action,
            resource: resource.into_iter().collect(),
            condition: None,
        }
    }
}

impl Policy {
    /// The least that the backends of `plan` need; `None` if none of them is of AWS.
    ///
    /// # Errors
    /// When a policy would grant more than a name that is needed, since it takes it for a pattern.
    pub fn of(plan: &Plan, scope: &PolicyScope) -> Result<Option<Self>, Problems> {
        let patterns: Vec<_> = patterns(plan).collect();
        if !patterns.is_empty() {
            return Err(patterns.into_iter().collect());
        }
        let mut secrets = BTreeSet::new();
        let mut parameters = BTreeSet::new();
        let mut batches = false;
        let asked = plan
            .backends
            .iter()
            .filter(|planned| !planned.requests.is_empty());
        for (planned, aws) in asked.filter_map(of_aws) {
            let region = aws.access.region.as_deref().or(scope.region.as_deref());
            let region = region.unwrap_or("*");
            let account = scope.account.as_deref().unwrap_or("*");
            let mut current = BTreeMap::<&str, usize>::new();
            for request in &planned.requests {
                let path = request.path.as_str();
                match aws.store {
                    AwsStore::SecretsManager => secrets.insert(secret(path, region, account)),
                    AwsStore::ParameterStore => parameters.insert(parameter(path, region, account)),
                };
                if request.version.is_none() {
                    *current
                        .entry(region_of(path).unwrap_or(region))
                        .or_default() += 1;
                }
            }
            let several = current.values().any(|&number| number > 1);
            batches |= several && aws.store == AwsStore::SecretsManager;
        }
        let mut statement = Vec::new();
        let mut via = Vec::new();
        if !secrets.is_empty() {
            via.push("secretsmanager.*.amazonaws.com");
            statement.push(Statement::of(
                "ReadSecrets",
                secrets_manager::SINGLE,
                secrets,
            ));
        }
        if batches {
            // It gives nothing without the statement above, and knows no other resource.
            let any = BTreeSet::from(["*".to_owned()]);
            statement.push(Statement::of("ReadInBatches", secrets_manager::BATCH, any));
        }
        if !parameters.is_empty() {
            via.push("ssm.*.amazonaws.com");
            statement.push(Statement::of(
                "ReadParameters",
                parameter_store::ACTION,
                parameters,
            ));
        }
        if statement.is_empty() {
            return Ok(None);
        }
        if !scope.keys.is_empty() {
            let keys = scope.keys.iter().cloned().collect();
            let through = BTreeMap::from([("kms:ViaService", via)]);
            statement.push(Statement {
                condition: Some(Condition {
                    string_like: through,
                }),
                ..Statement::of("DecryptThem", "kms:Decrypt", keys)
            });
        }
        Ok(Some(Self {
            version: "2012-10-17",
            statement,
        }))
    }
}

fn of_aws(planned: &PlannedBackend) -> Option<(&PlannedBackend, &AwsSettings)> {
    match &planned.settings {
        BackendSettings::Aws(aws) => Some((planned, aws)),
        _ => None,
    }
}

/// For each entry, that a policy can't name what it asks for and nothing else.
fn patterns(plan: &Plan) -> impl Iterator<Item = Problem> {
    plan.asked().filter_map(|(route, backend, request)| {
        let _ = of_aws(&plan.backends[backend])?;
        is_pattern(&request.path).then(|| {
            let name = request.path.clone();
            plan.problem(route, &AwsError::Pattern { name })
        })
    })
}

/// Whether a name means more than itself where a policy has it: `*` and `?` stand for any characters, and
/// `${` for what AWS knows of who asks.
fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?']) || name.contains("${")
}

/// A secret as policies name it. Secrets Manager adds six characters to a name.
pub(super) fn secret(path: &str, region: &str, account: &str) -> String {
    if !path.starts_with("arn:") {
        let partition = partition_of(region);
        return format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{path}-??????");
    }
    let name = path.splitn(7, ':').nth(6).unwrap_or_default();
    let added = name.rsplit_once('-').map_or("", |(_, added)| added);
    if added.len() == 6 && added.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        path.to_owned()
    } else {
        format!("{path}-??????")
    }
}

/// A parameter as policies name it: without version or label, and with one slash.
pub(super) fn parameter(path: &str, region: &str, account: &str) -> String {
    if path.starts_with("arn:") {
        let parts: Vec<&str> = path.split(':').take(6).collect();
        return parts.join(":");
    }
    let partition = partition_of(region);
    let name = path.split(':').next().unwrap_or_default();
    let name = name.trim_start_matches('/');
    format!("arn:{partition}:ssm:{region}:{account}:parameter/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_takes_for_a_pattern_is_known() {
        for name in ["*", "app/*", "app/to?en", "${aws:username}"] {
            assert!(is_pattern(name), "{name}");
        }
        for name in ["app/token", "app/$x", "a{b}", "app-@_+=."] {
            assert!(!is_pattern(name), "{name}");
        }
    }

    #[test]
    fn what_is_named_is_allowed_and_no_more() {
        assert_eq!(
            secret("app/token", "eu-west-1", "*"),
            "arn:aws:secretsmanager:eu-west-1:*:secret:app/token-??????"
        );
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf";
        assert_eq!(secret(arn, "us-east-1", "*"), arn);
        let without = arn.trim_end_matches("-AbCdEf");
        assert_eq!(secret(without, "*", "*"), format!("{without}-??????"));
        assert_eq!(
            parameter("/app/level:3", "cn-north-1", "123456789012"),
            "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/app/level"
        );
        assert_eq!(
            parameter("level", "*", "*"),
            "arn:aws:ssm:*:*:parameter/level"
        );
        let arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/app/x";
        assert_eq!(parameter(&format!("{arn}:7"), "*", "*"), arn);
    }
}
