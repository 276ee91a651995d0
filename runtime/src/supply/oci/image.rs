//! The document that a digest names: which layers are the component and its signature.
//!
//! It is read after its bytes were held against the digest, and is still no friend's: whoever
//! wrote the digest into a manifest may have been careless.

use serde::Deserialize;

use super::address::Sha256Digest;
use super::error::{Item, OciError, Shape};

/// The types of documents that name layers.
const MANIFESTS: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The types of documents that name such documents.
const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// The types under which components are pushed: by the OCI artifact guidance for Wasm, and by
/// tools that are older than it.
const COMPONENTS: [&str; 3] = [
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];

/// The type of the layer that holds the text of a `.minisig` file.
pub const SIGNATURE_LAYER: &str = "application/vnd.secret-run.minisign";

/// What to ask a registry for. Indexes are refused, but asked for all the same: to a client that
/// does not name them, registries say that there is nothing.
pub(super) fn accept() -> String {
    [MANIFESTS, INDEXES].concat().join(", ")
}

/// A blob of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub(super) digest: Sha256Digest,
    pub(super) size: u64,
}

/// What of an image is used.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) component: Blob,
    pub(super) signature: Option<Blob>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u64,
    media_type: Option<String>,
    manifests: Option<serde::de::IgnoredAny>,
    layers: Option<Vec<Layer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
    size: u64,
}

impl Image {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, OciError> {
        let wrong = OciError::NotAComponent;
        let document: Document =
            serde_json::from_slice(bytes).map_err(|_| wrong(Shape::Manifest))?;
        let media_type = document.media_type.as_deref();
        if document.manifests.is_some() || media_type.is_some_and(|name| INDEXES.contains(&name)) {
            return Err(wrong(Shape::Index));
        }
        // OCI lets the type be left out.
        let known = media_type.is_none_or(|name| MANIFESTS.contains(&name));
        let layers = document
            .layers
            .filter(|_| known && document.schema_version == 2);
        let layers = layers.ok_or(wrong(Shape::Manifest))?;

        let component = single(&layers, &COMPONENTS, Shape::SeveralComponents)?;
        let signature = single(&layers, &[SIGNATURE_LAYER], Shape::SeveralSignatures)?;
        Ok(Self {
            component: component.ok_or(wrong(Shape::NoComponent))?.blob()?,
            signature: signature.map(Layer::blob).transpose()?,
        })
    }

    /// Refuses what is too large before anything of it is asked for.
    pub(super) fn check_sizes(&self, component: u64, signature: u64) -> Result<(), OciError> {
        let too_large = |item, limit| Err(OciError::TooLarge { item, limit });
        if self.component.size > component {
            return too_large(Item::Component, component);
        }
        match &self.signature {
            Some(blob) if blob.size > signature => too_large(Item::Signature, signature),
            _ => Ok(()),
        }
    }
}

impl Layer {
    fn blob(&self) -> Result<Blob, OciError> {
        let digest = Sha256Digest::parse(&self.digest);
        let digest = digest.ok_or(OciError::NotAComponent(Shape::Layer))?;
        Ok(Blob {
            digest,
            size: self.size,
        })
    }
}

/// The layer of one of these types. Of two, nobody can say which was meant.
fn single<'a>(
    layers: &'a [Layer],
    types: &[&str],
    several: Shape,
) -> Result<Option<&'a Layer>, OciError> {
    let mut found = layers
        .iter()
        .filter(|layer| types.contains(&layer.media_type.as_str()));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(OciError::NotAComponent(several)),
        (first, None) => Ok(first),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    fn layer(media_type: &str, digit: char) -> String {
        let digits = String::from(digit).repeat(64);
        format!(r#"{{"mediaType":"{media_type}","digest":"sha256:{digits}","size":7}}"#)
    }

    fn image(layers: &[String]) -> Result<Image, OciError> {
        let layers = layers.join(",");
        let config = layer("application/vnd.wasm.config.v0+json", 'c');
        let text = format!(r#"{{"schemaVersion":2,"config":{config},"layers":[{layers}]}}"#);
        Image::parse(text.as_bytes())
    }

    #[test]
    fn each_type_of_component_is_found_among_other_layers() {
        for media_type in COMPONENTS {
            let other = layer("application/vnd.oci.image.layer.v1.tar+gzip", 'a');
            let image = image(&[other, layer(media_type, 'b')]).unwrap();
            assert_eq!(image.component.digest.hex(), "b".repeat(64));
            assert_eq!(image.component.size, 7);
            assert_eq!(image.signature, None);
        }
    }

    #[test]
    fn the_signature_is_a_layer_of_its_own() {
        let layers = [layer(SIGNATURE_LAYER, 'a'), layer(COMPONENTS[0], 'b')];
        let signature = image(&layers).unwrap().signature.unwrap();
        assert_eq!(signature.digest.hex(), "a".repeat(64));
    }

    #[test]
    fn what_has_not_one_component_is_refused() {
        let component = || layer(COMPONENTS[0], 'b');
        let signature = || layer(SIGNATURE_LAYER, 'a');
        let other_digest = component().replace("sha256", "sha512");
        for (layers, shape) in [
            (vec![], Shape::NoComponent),
            (vec![signature()], Shape::NoComponent),
            (
                vec![component(), layer(COMPONENTS[1], 'c')],
                Shape::SeveralComponents,
            ),
            (
                vec![component(), signature(), signature()],
                Shape::SeveralSignatures,
            ),
            (vec![other_digest], Shape::Layer),
        ] {
            assert_eq!(
                image(&layers),
                Err(OciError::NotAComponent(shape)),
                "{layers:?}"
            );
        }
    }

    #[test]
    fn an_index_is_told_from_other_documents() {
        let index = r#"{"schemaVersion":2,"manifests":[]}"#.to_owned();
        let typed = format!(r#"{{"schemaVersion":2,"mediaType":"{}"}}"#, INDEXES[1]);
        for (text, shape) in [
            (index, Shape::Index),
            (typed, Shape::Index),
            (
                r#"{"schemaVersion":1,"layers":[]}"#.to_owned(),
                Shape::Manifest,
            ),
            (r#"{"schemaVersion":2}"#.to_owned(), Shape::Manifest),
            (
                r#"{"schemaVersion":2,"mediaType":"text/html","layers":[]}"#.to_owned(),
                Shape::Manifest,
            ),
            (
                r#"{"schemaVersion":2,"layers":[{"size":-1}]}"#.to_owned(),
                Shape::Manifest,
            ),
            ("[".repeat(100_000), Shape::Manifest),
            ("<html>".to_owned(), Shape::Manifest),
            (String::new(), Shape::Manifest),
        ] {
            let refused = Image::parse(text.as_bytes());
            assert_eq!(refused, Err(OciError::NotAComponent(shape)));
        }
    }

    #[test]
    fn a_layer_that_is_too_large_is_refused_by_its_size() {
        let layers = [layer(SIGNATURE_LAYER, 'a'), layer(COMPONENTS[0], 'b')];
        let image = image(&layers).unwrap();
        assert_eq!(image.check_sizes(7, 7), Ok(()));
        let too_large = |item| Err(OciError::TooLarge { item, limit: 6 });
        assert_eq!(image.check_sizes(6, 7), too_large(Item::Component));
        assert_eq!(image.check_sizes(7, 6), too_large(Item::Signature));
    }
}
