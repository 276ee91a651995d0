//! `https-url` and `url`.

use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};

use crate::url::{Url, UrlViolation};

violations! {
    /// What is wrong with an HTTPS URL.
    pub(crate) enum HttpsViolation: UrlViolation {
        NotHttps => "not-https",
            "begins with `http://`, which sends everything in plain text",
            "Begin with `https://`.";
        WrongScheme => "wrong-scheme",
            "has a scheme other than `https`",
            "Begin with `https://`.";
    }
}

/// A URL that begins with `https://` and names one host.
pub(crate) struct HttpsUrl;

impl Validator for HttpsUrl {
    const NAME: &'static str = "https-url";
    const SUMMARY: &'static str = "A URL that begins with `https://`.";
    type Violation = HttpsViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), HttpsViolation> {
        let url = Url::parse(value)?;
        if url.has_scheme(&["http"]) {
            return Err(HttpsViolation::NotHttps);
        }
        if !url.has_scheme(&["https"]) {
            return Err(HttpsViolation::WrongScheme);
        }
        Ok(check_host(&url)?)
    }
}

violations! {
    /// What is wrong with a URL.
    pub(crate) enum AnyUrlViolation: UrlViolation {
        WrongScheme => "wrong-scheme",
            "has a scheme that is not in `schemes`",
            "Begin with one of the schemes that the manifest lists in `schemes`.";
        InvalidSchemes => "invalid-schemes",
            "cannot be checked, because `schemes` is empty or lists something else than schemes",
            "List schemes without `://`, such as `[\"https\", \"wss\"]`.";
    }
}

const SCHEMES: Parameter<Vec<String>> =
    Parameter::new("schemes", "The schemes allowed, without `://` (all).");

/// A URL with `://` and a host, of any scheme or of some.
pub(crate) struct AnyUrl;

impl Validator for AnyUrl {
    const NAME: &'static str = "url";
    const SUMMARY: &'static str = "A URL with a scheme, `://` and a host.";
    const PARAMETERS: &'static [ParameterSpec] = &[SCHEMES.spec()];
    type Violation = AnyUrlViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), AnyUrlViolation> {
        let url = Url::parse(value)?;
        if let Some(schemes) = parameters.get(SCHEMES) {
            let schemes: Vec<_> = schemes.iter().map(String::as_str).collect();
            if !url.has_scheme(&schemes) {
                return Err(AnyUrlViolation::WrongScheme);
            }
        }
        Ok(check_host(&url)?)
    }

    fn check_parameters(parameters: &Parameters) -> Result<(), AnyUrlViolation> {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let is_scheme = |scheme: &String| !scheme.is_empty() && scheme.bytes().all(inside);
        match parameters.get(SCHEMES) {
            Some(schemes) if schemes.is_empty() || !schemes.iter().all(is_scheme) => {
                Err(AnyUrlViolation::InvalidSchemes)
            }
            _ => Ok(()),
        }
    }
}

fn check_host(url: &Url<'_>) -> Result<(), UrlViolation> {
    if url.hosts.is_empty() {
        return Err(UrlViolation::NoHost);
    }
    if url.hosts.contains(',') {
        return Err(UrlViolation::InvalidHost);
    }
    Ok(())
}
