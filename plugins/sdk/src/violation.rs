//! The ways in which a value can fail a rule.

/// The texts of a violation, known before any value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViolationText {
    /// Stable token: lower-case words joined by `-`, unique within the rule.
    pub code: &'static str,
    /// What is wrong, as a fragment that completes "the value ...".
    pub message: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

/// A closed set of violations. [`violations!`](crate::violations) implements it.
pub trait Violation: Copy + 'static {
    /// The texts of every member.
    fn all() -> Vec<ViolationText>;

    /// The texts of this member.
    fn text(self) -> ViolationText;
}

/// Defines an enum of violations together with their texts.
///
/// Each line is `Variant => code, message, hint;`. An enum may include others, so that checks
/// that many rules share are written once: with `enum MyViolation: Blemish` there is a variant
/// `MyViolation::Blemish(Blemish)`, a `From<Blemish>` for `?`, and the codes of `Blemish` are
/// among those of `MyViolation`.
///
/// ```
/// use secret_run_sdk::{Violation, violations};
///
/// violations! {
///     /// What is wrong with any text.
///     pub enum Blemish {
///         Empty => "empty", "is empty", "Set a value.";
///     }
/// }
/// violations! {
///     /// What is wrong with a colour.
///     pub enum ColourViolation: Blemish {
///         Unknown => "unknown", "is not a colour", "Use red, green, or blue.";
///     }
/// }
///
/// let codes: Vec<_> = ColourViolation::all().iter().map(|text| text.code).collect();
/// assert_eq!(codes, ["empty", "unknown"]);
/// assert_eq!(ColourViolation::from(Blemish::Empty).text().message, "is empty");
/// ```
#[macro_export]
macro_rules! violations {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident $(: $($included:ident),+)? {
            $($variant:ident => $code:literal, $message:literal, $hint:literal;)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $($(
                #[doc = concat!("One of [`", stringify!($included), "`].")]
                $included($included),
            )+)?
            $(
                #[doc = concat!("The value ", $message, ".")]
                $variant,
            )*
        }

        impl $crate::Violation for $name {
            fn all() -> ::std::vec::Vec<$crate::ViolationText> {
                let mut all = ::std::vec::Vec::new();
                $($(all.extend(<$included as $crate::Violation>::all());)+)?
                let own: &[$crate::ViolationText] = &[
                    $($crate::ViolationText { code: $code, message: $message, hint: $hint },)*
                ];
                all.extend_from_slice(own);
                all
            }

            fn text(self) -> $crate::ViolationText {
                match self {
                    $($($name::$included(inner) => $crate::Violation::text(inner),)+)?
                    $($name::$variant => $crate::ViolationText {
                        code: $code,
                        message: $message,
                        hint: $hint,
                    },)*
                }
            }
        }

        $($(
            impl ::std::convert::From<$included> for $name {
                fn from(violation: $included) -> Self {
                    $name::$included(violation)
                }
            }
        )+)?
    };
}
