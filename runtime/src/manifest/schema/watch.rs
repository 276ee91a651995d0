//! `[watch]`.

use schemars::JsonSchema;

/// How `secret-run --watch` supervises the command.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Watch {
    /// How often values are read again, as in 15m; 1h by default.
    interval: Option<String>,
    /// The least time between two changes that reach the command, as in 1m; 30s by default.
    min_interval: Option<String>,
    /// What is done when a value has changed; restart by default.
    on_change: Option<OnChange>,
    /// How long a command that is restarted may take to stop before it is killed; 10s by default.
    stop_grace: Option<String>,
}

#[derive(JsonSchema)]
enum OnChange {
    /// The command is stopped and started.
    #[schemars(rename = "restart")]
    Restart,
    /// Files with a path are written again.
    #[schemars(rename = "rewrite")]
    Rewrite,
    /// That, and the command gets SIGHUP.
    #[schemars(rename = "signal:HUP")]
    Hup,
    /// That, and the command gets SIGINT.
    #[schemars(rename = "signal:INT")]
    Int,
    /// That, and the command gets SIGQUIT.
    #[schemars(rename = "signal:QUIT")]
    Quit,
    /// That, and the command gets SIGTERM.
    #[schemars(rename = "signal:TERM")]
    Term,
    /// That, and the command gets SIGUSR1.
    #[schemars(rename = "signal:USR1")]
    Usr1,
    /// That, and the command gets SIGUSR2.
    #[schemars(rename = "signal:USR2")]
    Usr2,
    /// That, and the command gets SIGWINCH.
    #[schemars(rename = "signal:WINCH")]
    Winch,
}
