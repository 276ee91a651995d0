//! A build without the feature `otlp`: runs are not traced.

use secret_runtime::error::Problems;
use secret_runtime::plan::Plan;
use secret_runtime::resolver::Fetched;

use crate::render::Format;

pub(crate) fn begin(_: Format) {}

pub(crate) fn of_plan(_: &Plan) {}

pub(crate) fn step<T>(
    _: &'static str,
    work: impl FnOnce() -> Result<T, Problems>,
) -> Result<T, Problems> {
    work()
}

pub(crate) fn pure<T>(_: &'static str, work: impl FnOnce() -> T) -> T {
    work()
}

pub(crate) fn fetches(_: &Fetched) {}

pub(crate) fn send(_: Option<&Problems>, _: Format) {}
