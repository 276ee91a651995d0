//! How requests to AWS leave: TLS is set up by the first that needs it, and production sends
//! nothing in plain text to another machine.

use std::fmt;
use std::net::IpAddr;
use std::sync::OnceLock;

use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use http::Uri;
use thiserror::Error;

/// The request would have gone in plain text to another machine.
#[derive(Debug, Error)]
#[error("a request in plain text to another machine")]
pub(super) struct PlainText;

/// The client of all requests of a backend, those for credentials included.
pub(super) fn client(production: bool) -> SharedHttpClient {
    let tls = Provider::Rustls(CryptoMode::Ring);
    SharedHttpClient::new(Client {
        production,
        plain: Builder::new().build_http(),
        tls: Builder::new().tls_provider(tls).build_https(),
    })
}

#[derive(Debug)]
struct Client {
    production: bool,
    plain: SharedHttpClient,
    tls: SharedHttpClient,
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            production: self.production,
            plain: self.plain.http_connector(settings, components),
            tls: OnceLock::new(),
            client: self.tls.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

struct Connector {
    production: bool,
    plain: SharedHttpConnector,
    /// Made by the first request that needs it: it reads the authorities of the system.
    tls: OnceLock<SharedHttpConnector>,
    client: SharedHttpClient,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if !request.uri().starts_with("http://") {
            let connector = || self.client.http_connector(&self.settings, &self.components);
            return self.tls.get_or_init(connector).call(request);
        }
        if self.production && !is_on_this_machine(request.uri()) {
            let refused = ConnectorError::user(Box::new(PlainText));
            return HttpConnectorFuture::ready(Err(refused));
        }
        self.plain.call(request)
    }
}

/// Loopback, and the link-local addresses at which a machine's own metadata and the
/// credentials of its containers are.
fn is_on_this_machine(uri: &str) -> bool {
    let Ok(uri) = uri.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.segments()[..2] == [0xfd00, 0x0ec2]
        }
        Err(_) => host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::is_on_this_machine;

    #[test]
    fn plain_text_stays_on_this_machine() {
        for own in [
            "http://127.0.0.1:5000/",
            "http://localhost:4566",
            "http://[::1]:5000/",
            "http://169.254.169.254/latest/meta-data/",
            "http://169.254.170.2/v2/credentials",
            "http://[fd00:ec2::254]/latest",
        ] {
            assert!(is_on_this_machine(own), "{own}");
        }
        for other in [
            "http://10.0.0.1/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://[fd00:ec3::254]/",
        ] {
            assert!(!is_on_this_machine(other), "{other}");
        }
    }
}
