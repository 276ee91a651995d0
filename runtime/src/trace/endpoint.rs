//! Where traces are sent, as the variables of OpenTelemetry say. They are the app's, too, and
//! reach it.

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use super::error::TraceError;
use crate::backend::ProcessVariable;

/// What a receiver of all signals has for traces.
const PATH: &str = "v1/traces";

/// Where traces are sent, and with what.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) uri: Uri,
    /// What the receiver asks for. May be credentials.
    pub(super) headers: HeaderMap,
}

impl Endpoint {
    /// That of the variables; nothing, if they name none or say that nothing is traced.
    ///
    /// # Errors
    /// When they say it in a way that cannot be understood, or want gRPC.
    pub fn of_environment(variable: ProcessVariable<'_>) -> Result<Option<Self>, TraceError> {
        let text = |name: &str| {
            let value = variable(name)?.into_string().ok()?;
            Some(value).filter(|value| !value.trim().is_empty())
        };
        let either = |name: &str| {
            text(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
                .or_else(|| text(&format!("OTEL_EXPORTER_OTLP_{name}")))
        };
        let is =
            |name: &str, said: &str| text(name).is_some_and(|it| it.eq_ignore_ascii_case(said));
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
            return Ok(None);
        }
        let url = match text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
            Some(url) => url,
            None => match text("OTEL_EXPORTER_OTLP_ENDPOINT") {
                Some(url) => format!("{}/{PATH}", url.trim().trim_end_matches('/')),
                None => return Ok(None),
            },
        };
        if either("PROTOCOL").is_some_and(|protocol| protocol.trim() == "grpc") {
            return Err(TraceError::Grpc);
        }
        let uri: Uri = url.trim().parse().map_err(|_| TraceError::Endpoint)?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
        // A password in it would be one that is logged by whoever receives it.
        let is_plain = uri.authority().is_some_and(|it| !it.as_str().contains('@'));
        if !is_http || !is_plain {
            return Err(TraceError::Endpoint);
        }
        let headers = either("HEADERS").unwrap_or_default();
        let headers = headers_of(&headers).ok_or(TraceError::Headers)?;
        Ok(Some(Self { uri, headers }))
    }
}

/// `name=value,name=value`, percent-encoded.
fn headers_of(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let name: HeaderName = name.trim().parse().ok()?;
        let value: Vec<u8> = percent_decode_str(value.trim()).collect();
        let mut value = HeaderValue::from_bytes(&value).ok()?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;
    use crate::error::Explain;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Endpoint>, TraceError> {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Endpoint::of_environment(&move |name: &str| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_variables_mean_what_they_mean_to_every_exporter() {
        let all = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/");
        let own = (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "https://traces.example.com/in",
        );
        let uri = |variables: &[_]| of(variables).unwrap().map(|it| it.uri.to_string());
        assert_eq!(uri(&[]), None);
        assert_eq!(uri(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]), None);
        assert_eq!(uri(&[all]).unwrap(), "http://localhost:4318/v1/traces");
        assert_eq!(uri(&[all, own]).unwrap(), "https://traces.example.com/in");
        assert_eq!(uri(&[all, ("OTEL_SDK_DISABLED", "true")]), None);
        assert_eq!(uri(&[all, ("OTEL_TRACES_EXPORTER", "none")]), None);
        let headers = (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "x-token=dummy%20token, x-org = shop",
        );
        let headers = of(&[all, headers]).unwrap().unwrap().headers;
        assert_eq!(headers["x-token"], "dummy token");
        assert_eq!(headers["x-org"], "shop");
        assert!(!format!("{headers:?}").contains("dummy"));
    }

    #[test]
    fn what_cannot_be_meant_is_said() {
        let all = "OTEL_EXPORTER_OTLP_ENDPOINT";
        for variables in [
            vec![(all, "localhost:4318")],
            vec![(all, "unix:///run/otlp.sock")],
            vec![(all, "http://user:dummy-password@localhost:4318")],
            vec![
                (all, "http://localhost:4317"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ],
            vec![
                (all, "http://localhost:4318"),
                ("OTEL_EXPORTER_OTLP_HEADERS", "dummy-token"),
            ],
        ] {
            let error = of(&variables).unwrap_err();
            assert_eq!(error.kind(), "trace-misconfigured", "{variables:?}");
            assert!(!format!("{error:?}{error}").contains("dummy"));
        }
    }
}
