//! What the parent says, without waiting for who reads it.

use secret_runtime::error::{Problem, Problems};

use super::Supervisor;
use crate::render;
use crate::watch::notice::Notice;

impl Supervisor {
    pub(in crate::watch) fn say(&mut self, notice: &Notice) {
        self.say_all(&[Problem::warning(notice, None)]);
    }

    /// Why nothing new could be read, or done.
    pub(super) fn say_problems(&mut self, problems: &Problems) {
        self.say_all(problems.as_slice());
    }

    /// Goes on with what was said before.
    pub(super) fn speak(&mut self) {
        self.outbox.carry();
        if let Some(count) = self.outbox.take_lost() {
            self.say(&Notice::NotSaid { count });
        }
    }

    fn say_all(&mut self, problems: &[Problem]) {
        let text = render::rendered(problems, self.format, render::KEEPS_RUNNING);
        self.outbox.say(&text);
    }
}
