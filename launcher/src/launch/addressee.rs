//! Variables by which systemd says to which process it speaks.

use std::ffi::OsString;

use nix::unistd::Pid;

/// Whose sockets were opened, and whose signs of life are awaited: the number of a process.
const ADDRESSEES: [&str; 2] = ["LISTEN_PID", "WATCHDOG_PID"];
/// The same as the first by something that no other process can have.
const BY_DESCRIPTOR: &str = "LISTEN_PIDFDID";

/// Lets variables that are meant for the process `before` mean the process `now`.
pub(super) fn readdress(variables: &mut Vec<(OsString, OsString)>, before: Pid, now: Pid) {
    let (before, now) = (before.to_string(), now.to_string());
    let mut are_sockets = false;
    for (name, value) in &mut *variables {
        if ADDRESSEES.iter().any(|one| name == one) && *value == *before {
            are_sockets |= name == ADDRESSEES[0];
            *value = OsString::from(&now);
        }
    }
    if are_sockets {
        variables.retain(|(name, _)| name != BY_DESCRIPTOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readdressed(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all: Vec<(OsString, OsString)> = variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        readdress(&mut all, Pid::from_raw(70), Pid::from_raw(71));
        let text = |text: OsString| text.to_string_lossy().into_owned();
        all.into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    fn pairs(variables: &[(&str, &str)]) -> Vec<(String, String)> {
        variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn what_is_meant_for_the_process_before_is_meant_for_the_one_now() {
        let before = [
            ("A", "70"),
            ("LISTEN_PID", "70"),
            ("LISTEN_FDS", "1"),
            ("LISTEN_PIDFDID", "4711"),
            ("WATCHDOG_PID", "70"),
        ];
        let now = [
            ("A", "70"),
            ("LISTEN_PID", "71"),
            ("LISTEN_FDS", "1"),
            ("WATCHDOG_PID", "71"),
        ];
        assert_eq!(readdressed(&before), pairs(&now));
    }

    #[test]
    fn what_is_meant_for_others_is_left_alone() {
        let others = [
            ("LISTEN_PID", "7"),
            ("LISTEN_PIDFDID", "4711"),
            ("WATCHDOG_PID", "070"),
        ];
        assert_eq!(readdressed(&others), pairs(&others));
        let watchdog = [("LISTEN_PIDFDID", "4711"), ("WATCHDOG_PID", "71")];
        assert_eq!(readdressed(&watchdog), pairs(&watchdog));
    }
}
