//! What a server wants to see before it answers: the header `WWW-Authenticate`.
//!
//! Its parts steer where credentials go, so a header that is not understood to its end counts
//! as none.

use hyper::header::{HeaderMap, WWW_AUTHENTICATE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The longest header that is read.
const LENGTH: usize = 8 * 1024;

/// What stands in a query as it is: what RFC 3986 calls unreserved.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a registry wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token from the service at `realm`.
    Bearer {
        realm: String,
        service: Option<String>,
        scope: Option<String>,
    },
    /// User and password.
    Basic,
}

impl Challenge {
    /// What the headers of an answer ask for. A token, where a server takes both: it allows less.
    pub(super) fn find(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let mut challenges: Vec<_> = values
            .filter(|value| value.len() <= LENGTH)
            .filter_map(parse)
            .flatten()
            .collect();
        // Stable: false before true.
        challenges.sort_by_key(|challenge| *challenge == Self::Basic);
        challenges.into_iter().next()
    }
}

/// The URL that a token is asked for at: the realm, with the service and a scope that allows
/// pulling from `repository` and nothing else.
pub(super) fn token_url(
    realm: &str,
    service: Option<&str>,
    scope: Option<&str>,
    repository: &str,
) -> String {
    let realm = realm.split('#').next().unwrap_or_default();
    let mut url = realm.to_owned();
    let mut push = |name: &str, value: &str| {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(name);
        url.push('=');
        url.extend(utf8_percent_encode(value, QUERY));
    };
    if let Some(service) = service {
        push("service", service);
    }
    match scope.filter(|scope| only_pulls(scope)) {
        Some(scope) => push("scope", scope),
        None => push("scope", &format!("repository:{repository}:pull")),
    }
    url
}

/// Whether a scope asks for nothing but to pull. A registry that asks for more would be handed a
/// token with which it could push in the user's name.
fn only_pulls(scope: &str) -> bool {
    let is_pull = |part: &str| {
        let mut parts = part.splitn(2, ':');
        let kind = parts.next();
        let action = parts.next().and_then(|rest| rest.rsplit_once(':'));
        kind == Some("repository") && action.is_some_and(|(_, action)| action == "pull")
    };
    !scope.is_empty() && scope.split(' ').all(is_pull)
}

/// The challenges in a header; `None` if it is malformed. Those of unknown schemes are left out.
fn parse(header: &str) -> Option<Vec<Challenge>> {
    let mut rest = header.trim_start();
    let mut challenges = Vec::new();
    while !rest.is_empty() {
        let scheme;
        (scheme, rest) = token(rest)?;
        let mut parameters = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let Some((parameter, after)) = parameter(rest)? else {
                break;
            };
            parameters.push(parameter);
            rest = after;
        }
        let mut take = |name: &str| {
            let position = parameters
                .iter()
                .position(|(key, _)| key.eq_ignore_ascii_case(name))?;
            Some(parameters.swap_remove(position).1)
        };
        if scheme.eq_ignore_ascii_case("bearer") {
            let (realm, service, scope) = (take("realm")?, take("service"), take("scope"));
            challenges.push(Challenge::Bearer {
                realm,
                service,
                scope,
            });
        } else if scheme.eq_ignore_ascii_case("basic") {
            challenges.push(Challenge::Basic);
        }
    }
    Some(challenges)
}

/// `name=value`, and what stands after it. `Some(None)` where none begins: at the end, or at
/// the next scheme.
fn parameter(text: &str) -> Option<Option<((&str, String), &str)>> {
    let Some((name, rest)) = token(text) else {
        return if text.is_empty() { Some(None) } else { None };
    };
    let Some(rest) = rest.trim_start().strip_prefix('=') else {
        return Some(None);
    };
    let rest = rest.trim_start();
    let (value, rest) = match rest.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => token(rest).map(|(value, rest)| (value.to_owned(), rest))?,
    };
    Some(Some(((name, value), rest)))
}

/// The word at the beginning, and what stands after it.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text.bytes().take_while(|byte| is_token(*byte)).count();
    (end > 0).then(|| text.split_at(end))
}

/// What stands before the closing quote, and what after it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn find(headers: &[&str]) -> Option<Challenge> {
        let values = headers
            .iter()
            .map(|text| (WWW_AUTHENTICATE, text.parse().unwrap()));
        Challenge::find(&values.collect())
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        })
    }

    #[test]
    fn realm_service_and_scope_are_read() {
        let header = r#"Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:team/rules:pull""#;
        let service = Some("registry.example.com");
        let scope = Some("repository:team/rules:pull");
        assert_eq!(
            find(&[header]),
            bearer("https://auth.example.com/token", service, scope)
        );
        let spaced = header.replace(',', " , ").replace('=', " = ");
        assert_eq!(
            find(&[&spaced]),
            bearer("https://auth.example.com/token", service, scope)
        );
    }

    #[test]
    fn quotes_and_commas_in_a_value_are_of_the_value() {
        let header = r#"bearer Realm="https://a.example.com/?x=\"1,2\\", error=invalid_token"#;
        assert_eq!(
            find(&[header]),
            bearer(r#"https://a.example.com/?x="1,2\"#, None, None)
        );
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let both = r#"Basic realm="x", Negotiate, Bearer realm="https://a.example.com""#;
        assert_eq!(find(&[both]), bearer("https://a.example.com", None, None));
        let apart = [
            r#"Basic realm="x""#,
            r#"Bearer realm="https://a.example.com""#,
        ];
        assert_eq!(find(&apart), bearer("https://a.example.com", None, None));
        assert_eq!(find(&["Basic"]), Some(Challenge::Basic));
    }

    #[test]
    fn a_header_that_is_not_understood_counts_as_none() {
        let long = format!(r#"Bearer realm="{}""#, "a".repeat(LENGTH));
        for header in [
            "",
            "Negotiate",
            "Bearer",
            r#"Bearer realm="https://a.example.com"#,
            r#"Bearer realm="a\"#,
            "Bearer realm=",
            r#"Bearer realm="a"; x"#,
            "\"",
            "=",
            &long,
        ] {
            assert_eq!(find(&[header]), None, "{header}");
        }
    }

    #[test]
    fn a_token_is_asked_for_by_the_registrys_scope_when_that_only_pulls() {
        let url = |scope| token_url("https://a.example.com/t", Some("a b&c"), scope, "rules");
        let start = "https://a.example.com/t?service=a%20b%26c&scope=";
        let mapped = "repository%3Amapped%2Frules%3Apull";
        let own = "repository%3Arules%3Apull";
        for (scope, asked) in [
            (Some("repository:mapped/rules:pull"), mapped),
            (None, own),
            (Some(""), own),
            (Some("repository:mapped/rules:pull,push"), own),
            (Some("repository:a:pull repository:b:push"), own),
            (Some("repository:a:*"), own),
            (Some("registry:catalog:pull"), own),
            (Some("repository:pull"), own),
        ] {
            assert_eq!(url(scope), format!("{start}{asked}"), "{scope:?}");
        }
    }

    #[test]
    fn a_realm_may_have_a_query_of_its_own() {
        let url = token_url("https://a.example.com/t?x=y#z", None, None, "rules");
        assert_eq!(
            url,
            "https://a.example.com/t?x=y&scope=repository%3Arules%3Apull"
        );
    }
}
