//! What a plugin asks, and what it is answered.

use std::fmt;

use zeroize::Zeroizing;

/// One request, as the plugin wrote it: nothing of it is believed.
///
/// `Debug` shows the size of things, never their content: a plugin may put a token of its own
/// anywhere.
#[derive(Clone)]
pub struct OutboundRequest {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// With scheme and host.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundRequest")
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// One answer. No credential that the host added is in it.
pub struct OutboundResponse {
    /// The status. A redirect is an answer like any other.
    pub status: u16,
    /// Names in lower case. Values that are no UTF-8 are left out.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for OutboundResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundResponse")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}
