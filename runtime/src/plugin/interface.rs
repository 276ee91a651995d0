//! The names under which plugins export, and those of what they are lent.
//!
//! Version and all: what speaks another version is no plugin to us.

/// What a validator exports.
pub(crate) const VALIDATION: &str = "secret-run:plugin/validation@0.1.0";

/// What a backend exports.
pub(crate) const BACKEND: &str = "secret-run:plugin/backend@0.1.0";
/// What a backend that can write exports, too.
pub(crate) const WRITER: &str = "secret-run:plugin/backend-writer@0.1.0";
/// Lends the settings of the manifest.
pub(crate) const SETTINGS: &str = "secret-run:plugin/settings@0.1.0";
/// Lends requests to granted origins.
pub(crate) const HTTP: &str = "secret-run:plugin/http@0.1.0";
/// Lends the debug log.
pub(crate) const LOG: &str = "secret-run:plugin/log@0.1.0";
