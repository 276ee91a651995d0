//! `secret-run`: reads what an app declares it needs, and becomes the app.

use std::process::ExitCode;

fn main() -> ExitCode {
    secret_run::main(secret_runtime::judge::Judge::standard())
}
