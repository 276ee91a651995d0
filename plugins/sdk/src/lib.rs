//! Write plugins for `secret-run` in Rust: validators, which judge values, and backends, which
//! secrets come from.
//!
//! # A validator
//!
//! A validator is a type that implements [`Validator`]: a name, a list of violations with their
//! texts, and a function from bytes to a verdict. [`export!`] turns a list of validators into a
//! component of the world `secret-run:plugin/validator`.
//!
//! ```
//! use secret_run_sdk::{Parameter, ParameterSpec, Parameters, Rule, Validator, violations};
//!
//! /// A licence key: groups of four digits, joined by `-`.
//! struct LicenceKey;
//!
//! violations! {
//!     /// What can be wrong with a licence key.
//!     enum LicenceViolation {
//!         Groups => "groups",
//!             "does not have the number of groups that `groups` asks for",
//!             "Copy the whole key, with all its groups.";
//!         Digits => "digits",
//!             "has a group that is not four digits",
//!             "Copy the key as the vendor shows it: 0000-0000-0000.";
//!     }
//! }
//!
//! const GROUPS: Parameter<i64> = Parameter::new("groups", "How many groups the key has (3).");
//!
//! impl Validator for LicenceKey {
//!     const NAME: &'static str = "licence-key";
//!     const SUMMARY: &'static str = "A licence key: groups of four digits, joined by `-`.";
//!     const PARAMETERS: &'static [ParameterSpec] = &[GROUPS.spec()];
//!     type Violation = LicenceViolation;
//!
//!     fn validate(parameters: &Parameters, value: &[u8]) -> Result<(), LicenceViolation> {
//!         let groups: Vec<_> = value.split(|byte| *byte == b'-').collect();
//!         if groups.len() as i64 != parameters.get(GROUPS).unwrap_or(3) {
//!             return Err(LicenceViolation::Groups);
//!         }
//!         let four_digits = |group: &&[u8]| group.len() == 4 && group.iter().all(u8::is_ascii_digit);
//!         if !groups.iter().all(four_digits) {
//!             return Err(LicenceViolation::Digits);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! /// All rules of this component.
//! pub static RULES: &[Rule] = &[Rule::of::<LicenceKey>()];
//! secret_run_sdk::export!(RULES);
//!
//! // The same code runs natively, so a unit test needs no WebAssembly.
//! let none = Parameters::default();
//! assert_eq!(LicenceKey::validate(&none, b"0123-4567-8901"), Ok(()));
//! assert_eq!(LicenceKey::validate(&none, b"0123-4567"), Err(LicenceViolation::Groups));
//! ```
//!
//! # A backend
//!
//! A backend is a type that implements [`Backend`]: what it is and needs, and a function from
//! references to documents. [`export_backend!`] turns it into a component; for one that writes, too,
//! there is the crate `secret-run-sdk-writer`. The launcher sends its
//! requests and adds the credentials, which the backend never sees.
//!
//! ```
//! use secret_run_sdk::testing::FakeHost;
//! use secret_run_sdk::{
//!     About, Backend, Document, Error, Host, OriginSpec, Reference, Request, Response,
//!     SettingSpec, bearer_token, encoding, fetch_distinct,
//! };
//!
//! /// Notes: one text at each path.
//! struct Notes;
//!
//! impl Backend for Notes {
//!     fn about() -> About {
//!         About::new("Notes on example.com")
//!             .setting(SettingSpec::required("notebook", "the notebook to read"))
//!             .origin(OriginSpec::required("https://notes.example.com", "to read notes"))
//!     }
//!
//!     fn fetch(host: &impl Host, references: &[Reference]) -> Vec<Result<Document, Error>> {
//!         let notebook = host.setting("notebook").unwrap_or_default();
//!         fetch_distinct(
//!             host,
//!             references,
//!             |reference| {
//!                 let path = encoding::path(reference.without_version()?)?;
//!                 let url = format!("https://notes.example.com/{path}");
//!                 Ok(Request::get(url).query("notebook", &notebook))
//!             },
//!             |response| Ok(response.success()?.body.clone()),
//!             |_, body| Ok(Document::new(body.clone())),
//!         )
//!     }
//! }
//! secret_run_sdk::export_backend!(Notes);
//!
//! // A unit test needs neither WebAssembly nor a server.
//! let host = FakeHost::of::<Notes>().with_setting("notebook", "work");
//! let url = "https://notes.example.com/api/key?notebook=work";
//! host.answer("GET", url, Response::new(200, "dummy"));
//! let answers = Notes::fetch(&host, &[Reference::new("api/key"), Reference::new("..")]);
//! assert_eq!(answers[0], Ok(Document::new("dummy")));
//! assert!(matches!(answers[1], Err(Error::InvalidReference(_))));
//! ```
//!
//! # Building
//!
//! Build either with `crate-type = ["cdylib"]` for `wasm32-unknown-unknown`, then make a component
//! of the result with `wasm-tools component new` or the `wit-component` crate. It imports what its
//! code uses: a backend that never calls [`Host::log`] does not import the log.
//!
//! # What a plugin cannot do
//!
//! A backend has its settings, requests to granted origins, and a log. It has no clock, files or
//! environment. Its texts are shown to people after the launcher has cleaned them: say what
//! happened, never what the server sent.
//!
//! A validator imports nothing, so it has no clock, files, network, or log. And it answers with a
//! variant of its own violations, whose texts are constants: no value can get into a message,
//! whatever the validator does.

mod backend;
mod parameter;
mod rule;
pub mod testing;
mod validator;
mod violation;
#[doc(hidden)]
pub mod wire;

pub use backend::{
    About, Backend, Document, Error, Header, Host, HttpError, Level, OriginSpec, Outage, Reference,
    Request, Response, SettingSpec, bearer_token, encoding, fetch_distinct, member, send_distinct,
    text_member,
};
pub use parameter::{Kind, Parameter, ParameterSpec, Parameters, Type, Value};
pub use rule::Rule;
pub use validator::Validator;
pub use violation::{Violation, ViolationText};

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "validator",
        path: "../../wit",
        pub_export_macro: true,
        export_macro_name: "export_validator",
        default_bindings_module: "secret_run_sdk::bindings",
    });
}

#[doc(hidden)]
pub mod backend_bindings {
    wit_bindgen::generate!({
        world: "backend-only",
        path: "../../wit",
        pub_export_macro: true,
        export_macro_name: "export_backend_only",
        default_bindings_module: "secret_run_sdk::backend_bindings",
    });
}

#[doc(hidden)]
pub mod component;

/// Exports a static list of rules ([`&[Rule]`](Rule)) as a component.
///
/// Does nothing on targets other than WebAssembly, where the crate is an ordinary library under
/// test. Use it once in the crate that has `crate-type = ["cdylib"]`.
#[macro_export]
macro_rules! export {
    ($rules:path) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;
            impl $crate::component::Rules for Component {
                fn rules() -> &'static [$crate::Rule] {
                    $rules
                }
            }
    $crate::bindings::export_validator!(Component with_types_in $crate::bindings);
        };
    };
}

/// Exports a type that implements [`Backend`] as a component.
///
/// Does nothing on targets other than WebAssembly, where the crate is an ordinary library under
/// test. Use it once in the crate that has `crate-type = ["cdylib"]`.
#[macro_export]
macro_rules! export_backend {
    ($backend:path) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $backend as Component;
            $crate::backend_bindings::export_backend_only!(
                Component with_types_in $crate::backend_bindings
            );
        };
    };
}
