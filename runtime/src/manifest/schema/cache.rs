//! `[cache]`.

use schemars::JsonSchema;

/// For how long what was read of a backend over a network is good.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Cache {
    /// How long it is good where neither its backend nor a secret says it, as in 15m; 1h by
    /// default, 0s is never.
    ttl: Option<String>,
    /// For how long after that it is used if its backend can't be reached, as in 1h; 5m by default,
    /// 0s is never.
    stale_if_error: Option<String>,
    /// Keeps it, sealed, from one start to the next. Not done by default.
    across_starts: Option<AcrossStarts>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum AcrossStarts {
    Where(KeyPlace),
    File(KeyFile),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum KeyPlace {
    /// The key is in the keyring that the kernel keeps for the user.
    Keyring,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct KeyFile {
    /// The file of the key, relative to the manifest; made if it is missing.
    key_file: String,
}
