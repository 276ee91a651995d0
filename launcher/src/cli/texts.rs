//! Longer texts of the command line.

pub(super) const NO_COMMAND: &str =
    "no command to start: write it behind `--`, as in `secret-run -- ./api-gateway`\n";

pub(super) const AFTER_HELP: &str = "\
Exit codes: those of the command; 125 if secret-run fails before it starts, 126 if it
cannot be executed, 127 if it is not found.

Log: SECRET_RUN_LOG=debug (or RUST_LOG) says what is selected, fetched and validated, and
never a value.";

/// `--watch` beside a subcommand.
pub(super) const WATCHED_SUBCOMMAND: &str =
    "--watch is for a command: secret-run --watch -- COMMAND [ARGUMENTS]...";
