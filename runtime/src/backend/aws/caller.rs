//! Who we are for AWS, in a form that somebody else can check: a request that asks for nothing but
//! our identity, signed by us and sent by them.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::Uri;

use super::asking::tried;
use super::{AwsError, AwsSession};
use crate::manifest::AwsAccess;
use crate::resilience::Terms;

const METHOD: &str = "POST";
const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// The region that the endpoint for the whole world is in.
const WORLD: &str = "us-east-1";

/// Signs with the credentials that every user of AWS would expect.
#[derive(Debug)]
pub(crate) struct Caller {
    session: AwsSession,
    access: AwsAccess,
}

/// A request that shows who signed it, for minutes. Whoever has it can show it as well.
pub(crate) struct SignedRequest {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) body: &'static str,
    pub(crate) headers: Vec<(String, String)>,
}

impl Caller {
    /// Whose credentials are those of `access`, asked where its region says: if it says none, at
    /// the endpoint for the whole world, whatever the region of this machine is.
    pub(crate) fn new(session: AwsSession, access: AwsAccess) -> Self {
        Self { session, access }
    }

    /// The request, with a header of the one who checks it under the signature, so that nobody
    /// else can be shown the same.
    pub(crate) async fn signed(
        &self,
        header: Option<(&'static str, &str)>,
        terms: &Terms,
    ) -> Result<SignedRequest, AwsError> {
        let region = self.access.region.as_deref();
        let url = endpoint(region).await.ok_or(AwsError::NoRegion)?;
        let region = region.unwrap_or(WORLD);
        let credentials = self.credentials(terms).await?;
        let signed = signed(&url, region, credentials, header, SystemTime::now());
        signed.ok_or(AwsError::CredentialsFailed)
    }

    async fn credentials(&self, terms: &Terms) -> Result<Credentials, AwsError> {
        let config = self.session.ready(&self.access, Some(terms)).await?;
        let none = || AwsError::NoCredentials {
            tried: tried(&self.access),
        };
        let known = config.credentials_provider().ok_or_else(none)?;
        let known = known.provide_credentials().await;
        known.map_err(|_| AwsError::CredentialsFailed)
    }
}

/// Where a region has its identities checked; `None` if it is none.
async fn endpoint(region: Option<&str>) -> Option<String> {
    let parameters = Params::builder()
        .region(region.unwrap_or(WORLD))
        .use_global_endpoint(region.is_none())
        .build()
        .ok()?;
    let resolver = DefaultResolver::new();
    let found = ResolveEndpoint::resolve_endpoint(&resolver, &parameters).await;
    found.ok().map(|found| format!("{}/", found.url()))
}

/// Signs as AWS's own signature of version 4; `None` if something can't stand in a header.
fn signed(
    url: &str,
    region: &str,
    credentials: Credentials,
    header: Option<(&'static str, &str)>,
    now: SystemTime,
) -> Option<SignedRequest> {
    let host = url.parse::<Uri>().ok()?.host()?.to_owned();
    let mut headers = vec![("Host", host.as_str()), ("Content-Type", TYPE)];
    headers.extend(header);
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?;
    let body = SignableBody::Bytes(BODY.as_bytes());
    let request = SignableRequest::new(METHOD, url, headers.iter().copied(), body).ok()?;
    let instructions = sign(request, &parameters.into()).ok()?.into_parts().0;
    let added = instructions.headers();
    let headers = headers.iter().copied().chain(added);
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Some(SignedRequest {
        method: METHOD,
        url: url.to_owned(),
        body: BODY,
        headers: headers.collect(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    /// The credentials and the time of AWS's own examples.
    fn example(
        host: &str,
        region: &str,
        token: Option<&str>,
        header: Option<(&'static str, &str)>,
    ) -> SignedRequest {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let token = token.map(str::to_owned);
        let credentials = Credentials::new("AKIDEXAMPLE", key, token, None, "example");
        let now = UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        signed(
            &format!("https://{host}/"),
            region,
            credentials,
            header,
            now,
        )
        .unwrap()
    }

    fn header<'a>(signed: &'a SignedRequest, name: &str) -> &'a str {
        let is_it = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        &signed.headers.iter().find(is_it).unwrap().1
    }

    /// What is expected is what AWS's client for Python signs with the same inputs, and what its
    /// rules give when they are followed by hand.
    #[test]
    fn a_signature_is_the_one_that_the_rules_of_aws_give() {
        let world = example("sts.amazonaws.com", "us-east-1", None, None);
        assert_eq!(header(&world, "x-amz-date"), "20150830T123600Z");
        assert_eq!(
            header(&world, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sts/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=6fb20d31f734d876c5682fdd2678d194cf68b862755f83b7ba1373c0874be25c"
        );
        let host = "sts.eu-west-1.amazonaws.com";
        let server = Some(("X-Vault-AWS-IAM-Server-ID", "vault.example.com"));
        let region = example(host, "eu-west-1", Some("dummy-session-token"), server);
        assert_eq!(header(&region, "host"), host);
        assert_eq!(
            header(&region, "x-amz-security-token"),
            "dummy-session-token"
        );
        assert_eq!(
            header(&region, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-west-1/sts/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;\
             x-vault-aws-iam-server-id, \
             Signature=59758b6fb0777132513e9a0c6bcb66ba72ae1b243e4a78a0e8f557f859cb76ba"
        );
    }

    #[tokio::test]
    async fn each_region_has_its_endpoint() {
        for (region, url) in [
            (None, "https://sts.amazonaws.com/"),
            (Some("us-east-1"), "https://sts.us-east-1.amazonaws.com/"),
            (Some("eu-west-1"), "https://sts.eu-west-1.amazonaws.com/"),
            (
                Some("cn-north-1"),
                "https://sts.cn-north-1.amazonaws.com.cn/",
            ),
            (
                Some("us-gov-west-1"),
                "https://sts.us-gov-west-1.amazonaws.com/",
            ),
        ] {
            assert_eq!(endpoint(region).await.as_deref(), Some(url), "{region:?}");
        }
    }
}
