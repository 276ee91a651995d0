//! `secret-run`: reads what an app declares it needs, and becomes the app.

use std::process::ExitCode;

use secret_run::alarm;
use secret_runtime::judge::Judge;
use secret_runtime::plugin::Validator;

fn main() -> ExitCode {
    secret_run::main(Judge::new(|| {
        Validator::standard().map(|validator| validator.with_alarm(alarm::timer))
    }))
}
