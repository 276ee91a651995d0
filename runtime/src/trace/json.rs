//! A trace as OTLP writes it in JSON.
//!
//! See <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>: ids in hexadecimal,
//! times as decimal texts, enumerations as numbers.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Span, Trace};

/// `SPAN_KIND_INTERNAL`.
const INTERNAL: u8 = 1;
/// `SPAN_KIND_CLIENT`.
const CLIENT: u8 = 3;
/// `STATUS_CODE_OK`.
const OK: u8 = 1;
/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

impl Trace {
    pub(super) fn json(&self, now: SystemTime, error: Option<&'static str>) -> Value {
        let root = Span {
            id: self.root.clone(),
            parent: String::new(),
            name: "secret-run",
            begun: self.begun,
            ended: now,
            attributes: self.about.clone(),
            error,
        };
        let spans = [&root].into_iter().chain(&self.spans);
        let spans: Vec<Value> = spans.map(|span| self.span(span)).collect();
        let version = env!("CARGO_PKG_VERSION");
        let service = [("service.name", "secret-run"), ("service.version", version)];
        json!({ "resourceSpans": [{
            "resource": { "attributes": attributes(&service) },
            "scopeSpans": [{
                "scope": { "name": "secret-run", "version": version },
                "spans": spans,
            }],
        }] })
    }

    fn span(&self, span: &Span) -> Value {
        let mut known = span.attributes.clone();
        // What the conventions of OpenTelemetry call the kind of an error.
        known.extend(span.error.map(|kind| ("error.type", kind.to_owned())));
        let mut json = json!({
            "traceId": self.id,
            "spanId": span.id,
            "name": span.name,
            "kind": if known.iter().any(|(name, _)| *name == "secret_run.backend") { CLIENT } else { INTERNAL },
            "startTimeUnixNano": nanoseconds(span.begun),
            "endTimeUnixNano": nanoseconds(span.ended),
            "attributes": attributes(&known),
            "status": { "code": if span.error.is_some() { ERROR } else { OK } },
        });
        if !span.parent.is_empty() {
            json["parentSpanId"] = span.parent.as_str().into();
        }
        json
    }
}

fn attributes<T: AsRef<str>>(known: &[(&'static str, T)]) -> Vec<Value> {
    let known = known.iter();
    let attribute = |(name, value): &(&str, T)| json!({ "key": name, "value": { "stringValue": value.as_ref() } });
    known.map(attribute).collect()
}

fn nanoseconds(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default().as_nanos().to_string()
}
