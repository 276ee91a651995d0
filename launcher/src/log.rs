//! The debug log: what was selected, fetched and validated, and how long it took.
//!
//! Off unless `SECRET_RUN_LOG` or `RUST_LOG` is set, and then it costs what it costs. No
//! event of this program or of the runtime has a field that could hold a value.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::render::colours_wanted;

/// What a level alone turns on: this program, and no library under it.
const OURS: [&str; 2] = ["secret_run", "secret_runtime"];

/// Starts the log if a variable asks for it. `SECRET_RUN_LOG` wins over `RUST_LOG`, which
/// is often meant for the app.
pub(crate) fn start() {
    let asked = ["SECRET_RUN_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let Some(filter) = asked.and_then(|asked| targets(&asked)) else {
        return;
    };
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && colours_wanted());
    tracing_subscriber::registry()
        .with(filter)
        .with(stderr)
        .init();
}

/// `debug`, or `secret_runtime=debug,secret_run=info` and so on. What is no filter turns
/// nothing on: the variable may be meant for the app, in a syntax of its own.
fn targets(asked: &str) -> Option<Targets> {
    if let Ok(level) = asked.trim().parse::<LevelFilter>() {
        return Some(OURS.iter().fold(Targets::new(), |targets, name| {
            targets.with_target(*name, level)
        }));
    }
    Some(without_aws(&asked.parse().ok()?))
}

/// The SDK of AWS logs bodies, and in them values: nothing turns that on.
fn without_aws(asked: &Targets) -> Targets {
    let meant = asked
        .iter()
        .filter(|(target, _)| !target.starts_with("aws"));
    let targets = meant.fold(Targets::new(), |targets, (target, level)| {
        targets.with_target(target, level)
    });
    let targets = match asked.default_level() {
        Some(level) => targets.with_default(level),
        None => targets,
    };
    targets.with_target("aws_", LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use super::targets;
    use tracing::Level;

    #[test]
    fn a_level_means_this_program_and_nothing_below_it() {
        let debug = targets("debug").expect("a level");
        assert!(debug.would_enable("secret_runtime::resolver", &Level::DEBUG));
        assert!(!debug.would_enable("secret_runtime", &Level::TRACE));
        assert!(!debug.would_enable("wasmtime", &Level::ERROR));
    }

    #[test]
    fn the_sdk_of_aws_stays_silent_whatever_is_asked() {
        for asked in [
            "trace",
            "info,aws=trace",
            "aws_smithy_runtime=trace",
            "a=debug,trace",
        ] {
            let targets = targets(asked).expect("a filter");
            for target in ["aws_smithy_runtime::client", "aws_config", "aws_sdk_sts"] {
                assert!(
                    !targets.would_enable(target, &Level::ERROR),
                    "{asked} {target}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_filter_turns_nothing_on() {
        assert!(targets("app[span{field=x}]=debug,!!").is_none());
    }
}
