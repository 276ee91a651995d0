//! `[backends.NAME]` of the kinds for AWS: where and as whom AWS is asked.

use toml::Spanned;

use super::entries::malformed;
use super::reader::{Reader, Table};

/// Keys of both kinds, beside `kind`.
pub(super) const AWS_KEYS: &[&str] = &[
    "prefix",
    "region",
    "profile",
    "role",
    "endpoint",
    "fips",
    "dual-stack",
    "scrub",
    "deadline",
    "attempts",
    "cache",
];

const ROLE_KEYS: &[&str] = &["arn", "external-id", "session-name"];

/// A backend for AWS. What it does not say comes from the usual variables and files of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsSettings {
    /// Which of its stores is asked.
    pub store: AwsStore,
    /// What stands before every name that is no ARN; instead of `AWS_SECRETS_PREFIX`.
    pub prefix: Option<String>,
    /// Where and as whom.
    pub access: AwsAccess,
    /// Whether the command gets none of the variables that begin with `AWS_`.
    pub scrub: bool,
}

impl AwsSettings {
    /// A store, with nothing said about it.
    #[must_use]
    pub fn of(store: AwsStore) -> Self {
        Self {
            store,
            prefix: None,
            access: AwsAccess::default(),
            scrub: false,
        }
    }
}

/// The stores for secrets that AWS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsStore {
    /// Secrets Manager.
    SecretsManager,
    /// The Parameter Store of Systems Manager.
    ParameterStore,
}

impl AwsStore {
    /// The store of a `kind`.
    #[must_use]
    pub fn of_kind(kind: &str) -> Option<Self> {
        let stores = [Self::SecretsManager, Self::ParameterStore];
        stores.into_iter().find(|store| store.kind() == kind)
    }

    /// The `kind` in the manifest.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::SecretsManager => "aws-secrets-manager",
            Self::ParameterStore => "aws-parameter-store",
        }
    }
}

/// Where and as whom AWS is asked. Backends with the same access share connections and
/// credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AwsAccess {
    /// Instead of `AWS_REGION` and the profile's.
    pub region: Option<String>,
    /// Instead of `AWS_PROFILE`, and of credentials in variables.
    pub profile: Option<String>,
    /// A role that is assumed with the credentials that are found.
    pub role: Option<AwsRole>,
    /// Instead of `AWS_ENDPOINT_URL` and the profile's.
    pub endpoint: Option<String>,
    /// Whether endpoints are asked that are validated for FIPS 140; instead of
    /// `AWS_USE_FIPS_ENDPOINT`.
    pub fips: Option<bool>,
    /// Whether endpoints are asked that have IPv6; instead of `AWS_USE_DUALSTACK_ENDPOINT`.
    pub dual_stack: Option<bool>,
}

/// A role that is assumed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AwsRole {
    /// Which.
    pub arn: String,
    /// What its trust policy asks of other accounts.
    pub external_id: Option<String>,
    /// How the session is called in the audit log of AWS; `secret-run` if nothing is said.
    pub session_name: Option<String>,
}

/// Reads what is said of a store; what is malformed is as if it were not said.
pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>, store: AwsStore) -> AwsSettings {
    let region = region(reader, table);
    let endpoint = form(reader, table, "endpoint", ENDPOINT);
    let role = role(reader, table);
    let plain = |reader: &mut Reader, key| table.text(reader, key).map(Spanned::into_inner);
    AwsSettings {
        store,
        prefix: plain(reader, "prefix"),
        access: AwsAccess {
            region,
            profile: plain(reader, "profile"),
            role,
            endpoint,
            fips: table.boolean(reader, "fips"),
            dual_stack: table.boolean(reader, "dual-stack"),
        },
        scrub: table.boolean(reader, "scrub").unwrap_or_default(),
    }
}

/// The code of a region, if it is said and is one.
pub(super) fn region(reader: &mut Reader, table: &Table<'_, '_>) -> Option<String> {
    form(reader, table, "region", REGION)
}

/// A role by its ARN, or as a table of it and what its trust policy asks for.
fn role(reader: &mut Reader, backend: &Table<'_, '_>) -> Option<AwsRole> {
    if backend.get("role")?.get_ref().is_str() {
        return Some(AwsRole {
            arn: form(reader, backend, "role", ROLE)?,
            external_id: None,
            session_name: None,
        });
    }
    let table = backend.table(reader, "role")?;
    table.only(reader, ROLE_KEYS);
    if table.get("arn").is_none() {
        table.missing(reader, "arn", "write the ARN of the role");
    }
    let external_id = form(reader, &table, "external-id", EXTERNAL_ID);
    let session_name = form(reader, &table, "session-name", SESSION_NAME);
    Some(AwsRole {
        arn: form(reader, &table, "arn", ROLE)?,
        external_id,
        session_name,
    })
}

/// What a text must look like: a test, what to call it, and an example.
type Form = (fn(&str) -> bool, &'static str, &'static str);

/// It becomes a part of a host's name.
const REGION: Form = (
    |text| {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&text.len()) && text.bytes().all(is_part)
    },
    "the code of a region",
    "region = \"eu-west-1\"",
);

const ENDPOINT: Form = (
    |text| {
        let url = text.parse::<http::Uri>();
        url.is_ok_and(|url| {
            let scheme = matches!(url.scheme_str(), Some("https" | "http"));
            let bare = !text.contains(['@', '?', '#']);
            scheme && bare && url.host().is_some_and(|host| !host.is_empty())
        })
    },
    "a URL without a user, a query or a fragment",
    "endpoint = \"https://secrets.internal:8443\"",
);

const ROLE: Form = (
    |text| {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let start = next() == "arn" && next().starts_with("aws") && next() == "iam";
        let no_region = next().is_empty();
        let account = next();
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
        start && no_region && is_account && next().strip_prefix("role/").is_some_and(is_name)
    },
    "the ARN of a role",
    "role = \"arn:aws:iam::123456789012:role/secrets-reader\"",
);

/// See `ExternalId` in the reference of `AssumeRole`.
const EXTERNAL_ID: Form = (
    |text| (2..=1224).contains(&text.len()) && text.bytes().all(|byte| is_name(byte, b"_+=,.@:/-")),
    "2 to 1224 letters, digits or _+=,.@:/-",
    "external-id = \"lagomo-4711\"",
);

/// See `RoleSessionName` there.
const SESSION_NAME: Form = (
    |text| (2..=64).contains(&text.len()) && text.bytes().all(|byte| is_name(byte, b"_+=,.@-")),
    "2 to 64 letters, digits or _+=,.@-",
    "session-name = \"api-gateway\"",
);

fn is_name(byte: u8, signs: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || signs.contains(&byte)
}

/// The text under `key`, if it looks as it must.
fn form(
    reader: &mut Reader,
    table: &Table<'_, '_>,
    key: &str,
    (fits, wanted, example): Form,
) -> Option<String> {
    let text = table.text(reader, key)?;
    if fits(text.get_ref()) {
        return Some(text.into_inner());
    }
    malformed(reader, key, wanted, example, &text.span());
    None
}
