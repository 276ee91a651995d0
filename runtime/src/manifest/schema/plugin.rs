//! `[plugins.NAME]`: a component, what it may do, and what is added for it.

use std::collections::BTreeMap;

use schemars::JsonSchema;

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Plugin {
    /// A path relative to the manifest, or oci://registry/name@sha256:...
    component: String,
    /// The digest that the component must have.
    #[schemars(regex(pattern = "^[0-9a-fA-F]{64}$"))]
    sha256: Option<String>,
    /// The public key of minisign that must have signed the component: the line that begins
    /// with RW.
    #[schemars(regex(pattern = "^RW[A-Za-z0-9+/]{54}$"))]
    signed_by: Option<String>,
    /// Certificates that its servers are held against, beside the machine's; relative to
    /// the manifest.
    ca_file: Option<String>,
    /// What the component may ask for by name.
    settings: Option<BTreeMap<String, String>>,
    /// What the component may do.
    allow: Option<Allow>,
    /// What the host adds to requests, by origin; the component never sees it.
    credentials: Option<BTreeMap<String, Credentials>>,
    /// What the component may use, where that differs from the default.
    limits: Option<Limits>,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Allow {
    /// Origins that the component may send requests to.
    http: Option<Vec<String>>,
    /// Those of http that may be at private addresses.
    private_addresses: Option<Vec<String>>,
    /// Those of http that may be at link-local addresses, as the metadata of clouds is.
    link_local_addresses: Option<Vec<String>>,
    /// Whether the component may ask what time it is.
    clock: Option<bool>,
    /// Interfaces that the component may import and that do nothing.
    inert: Option<Vec<Inert>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Inert {
    /// There are no files.
    Filesystem,
    /// Every socket is refused.
    Sockets,
}

/// What is added to every request to an origin, or a list of that.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Credentials {
    One(Credential),
    Several(Vec<Credential>),
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Credential {
    /// authorization: Bearer ...
    Bearer(BearerCredential),
    /// authorization: Basic ...
    Basic(BasicCredential),
    /// A header.
    Header(HeaderCredential),
    /// A parameter of the query.
    Query(QueryCredential),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BearerCredential {
    bearer: CredentialText,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BasicCredential {
    basic: Basic,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Basic {
    username: CredentialText,
    password: CredentialText,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct HeaderCredential {
    header: String,
    value: CredentialText,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct QueryCredential {
    query: String,
    value: CredentialText,
}

/// A text with {NAMES} of the launcher's environment, or a file.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum CredentialText {
    Text(String),
    File(CredentialFile),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct CredentialFile {
    /// A path relative to the manifest. White space around its text does not count.
    file: String,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Limits {
    /// How long one call may take, as in 20s; from 100ms to 10m.
    time: Option<String>,
    /// Memory, as in 128MiB; from 1MiB to 1GiB.
    #[schemars(regex(pattern = "^[0-9]+ ?(K|M|G)iB$"))]
    memory: Option<String>,
    /// The body of one response, as in 8MiB; from 1KiB to 256MiB.
    #[schemars(regex(pattern = "^[0-9]+ ?(K|M|G)iB$"))]
    response: Option<String>,
    /// Requests in one call.
    #[schemars(range(min = 1, max = 10_000))]
    requests: Option<u32>,
    /// Log of one call, as in 256KiB; from 1KiB to 16MiB.
    #[schemars(regex(pattern = "^[0-9]+ ?(K|M|G)iB$"))]
    log: Option<String>,
}
