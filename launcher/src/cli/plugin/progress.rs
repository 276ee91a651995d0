//! Shows on a terminal that something takes its time. Elsewhere nothing is shown.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(120);

/// Runs `work` while a spinner turns beside `doing` and the time it takes.
pub(super) fn while_working<T>(doing: String, work: impl FnOnce() -> T) -> T {
    let bar = bar(
        ProgressBar::new_spinner(),
        "{spinner} {msg} {elapsed}",
        doing,
    );
    let done = work();
    bar.finish_and_clear();
    done
}

/// Runs `work` with something to tell how many bytes are there, and of how many.
pub(super) fn while_pulling<T>(
    doing: String,
    work: impl FnOnce(&mut dyn FnMut(u64, u64)) -> T,
) -> T {
    let template = "{spinner} {msg} {bar:30} {bytes}/{total_bytes} {elapsed}";
    let bar = bar(ProgressBar::new(0), template, doing);
    let done = work(&mut |there, all| {
        bar.set_length(all);
        bar.set_position(there);
    });
    bar.finish_and_clear();
    done
}

fn bar(bar: ProgressBar, template: &str, doing: String) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        return bar;
    }
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(crate::render::clean(&doing));
    bar.enable_steady_tick(TICK);
    bar
}
