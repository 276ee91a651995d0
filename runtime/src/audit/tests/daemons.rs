//! Logs of the system that is there already.

use super::*;

/// A daemon of the test's own, as far as it listens.
fn daemon(manner: Manner) -> (TempDir, UnixDatagram, Socket) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("socket");
    let daemon = UnixDatagram::bind(&path).unwrap();
    daemon
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let socket = Socket::connect(&path, manner).unwrap();
    (folder, daemon, socket)
}

fn heard(daemon: &UnixDatagram) -> String {
    let mut bytes = vec![0; 64 << 10];
    let length = daemon.recv(&mut bytes).unwrap();
    bytes.truncate(length);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn syslog_hears_each_line_with_its_level() {
    let (_folder, daemon, socket) = daemon(Manner::Syslog);
    let problem =
        crate::error::Problem::error(&AuditError::StandardError(std::io::ErrorKind::Other), None);
    let refused = Happened::now(Event::refused(Stage::Policy, &problem));
    socket.send(&run(), &launches(1)).unwrap();
    socket.send(&run(), &[refused]).unwrap();
    for (priority, event) in [(86, "launch"), (84, "refused")] {
        let heard = heard(&daemon);
        let start = format!("<{priority}>secret-run[{}]: ", std::process::id());
        let line = heard
            .strip_prefix(&start)
            .unwrap_or_else(|| panic!("{heard}"));
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["event"], event);
        // There nothing vouches for the line before.
        assert!(line.get("prev").is_none() && line.get("seq").is_none());
    }
}

#[test]
fn the_journal_hears_fields() {
    let (_folder, daemon, socket) = daemon(Manner::Journal);
    let run = run();
    let problem =
        crate::error::Problem::error(&AuditError::StandardError(std::io::ErrorKind::Other), None);
    let refused = Event::refused(Stage::Values, &problem.of("TOKEN"));
    socket.send(&run, &[Happened::now(refused)]).unwrap();
    let heard = heard(&daemon);
    let fields: Vec<(&str, &str)> = heard
        .lines()
        .map(|line| line.split_once('=').unwrap())
        .collect();
    let field = |name| fields.iter().find(|(found, _)| *found == name).unwrap().1;
    assert_eq!(field("PRIORITY"), "4");
    assert_eq!(field("SYSLOG_IDENTIFIER"), "secret-run");
    assert_eq!(field("SECRET_RUN_ID"), run.id());
    assert_eq!(field("SECRET_RUN_EVENT"), "refused");
    assert_eq!(field("SECRET_RUN_SECRET"), "TOKEN");
    let line: serde_json::Value = serde_json::from_str(field("MESSAGE")).unwrap();
    assert_eq!(line["secret"], "TOKEN");
    assert_eq!(line["stage"], "values");
}

#[test]
fn a_daemon_that_is_not_there_is_said() {
    let folder = TempDir::new().unwrap();
    let error = Socket::connect(&folder.path().join("none"), Manner::Syslog).unwrap_err();
    assert_eq!(error.kind(), "audit-unwritable");
    assert!(error.hint().unwrap().contains("daemon"));
    let (_folder, daemon, socket) = daemon(Manner::Journal);
    drop(daemon);
    let error = socket.send(&run(), &launches(1)).unwrap_err();
    assert_eq!(error.kind(), "audit-unwritable");
}
