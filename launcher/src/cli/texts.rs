//! Longer texts of the command line.

pub(super) const USAGE: &str = "secret-run [OPTIONS] -- COMMAND [ARGUMENTS]...
       secret-run [OPTIONS] SUBCOMMAND";

pub(super) const NO_COMMAND: &str =
    "no command to start: write it behind `--`, as in `secret-run -- ./api-gateway`\n";

/// Who asks for help with a word.
pub(super) const HELP: &str =
    "help is given by options: secret-run --help, or secret-run SUBCOMMAND --help";

pub(super) const AFTER_HELP: &str = "\
Exit codes: those of the command; 125 if secret-run fails before it starts, 126 if it
cannot be executed, 127 if it is not found.

Log: SECRET_RUN_LOG=debug (or RUST_LOG) says what is selected, fetched and validated, and
never a value.";

/// `--watch` beside a subcommand.
pub(super) const WATCHED_SUBCOMMAND: &str =
    "--watch is for a command: secret-run --watch -- COMMAND [ARGUMENTS]...";
