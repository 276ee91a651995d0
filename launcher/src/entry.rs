//! Symbols that C's libraries would look for, as this program has them.
#![expect(
    unsafe_code,
    reason = "a symbol under a name that others call is a promise to them"
)]

use std::ffi::{c_char, c_int};
use std::process;

/// What C's start-up code calls, in place of the function that Rust's runtime has there.
///
/// That one reads `/proc/self/maps` to find the end of the stack, and installs handlers that tell
/// an overflow of it from other faults: more work than parsing a manifest. What else it does,
/// `secret_run::exec` has done by now: standard descriptors are open, SIGPIPE is ignored. Without
/// those handlers an overflow ends the process all the same, by SIGSEGV at the guard page of the
/// kernel.
// SAFETY: the only `main` of the program, with the type that C gives it. Panics end the process in
// their hook, so that none gets out of it.
#[unsafe(no_mangle)]
extern "C" fn main(_count: c_int, _arguments: *const *const c_char) -> c_int {
    // Not returned: standard output is flushed on this way only.
    process::exit(crate::start().into())
}

/// C's `pow`, which the SDK of AWS has for a kind of retries that is never turned on. It alone would
/// make the loader map C's library of mathematics at every start.
// SAFETY: it has the type of C's function, and answers what that one does but for the last bit.
#[cfg(feature = "aws")]
#[unsafe(no_mangle)]
extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}
