//! Where one request goes, and where an answer may send it on to.

use hyper::Uri;

use crate::outbound::{HttpOrigin, Scheme};

/// An origin and what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    origin: HttpOrigin,
    uri: Uri,
}

impl Target {
    /// A path, perhaps with a query, of an origin. `None` if it is no path.
    pub(super) fn new(origin: HttpOrigin, path: &str) -> Option<Self> {
        // The URL is put together from the origin that was judged, so that nobody connects to
        // what another parser sees in it.
        let path = path.strip_prefix('/')?;
        let uri = format!("{origin}/{path}").parse().ok()?;
        Some(Self { origin, uri })
    }

    /// An absolute URL without user and password.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let origin = HttpOrigin::of_url(url).ok()?;
        let uri: Uri = url.parse().ok()?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        match path.strip_prefix('?') {
            Some(_) => Self::new(origin, &format!("/{path}")),
            None => Self::new(origin, path),
        }
    }

    /// Where a `Location` leads: to an absolute URL or to an absolute path. Other spellings are
    /// not followed.
    pub(super) fn follow(&self, location: &str) -> Option<Self> {
        if location.starts_with('/') && !location.starts_with("//") {
            return Self::new(self.origin.clone(), location);
        }
        Self::parse(location)
    }

    /// Whether a registry at `registry` may send its clients here: with TLS, or within this
    /// machine from a registry that is within it, too. Another's redirect must not reach what
    /// listens on this machine only.
    pub(super) fn may_be_named_by(&self, registry: &HttpOrigin) -> bool {
        match self.origin.scheme() {
            Scheme::Https => true,
            Scheme::Http => self.origin.is_loopback() && registry.is_loopback(),
        }
    }

    pub(super) fn origin(&self) -> &HttpOrigin {
        &self.origin
    }

    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn registry() -> Target {
        let origin = HttpOrigin::parse("https://registry.example.com").unwrap();
        Target::new(origin, "/v2/rules/blobs/x").unwrap()
    }

    #[test]
    fn a_location_is_a_url_or_a_path() {
        for (location, uri) in [
            ("/other?a=b", "https://registry.example.com/other?a=b"),
            ("https://store.example.com", "https://store.example.com/"),
            (
                "https://store.example.com?a=b",
                "https://store.example.com/?a=b",
            ),
            (
                "https://store.example.com/c?a=b",
                "https://store.example.com/c?a=b",
            ),
            (
                "HTTPS://Store.Example.Com:443/c",
                "https://store.example.com/c",
            ),
        ] {
            let target = registry().follow(location).unwrap();
            assert_eq!(target.uri().to_string(), uri, "{location}");
        }
    }

    #[test]
    fn a_location_of_another_spelling_is_not_followed() {
        for location in [
            "",
            "other",
            "//store.example.com/c",
            "https://user:dummy-password@store.example.com/c",
            "https:///c",
            "ftp://store.example.com/c",
            "file:///etc/passwd",
            "https://store.example.com\\@evil.example.com/",
            "/a b",
        ] {
            assert_eq!(registry().follow(location), None, "{location}");
        }
    }

    #[test]
    fn only_a_registry_on_this_machine_may_lead_to_what_listens_on_it() {
        let here = HttpOrigin::parse("http://127.0.0.1:5000").unwrap();
        let there = HttpOrigin::parse("https://registry.example.com").unwrap();
        for (url, from_here, from_there) in [
            ("https://store.example.com/c", true, true),
            ("http://store.example.com/c", false, false),
            ("http://127.0.0.1:8500/c", true, false),
            ("http://localhost/c", true, false),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!(target.may_be_named_by(&here), from_here, "{url}");
            assert_eq!(target.may_be_named_by(&there), from_there, "{url}");
        }
    }
}
