//! `jwk` and `jwt`.

use base64ct::{Base64UrlUnpadded, Encoding};
use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Validator, violations};
use serde_json::{Map, Value};

use crate::text::{self, Blemish, Unreadable};

violations! {
    /// What is wrong with a JSON Web Key.
    pub(crate) enum JwkViolation: Unreadable {
        Pem => "pem",
            "is PEM, not a JSON Web Key",
            "Convert it, or use the rule `pem-private-key`.";
        NotObject => "not-object",
            "is not a JSON object",
            "Copy the whole key, from `{` to `}`.";
        KeySet => "key-set",
            "is a set of keys (`keys`), not one key",
            "Take one key out of the set.";
        UnknownType => "unknown-type",
            "has no `kty`, or one other than `RSA`, `EC`, `OKP` and `oct`",
            "Copy the whole key, with its `kty`.";
        UnknownCurve => "unknown-curve",
            "has no `crv`, or one that its `kty` does not know",
            "Use one of P-256, P-384, P-521, secp256k1, Ed25519, Ed448, X25519 and X448.";
        PublicKey => "public-key",
            "has only the public part of the key",
            "Copy the private key (with `d`), or set `public` to true.";
        MissingMember => "missing-member",
            "lacks a member that keys of its type must have",
            "Copy the whole key: RSA needs `n` and `e`, EC needs `x` and `y`, OKP needs `x`.";
        InvalidMember => "invalid-member",
            "has a member that is not base64url, or not of the right size",
            "Export the key again; its numbers must be base64url without padding.";
    }
}

const PUBLIC: Parameter<bool> = Parameter::new(
    "public",
    "Accept a key without its private part, too (false).",
);

/// A JSON Web Key (RFC 7517, 7518, 8037) with its private part.
pub(crate) struct Jwk;

impl Validator for Jwk {
    const NAME: &'static str = "jwk";
    const SUMMARY: &'static str = "A JSON Web Key with its private part.";
    const PARAMETERS: &'static [ParameterSpec] = &[PUBLIC.spec()];
    type Violation = JwkViolation;

    fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), JwkViolation> {
        let text = text::document(value)?;
        if text.trim_start().starts_with("-----BEGIN") {
            return Err(JwkViolation::Pem);
        }
        let key: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| JwkViolation::NotObject)?;
        if key.contains_key("keys") {
            return Err(JwkViolation::KeySet);
        }
        let (public, private, size) = members(&key)?;
        for name in public {
            check_member(&key, name, size)?;
        }
        match check_member(&key, private, size) {
            Err(JwkViolation::MissingMember) if private == "k" => Err(JwkViolation::MissingMember),
            Err(JwkViolation::MissingMember) if parameters.get(PUBLIC) == Some(true) => Ok(()),
            Err(JwkViolation::MissingMember) => Err(JwkViolation::PublicKey),
            other => other,
        }
    }
}

/// Which members a key of this type has, and how many bytes each: the public ones, the private
/// one, and the size where the curve fixes it.
type Members = (&'static [&'static str], &'static str, Option<usize>);

fn members(key: &Map<String, Value>) -> Result<Members, JwkViolation> {
    let text = |name| key.get(name).and_then(Value::as_str);
    Ok(match (text("kty"), text("crv")) {
        (Some("oct"), _) => (&[], "k", None),
        (Some("RSA"), _) => (&["n", "e"], "d", None),
        (Some("EC"), Some("P-256" | "secp256k1")) => (&["x", "y"], "d", Some(32)),
        (Some("EC"), Some("P-384")) => (&["x", "y"], "d", Some(48)),
        (Some("EC"), Some("P-521")) => (&["x", "y"], "d", Some(66)),
        (Some("OKP"), Some("Ed25519" | "X25519")) => (&["x"], "d", Some(32)),
        (Some("OKP"), Some("Ed448")) => (&["x"], "d", Some(57)),
        (Some("OKP"), Some("X448")) => (&["x"], "d", Some(56)),
        (Some("EC" | "OKP"), _) => return Err(JwkViolation::UnknownCurve),
        _ => return Err(JwkViolation::UnknownType),
    })
}

fn check_member(
    key: &Map<String, Value>,
    name: &str,
    size: Option<usize>,
) -> Result<(), JwkViolation> {
    let member = key.get(name).ok_or(JwkViolation::MissingMember)?;
    let bytes = member
        .as_str()
        .and_then(|text| Base64UrlUnpadded::decode_vec(text).ok());
    match bytes {
        Some(bytes) if !bytes.is_empty() && size.is_none_or(|size| size == bytes.len()) => Ok(()),
        _ => Err(JwkViolation::InvalidMember),
    }
}

violations! {
    /// What is wrong with a JSON Web Token.
    pub(crate) enum JwtViolation: Blemish {
        Bearer => "bearer",
            "begins with `Bearer`, which is a part of the HTTP header and not of the token",
            "Remove `Bearer` and the space behind it.";
        Encrypted => "encrypted",
            "is an encrypted token (five parts), not a signed one",
            "Use a signed token, which has three parts.";
        NotJwt => "not-jwt",
            "does not have three parts with `.` between them",
            "Copy the whole token.";
        InvalidHeader => "invalid-header",
            "has a first part that is not a JSON object with `alg`, in base64url",
            "Copy the whole token, from its beginning; most begin with `ey`.";
        InvalidPayload => "invalid-payload",
            "has a second part that is not a JSON object in base64url",
            "Copy the whole token.";
        Unsigned => "unsigned",
            "has no signature",
            "Copy the whole token, to its end. Tokens with `alg` none prove nothing.";
        InvalidSignature => "invalid-signature",
            "has a signature that is not base64url",
            "Copy the whole token, to its end, and nothing more.";
    }
}

/// A signed JSON Web Token (RFC 7519). Only its form is checked: the key and the time are unknown.
pub(crate) struct Jwt;

impl Validator for Jwt {
    const NAME: &'static str = "jwt";
    const SUMMARY: &'static str =
        "A signed JSON Web Token; its signature and dates are not checked.";
    type Violation = JwtViolation;

    fn validate(_: &Parameters, value: &[u8]) -> Result<(), JwtViolation> {
        let text = text::line(value)?;
        if text
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
        {
            return Err(JwtViolation::Bearer);
        }
        let parts: Vec<_> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Err(if parts.len() == 5 {
                JwtViolation::Encrypted
            } else {
                JwtViolation::NotJwt
            });
        };
        let header = object(header).ok_or(JwtViolation::InvalidHeader)?;
        let algorithm = header
            .get("alg")
            .and_then(Value::as_str)
            .ok_or(JwtViolation::InvalidHeader)?;
        object(payload).ok_or(JwtViolation::InvalidPayload)?;
        if signature.is_empty() || algorithm.eq_ignore_ascii_case("none") {
            return Err(JwtViolation::Unsigned);
        }
        Base64UrlUnpadded::decode_vec(signature).map_err(|_| JwtViolation::InvalidSignature)?;
        Ok(())
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).ok()?).ok()
}
