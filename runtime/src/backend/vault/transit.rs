//! References that are ciphertext of the engine `transit`: all of them are decrypted in one
//! request, while the paths are read.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join;
use http::Method;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::client::Call;
use super::read::{Answer, Reader};
use super::reply::Reply;
use super::{VaultError, encoded};
use crate::backend::{Document, Request, Version};
use crate::ciphertext::{is_ciphertext, lacks_mark, shown};
use crate::secret::SecretValue;

/// The key that decrypts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transit {
    pub(super) key: String,
    pub(super) mount: String,
}

#[derive(Serialize)]
struct Sent<'a> {
    batch_input: Vec<Input<'a>>,
}

#[derive(Serialize)]
struct Input<'a> {
    ciphertext: &'a str,
}

#[derive(Deserialize)]
struct Batch<'a> {
    #[serde(borrow)]
    batch_results: Vec<Output<'a>>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow, default)]
    plaintext: Cow<'a, str>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
}

impl Transit {
    /// As policies name it.
    pub(super) fn api_path(&self) -> String {
        format!("{}/decrypt/{}", self.mount, self.key)
    }
}

/// One answer per request, in order: what is ciphertext is decrypted, and all else is read.
pub(super) async fn read(
    reader: &Reader<'_>,
    requests: &[Request],
) -> Result<Vec<Answer>, VaultError> {
    let is_for_us = |request: &Request| is_ciphertext(&request.path) || lacks_mark(&request.path);
    let (ours, paths): (Vec<_>, Vec<_>) = requests.iter().cloned().partition(is_for_us);
    if ours.is_empty() {
        return reader.read(requests).await;
    }
    let (decrypted, read) = join(decrypt(reader, &ours), reader.read(&paths)).await;
    let (mut decrypted, mut read) = (decrypted.into_iter(), read?.into_iter());
    let answers = requests
        .iter()
        .filter_map(|request| match is_for_us(request) {
            true => decrypted.next(),
            false => read.next(),
        });
    Ok(answers.collect())
}

async fn decrypt(reader: &Reader<'_>, requests: &[Request]) -> Vec<Answer> {
    let ciphertexts = requests.iter().filter_map(|request| wanted(request).ok()?);
    let ciphertexts: Vec<_> = ciphertexts.collect();
    let outputs = match &reader.place.transit {
        Some(transit) if !ciphertexts.is_empty() => asked(reader, transit, &ciphertexts).await,
        Some(_) => Ok(Vec::new()),
        None => Err(VaultError::NoTransit),
    };
    let (mut outputs, failed) = match outputs {
        Ok(outputs) => (outputs.into_iter(), None),
        Err(error) => (Vec::new().into_iter(), Some(error)),
    };
    let answer = |request| match (wanted(request)?, &failed) {
        (Some(_), Some(error)) => Err(error.clone()),
        (Some(_), None) => outputs.next().expect("as many outputs as ciphertexts"),
        (None, _) => Ok(None),
    };
    requests.iter().map(answer).map(Answer::from).collect()
}

/// The ciphertext of a request; `None` if it asks for the version before, which there never is.
fn wanted(request: &Request) -> Result<Option<&str>, VaultError> {
    match &request.version {
        _ if !is_ciphertext(&request.path) => Err(VaultError::NoMark),
        Some(Version::Named(_)) => Err(VaultError::NoVersions {
            path: shown(&request.path).into_owned(),
        }),
        Some(Version::Previous) => Ok(None),
        None => Ok(Some(&request.path)),
    }
}

/// What a ciphertext stands for.
type Decrypted = Result<Option<Document>, VaultError>;

/// One output per ciphertext, in order.
async fn asked(
    reader: &Reader<'_>,
    transit: &Transit,
    ciphertexts: &[&str],
) -> Result<Vec<Decrypted>, VaultError> {
    let path = transit.api_path();
    let inputs = ciphertexts.iter().map(|ciphertext| Input { ciphertext });
    let batch_input = inputs.collect();
    let body = serde_json::to_vec(&Sent { batch_input }).expect("texts are JSON");
    let call = Call {
        method: Method::POST,
        url: &format!("/v1/{}", encoded(&path)),
        path: &path,
        token: Some(&reader.session.token),
        body: Some(Zeroizing::new(body)),
        once: true,
    };
    let reply = reader.client.send(&call).await?;
    // Where all fail, the status is that of an error.
    let answer = reply.answer().and_then(|answer| answer.data);
    let batch = answer.and_then(|data| serde_json::from_str::<Batch<'_>>(data.get()).ok());
    let batch = batch.filter(|_| matches!(reply.status, 200 | 400));
    let Some(Batch {
        batch_results: outputs,
    }) = batch
    else {
        // Vault answers the same where it does not know the token: any that is one may ask this.
        if reply.status == 403 {
            reader.mounts().await?;
        }
        return Err(refusal(reader, transit, &reply));
    };
    if outputs.len() != ciphertexts.len() {
        return Err(VaultError::NoAnswer { path });
    }
    let outputs = ciphertexts.iter().zip(&outputs);
    let outputs = outputs.map(|(ciphertext, output)| output.decrypted(ciphertext, transit));
    Ok(outputs.collect())
}

fn refusal(reader: &Reader<'_>, transit: &Transit, reply: &Reply) -> VaultError {
    let path = transit.api_path();
    match reply.status {
        403 => VaultError::Denied {
            path,
            capability: "update",
            namespace: reader.place.namespace.clone(),
        },
        404 if reply.says("namespace") => reader.client.no_namespace(),
        404 => VaultError::NoMount { path },
        400 if reply.says("key not found") => VaultError::NoKey {
            key: transit.key.clone(),
            mount: transit.mount.clone(),
        },
        _ if !reply.is_error_of_vault() => VaultError::NoAnswer { path },
        status => VaultError::Refused { path, status },
    }
}

impl Output<'_> {
    fn decrypted(&self, ciphertext: &str, transit: &Transit) -> Decrypted {
        let error = self.error.as_deref().filter(|error| !error.is_empty());
        let plaintext = match error {
            Some(error) => Err(fault(error)),
            None => decoded(&self.plaintext).ok_or("what it answers is no base64"),
        };
        match plaintext {
            Ok(plaintext) if plaintext.expose().is_empty() => Ok(None),
            Ok(plaintext) => Ok(Some(Document::plain(plaintext))),
            Err(fault) => Err(VaultError::NotDecrypted {
                ciphertext: shown(ciphertext).into_owned(),
                key: transit.key.clone(),
                mount: transit.mount.clone(),
                fault,
            }),
        }
    }
}

/// What an error of Vault means.
fn fault(error: &str) -> &'static str {
    let faults = [
        ("authentication failed", "it is of another key, or damaged"),
        ("too old", "its version of the key may no longer decrypt"),
        ("too new", "the key has no such version"),
        ("invalid ciphertext", "it is damaged"),
        ("context", "the key is a derived one, which needs a context"),
        ("not supported", "keys of this type decrypt nothing"),
    ];
    let found = faults.iter().find(|(words, _)| error.contains(words));
    found.map_or(
        "it does not say why in words that are known here",
        |found| found.1,
    )
}

fn decoded(text: &str) -> Option<SecretValue> {
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    Some(SecretValue::copy_of(&bytes[..length]))
}
