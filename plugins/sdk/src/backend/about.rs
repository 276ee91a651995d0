//! What a backend says of itself before anything is granted.

/// What the backend is and what it needs.
///
/// ```
/// use secret_run_sdk::{About, OriginSpec, SettingSpec};
///
/// let about = About::new("Secrets of Example")
///     .setting(SettingSpec::new("address", "URL of the server").default("https://example.com"))
///     .origin(OriginSpec::required("{address}", "to read secrets"));
/// assert_eq!(about.settings[0].default.as_deref(), Some("https://example.com"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What it reads from, in one line.
    pub summary: String,
    /// The settings that it reads.
    pub settings: Vec<SettingSpec>,
    /// The origins that it sends requests to.
    pub origins: Vec<OriginSpec>,
}

impl About {
    /// A backend that needs nothing yet.
    pub fn new(summary: &str) -> Self {
        Self {
            summary: summary.to_owned(),
            settings: Vec::new(),
            origins: Vec::new(),
        }
    }

    /// The same, with one more setting.
    #[must_use]
    pub fn setting(mut self, setting: SettingSpec) -> Self {
        self.settings.push(setting);
        self
    }

    /// The same, with one more origin.
    #[must_use]
    pub fn origin(mut self, origin: OriginSpec) -> Self {
        self.origins.push(origin);
        self
    }
}

/// A setting that the backend reads from the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingSpec {
    /// Its key under `settings`: lower-case words joined by `-`.
    pub name: String,
    /// What it does, in one line.
    pub summary: String,
    /// Whether the manifest must give it.
    pub required: bool,
    /// What it is when the manifest does not give it.
    pub default: Option<String>,
}

impl SettingSpec {
    /// A setting that a manifest may leave out.
    pub fn new(name: &str, summary: &str) -> Self {
        Self {
            name: name.to_owned(),
            summary: summary.to_owned(),
            required: false,
            default: None,
        }
    }

    /// A setting that a manifest must give.
    pub fn required(name: &str, summary: &str) -> Self {
        Self {
            required: true,
            ..Self::new(name, summary)
        }
    }

    /// The same, with what it is when the manifest leaves it out.
    #[must_use]
    pub fn default(mut self, value: &str) -> Self {
        self.default = Some(value.to_owned());
        self
    }
}

/// An origin that the backend sends requests to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginSpec {
    /// `https://api.example.com`, or `{key}` for the origin of the URL in that setting.
    pub origin: String,
    /// What for, in one line: "to read secrets".
    pub purpose: String,
    /// Whether the backend is of no use without it.
    pub required: bool,
}

impl OriginSpec {
    /// An origin without which the backend is of no use.
    pub fn required(origin: &str, purpose: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            purpose: purpose.to_owned(),
            required: true,
        }
    }

    /// An origin that only some settings need.
    pub fn optional(origin: &str, purpose: &str) -> Self {
        Self {
            required: false,
            ..Self::required(origin, purpose)
        }
    }
}
