//! The contract of backends, as checks that each of them has to pass: those that are built in,
//! those in WebAssembly, and those that are yet to come.
//!
//! A [`Source`] is a backend with the place that its documents come from, where a test can put
//! some and take the place away. [`contract!`](crate::contract!) makes of one a module with a
//! test for each check; `tests/contract/` has the sources, and the proof that a backend which
//! breaks the contract is found out.
//!
//! No check is passed over for want of something: what a source cannot express, it says, and
//! the check then asserts that.
//!
//! The conformance checks of [`secret_runtime::plugin::conformance`] are for one component and
//! whoever writes it: they know WebAssembly, and documents that somebody else has put there.

mod answers;
mod asking;
mod contents;
mod faults;
mod hostile;

use secret_runtime::backend::Backend;

pub use answers::{
    a_call_that_is_given_up_leaves_nothing_behind, a_path_asked_for_twice_is_answered_twice,
    batches_of_any_size_are_answered, each_request_has_its_own_answer_in_order,
    repeated_calls_answer_the_same, two_calls_at_once_do_not_disturb_each_other,
    what_is_not_there_is_absent,
};
pub use contents::{
    a_document_of_64_kib_comes_whole, a_document_over_the_limit_is_refused, empty_bytes_are_absent,
    every_byte_that_it_holds_survives,
};
pub use faults::{
    an_outage_is_an_error_and_never_absent, an_unreadable_document_does_not_spoil_the_others,
};
pub use hostile::{a_version_is_that_version_or_refused, paths_that_nobody_writes_lead_nowhere};

/// A backend, and the place that its documents come from.
pub trait Source {
    /// The backend, which lasts as long as the source.
    fn backend(&self) -> &dyn Backend;

    /// A path of this backend for a name of lower-case letters, digits and `-`. Other names have
    /// other paths.
    fn path(&self, name: &str) -> String;

    /// Puts a document there, in place of one that is there. Answers the version that the
    /// backend will tell of it, if it tells any.
    fn put(&mut self, path: &str, bytes: &[u8]) -> Option<String>;

    /// The bytes that a document may hold, in any order. The last of them is no line end, which
    /// backends of files drop.
    fn bytes(&self) -> Vec<u8> {
        (0..=u8::MAX).collect()
    }

    /// How many bytes a document may have at most; `None` if the backend sets no limit.
    fn limit(&self) -> Option<usize>;

    /// Whether older versions can be asked for.
    fn keeps_versions(&self) -> bool {
        false
    }

    /// Answers a path of which the backend can't find out what is there, while it can of others.
    fn unreadable(&mut self, name: &str) -> String;

    /// Takes the place away, so that nothing can be found out any more.
    fn fail(&mut self);

    /// Puts the place back, with all that it held.
    fn recover(&mut self);
}

/// Makes a module of this name with a test for each check. The expression makes a [`Source`],
/// anew for each.
#[macro_export]
macro_rules! contract {
    ($name:ident, $source:expr) => {
        $crate::contract! { @checks $name, $source,
            each_request_has_its_own_answer_in_order,
            batches_of_any_size_are_answered,
            a_path_asked_for_twice_is_answered_twice,
            what_is_not_there_is_absent,
            repeated_calls_answer_the_same,
            two_calls_at_once_do_not_disturb_each_other,
            a_call_that_is_given_up_leaves_nothing_behind,
            empty_bytes_are_absent,
            every_byte_that_it_holds_survives,
            a_document_of_64_kib_comes_whole,
            a_document_over_the_limit_is_refused,
            an_outage_is_an_error_and_never_absent,
            an_unreadable_document_does_not_spoil_the_others,
            a_version_is_that_version_or_refused,
            paths_that_nobody_writes_lead_nowhere,
        }
    };
    (@checks $name:ident, $source:expr, $($check:ident,)+) => {
        mod $name {
            use super::*;

            $(
                #[test]
                fn $check() {
                    $crate::contract::$check(&mut $source);
                }
            )+
        }
    };
}
