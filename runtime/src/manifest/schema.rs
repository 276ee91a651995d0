//! The JSON Schema of `secrets.toml`, for editors.
//!
//! These types describe the format and are never filled: the parser reads the document
//! itself, to report every mistake with its place. The tests hold the two together: each
//! table has the same keys here as in the parser, and the schema accepts the examples and
//! refuses what the parser refuses for its shape.

// The fields are read by the derive alone.
#![expect(dead_code, reason = "the types are described, not filled")]

mod cache;
mod metrics;
mod plugin;
mod resilience;
mod vault;
mod watch;

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};

use self::cache::Cache;
use self::metrics::Metrics;
use self::plugin::Plugin;
use self::resilience::Resilience;
use self::vault::{VaultAuth, VaultLeases, VaultNames, VaultTls, VaultTransit};
use self::watch::Watch;

/// The schema as a JSON document (draft 2020-12).
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12();
    SchemaGenerator::new(settings)
        .into_root_schema_for::<SecretsToml>()
        .to_value()
}

/// What an app needs, and where it comes from. Never a value.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct SecretsToml {
    /// Version of the format: 1.
    #[schemars(range(min = 1, max = 1))]
    version: u32,
    /// What the command gets of the launcher's environment: all (true), nothing (false), or
    /// these names; a `*` at the end stands for any ending.
    inherit: Option<Inherit>,
    /// The app.
    project: Option<Project>,
    /// Where it is written down who read which secret. Without it, nowhere.
    audit: Option<Audit>,
    /// For how long what was read of a backend over a network is good.
    cache: Option<Cache>,
    /// Where it is counted what runs do. Without it, nowhere.
    metrics: Option<Metrics>,
    /// Which backend answers where.
    environments: Option<BTreeMap<String, Environment>>,
    /// The places that values come from.
    backends: Option<BTreeMap<String, Backend>>,
    /// WebAssembly components and what they are granted.
    plugins: Option<BTreeMap<String, Plugin>>,
    /// The secrets that the app needs, by the variable that it reads.
    secrets: Option<BTreeMap<String, Secret>>,
    /// Configuration: not secret, may have a default and may be printed.
    config: Option<BTreeMap<String, Config>>,
    /// How `secret-run --watch` supervises the command.
    watch: Option<Watch>,
    /// How long backends are waited for, and how often they are asked.
    resilience: Option<Resilience>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Inherit {
    All(bool),
    Only(#[schemars(inner(regex(pattern = r"^([^*]+\*?|\*)$")))] Vec<String>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Project {
    /// The app's name, for messages.
    name: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Audit {
    /// The path of a file, relative to the manifest; or stderr, syslog or journald.
    #[schemars(length(min = 1))]
    destination: String,
    /// From which size on another file is begun, as in 16MiB.
    #[schemars(regex(pattern = "^[0-9]+ *(KiB|MiB|GiB)$"))]
    max_size: Option<String>,
    /// How many full files are kept; all by default.
    #[schemars(range(min = 1, max = 10000))]
    keep: Option<u32>,
    /// Whether the command may not start when nothing can be written; by default, in production.
    required: Option<bool>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Environment {
    /// Whether the rules of production hold. An environment named production or prod is
    /// always production.
    production: Option<bool>,
    /// The backend for entries that name none.
    backend: Option<String>,
    /// Instead of the manifest's `inherit`.
    inherit: Option<Inherit>,
    /// What differs for secrets in this environment.
    secrets: Option<BTreeMap<String, SecretOverride>>,
    /// What differs for configuration in this environment.
    config: Option<BTreeMap<String, ConfigOverride>>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SecretOverride {
    key: Option<Key>,
    from: Option<From>,
    compose: Option<String>,
    required: Option<Required>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ConfigOverride {
    key: Option<Key>,
    from: Option<From>,
    compose: Option<String>,
    default: Option<String>,
    required: Option<Required>,
}

/// A place that values come from.
#[derive(JsonSchema)]
#[schemars(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Backend {
    /// `.env` files, and the process environment over them. Refused in production.
    Env {
        /// The files, later over earlier, relative to the manifest. Missing ones are skipped.
        files: Option<Vec<String>>,
    },
    /// A folder with one file per secret, as Docker and Kubernetes mount them.
    File {
        /// The folder, relative to the manifest.
        directory: String,
        /// How an entry's name becomes a file's name.
        names: Option<Names>,
    },
    /// AWS Secrets Manager.
    AwsSecretsManager(Aws),
    /// AWS Systems Manager Parameter Store.
    AwsParameterStore(Aws),
    /// HashiCorp Vault or OpenBao.
    #[schemars(rename_all = "kebab-case")]
    Vault {
        /// Instead of VAULT_ADDR.
        address: Option<String>,
        /// Instead of VAULT_NAMESPACE.
        namespace: Option<String>,
        /// Where the engine is that paths lie in; instead of VAULT_MOUNT_PATH.
        mount: Option<String>,
        /// What paths begin with below the mount; instead of VAULT_PATH.
        path: Option<String>,
        /// The version of the engine for keys and values at the mount; asked for by default.
        #[schemars(range(min = 1, max = 2))]
        kv_version: Option<u8>,
        /// What an entry's own name is there.
        names: Option<VaultNames>,
        /// What is done with what is given for a time; "keep" by default.
        leases: Option<VaultLeases>,
        /// What decrypts references that are ciphertext.
        transit: Option<Box<VaultTransit>>,
        /// Whom to trust, and who we are.
        tls: Option<Box<VaultTls>>,
        /// How to log in; a token by default.
        auth: Option<Box<VaultAuth>>,
        /// How long it is waited for, as in 10s; 20s by default.
        deadline: Option<String>,
        /// How often it is asked at most, instead of `attempts` of [resilience].
        #[schemars(range(min = 1, max = 10))]
        attempts: Option<u32>,
        /// How long what was read is good, as in 5m; 0s is never.
        cache: Option<String>,
    },
    /// A WebAssembly component.
    Plugin {
        /// Which of [plugins].
        plugin: String,
        /// What stands before the path of every request.
        prefix: Option<String>,
        /// How long it is waited for, as in 10s; 20s by default.
        deadline: Option<String>,
        /// How often it is asked at most, instead of `attempts` of [resilience].
        #[schemars(range(min = 1, max = 10))]
        attempts: Option<u32>,
        /// How long what was read is good, as in 5m; 0s is never.
        cache: Option<String>,
    },
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Aws {
    /// What stands before every name that is no ARN.
    prefix: Option<String>,
    /// Instead of AWS_REGION and the profile's.
    region: Option<String>,
    /// Instead of AWS_PROFILE, and of credentials in variables.
    profile: Option<String>,
    /// A role that is assumed with the credentials that are found.
    role: Option<AwsRole>,
    /// Instead of AWS_ENDPOINT_URL.
    endpoint: Option<String>,
    /// Whether endpoints are asked that are validated for FIPS 140.
    fips: Option<bool>,
    /// Whether endpoints are asked that have IPv6.
    dual_stack: Option<bool>,
    /// Whether the command gets none of the variables that begin with AWS_.
    scrub: Option<bool>,
    /// How long it is waited for, as in 10s; 20s by default.
    deadline: Option<String>,
    /// How often it is asked at most, instead of `attempts` of [resilience].
    #[schemars(range(min = 1, max = 10))]
    attempts: Option<u32>,
    /// How long what was read is good, as in 5m; 0s is never.
    cache: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum AwsRole {
    Arn(String),
    Terms(AwsRoleTerms),
}

/// A role, and what its trust policy asks for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct AwsRoleTerms {
    /// Which role.
    arn: String,
    /// What its trust policy asks of other accounts.
    external_id: Option<String>,
    /// How the session is called in the audit log of AWS.
    session_name: Option<String>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Names {
    /// DATABASE_URL is in the file DATABASE_URL.
    AsWritten,
    /// DATABASE_URL is in the file database_url.
    LowerCase,
}

/// A secret that the app needs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Secret {
    /// What it is.
    description: Option<String>,
    /// Who to ask.
    owner: Option<String>,
    /// 1 is critical, 2 important.
    #[schemars(range(min = 1, max = 9))]
    tier: Option<u8>,
    /// How often it should be changed, as in 90d.
    rotate_every: Option<String>,
    /// Its name in the environment's backend; the entry's own name by default.
    key: Option<Key>,
    /// Backend and path, whatever the environment's backend is.
    from: Option<From>,
    /// Made of other values: redis://:{REDIS_PASSWORD}@{REDIS_HOST}:6379/0
    compose: Option<String>,
    /// What the value must be; `secret-run rules` lists the rules.
    validate: Option<Validate>,
    /// Whether the command may start without it.
    required: Option<Required>,
    /// The version before, while it is still honoured.
    previous: Option<Previous>,
    /// How the command gets it.
    deliver: Option<Deliver>,
    /// How long what was read is good, as in 5m; 0s is never.
    cache: Option<String>,
    /// Allows a name that changes how programs load, such as NODE_OPTIONS.
    allow_dangerous_name: Option<bool>,
}

/// Configuration that the app needs.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Config {
    /// What it is.
    description: Option<String>,
    /// Who to ask.
    owner: Option<String>,
    /// Its name in the environment's backend.
    key: Option<Key>,
    /// Backend and path, whatever the environment's backend is.
    from: Option<From>,
    /// Made of other configuration.
    compose: Option<String>,
    /// What it is when nothing says otherwise.
    default: Option<String>,
    /// What the value must be.
    validate: Option<Validate>,
    /// Whether the command may start without it.
    required: Option<Required>,
    /// Allows a name that changes how programs load, such as NODE_OPTIONS.
    allow_dangerous_name: Option<bool>,
}

/// path, path?version=V, path#field
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Key {
    Text(String),
    Parts(KeyParts),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct KeyParts {
    path: String,
    version: Option<String>,
    field: Option<String>,
}

/// backend:path, backend:path?version=V, backend:path#field
#[derive(JsonSchema)]
#[schemars(untagged)]
enum From {
    Text(String),
    Parts(FromParts),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct FromParts {
    backend: String,
    path: String,
    version: Option<String>,
    field: Option<String>,
}

/// A rule, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Validate {
    Name(String),
    Rule(Rule),
    All(Vec<NameOrRule>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum NameOrRule {
    Name(String),
    Rule(Rule),
}

/// A rule with its parameters beside it. A rule of a plugin is written plugin/rule.
#[derive(JsonSchema)]
struct Rule {
    rule: String,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Required {
    Always(bool),
    When(When),
}

/// Required when all of these entries of [config] have these values.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct When {
    when: BTreeMap<String, TextOrTexts>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum TextOrTexts {
    One(String),
    Several(Vec<String>),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Previous {
    /// The variable that gets the version before.
    name: String,
    /// How long it is honoured after a change, as in 48h.
    grace: String,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Deliver {
    How(How),
    File(DeliverFile),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum How {
    /// As a variable.
    Environment,
    /// In memory; NAME_FILE is a path to it.
    File,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DeliverFile {
    /// A path on a memory file system, relative to the manifest.
    file: String,
    /// Permission bits in octal; others get none.
    #[schemars(regex(pattern = "^0?[0-7]{1,3}$"))]
    mode: Option<String>,
}
