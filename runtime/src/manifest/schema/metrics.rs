//! `[metrics]`.

use schemars::JsonSchema;

/// Where it is counted what runs do.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1))]
pub(super) struct Metrics {
    /// The file that every run adds itself to, for the node exporter; relative to the manifest.
    #[schemars(regex(pattern = r"[^/]\.prom$"))]
    textfile: Option<String>,
    /// Where the parent of a watched command answers: a loopback address with a port, or unix: and the path of a socket.
    #[schemars(regex(pattern = r"^(127\.[0-9.]+:[0-9]+|\[::1\]:[0-9]+|unix:.*[^/])$"))]
    listen: Option<String>,
}
