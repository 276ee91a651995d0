//! What a backend may use up: time, memory, tables, stack, log.

use std::time::{Duration, Instant};

use crate::backend_guest::{BackendGuest, FREE, Import};
use crate::bed::Bed;
use crate::messenger::{grant, wanting};
use crate::server::Server;

const SHORT: &str = "limits.time = \"300ms\"\n";
/// Many times the limit above, for a machine that does much besides.
const LATEST: Duration = Duration::from_secs(8);

/// It is cut, not waited for: once it is compiled, which takes its own time.
#[track_caller]
fn assert_cut(bed: &Bed, lines: &str) {
    bed.refuses(lines, "plugin-deadline");
    let started = Instant::now();
    let problem = bed.refuses(lines, "plugin-deadline");
    assert!(started.elapsed() < LATEST, "{:?}", started.elapsed());
    assert!(problem.message.contains("300 ms"), "{}", problem.message);
    assert!(problem.hint.is_some_and(|hint| hint.contains("limits")));
}

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    let bed = Bed::of(&BackendGuest::that("(loop $again (br $again))"));
    assert_cut(&bed, SHORT);
}

#[test]
fn an_endless_loop_between_two_answers_ends_at_the_deadline() {
    let guest = BackendGuest {
        on_each: "(if (local.get $index) (then (loop $again (br $again))))".to_owned(),
        ..BackendGuest::default()
    };
    assert_cut(&Bed::of(&guest), SHORT);
}

#[test]
fn an_endless_wait_for_a_server_ends_at_the_deadline() {
    let server = Server::start(|_| None);
    let url = server.origin();
    // After a time-out it asks again.
    let guest = BackendGuest::that(&format!(
        "(loop $again
            (br_if $again (call $get_url (i32.const {FREE}) (i32.const {}))))",
        url.len()
    ));
    let guest = guest
        .with(&format!("(data (i32.const {FREE}) \"{url}\")"))
        .importing(&[Import::Http]);
    let bed = Bed::of(&wanting(guest, &[&url]));
    assert_cut(&bed, &format!("{}{SHORT}", grant(&server)));
    assert!(server.heads().len() >= 2);
}

#[test]
fn memory_ends_at_its_limit() {
    let bed = Bed::of(&BackendGuest::that(
        "(loop $again (drop (memory.grow (i32.const 16))) (br $again))",
    ));
    let problem = bed.refuses("limits.memory = \"2MiB\"\n", "plugin-memory");
    assert!(problem.message.contains("2048 KiB"), "{}", problem.message);
    // The limit that nobody wrote.
    bed.refuses("", "plugin-memory");
}

#[test]
fn tables_end_at_their_limit() {
    let guest = BackendGuest::that(
        "(loop $again
            (drop (table.grow $t (ref.null func) (i32.const 10000)))
            (br $again))",
    );
    let bed = Bed::of(&guest.with("(table $t 1 funcref)"));
    bed.refuses("", "plugin-tables");
}

#[test]
fn calls_end_where_the_stack_does() {
    let guest = BackendGuest::that("(drop (call $deep (i32.const 0)))");
    let bed = Bed::of(&guest.with(
        "(func $deep (param $n i32) (result i32)
            (i32.add (i32.const 1)
                (call $deep (i32.add (local.get $n) (i32.const 1)))))",
    ));
    bed.refuses("", "plugin-stack");
}

#[test]
fn the_log_ends_at_its_limit() {
    let write = |length: usize| {
        BackendGuest::that(&format!(
            "(loop $again
                (call $log (i32.const 0) (i32.const {FREE}) (i32.const {length}))
                (br $again))"
        ))
        .importing(&[Import::Log])
    };
    // Lines that say nothing are counted, too.
    for length in [100, 0] {
        let bed = Bed::of(&write(length));
        let problem = bed.refuses("limits.log = \"1KiB\"\n", "plugin-log-flood");
        assert!(problem.message.contains("1 KiB"), "{}", problem.message);
        bed.refuses("", "plugin-log-flood");
    }
}

#[test]
fn a_trap_after_an_answer_leaves_no_answer() {
    let server = Server::friendly();
    let url = server.origin();
    let guest = BackendGuest {
        on_each: format!(
            "(if (call $get_url (i32.const {FREE}) (i32.const {})) (then (return (i32.const 0))))
            (if (local.get $index) (then (unreachable)))",
            url.len()
        ),
        ..BackendGuest::default()
    };
    let guest = guest
        .with(&format!("(data (i32.const {FREE}) \"{url}\")"))
        .importing(&[Import::Http]);
    let bed = Bed::of(&wanting(guest, &[&url]));
    bed.refuses(&grant(&server), "plugin-trapped");
    assert_eq!(server.heads().len(), 2);
    // With one reference it does not come to that.
    let values = bed.asking(["app/first"]).run(&grant(&server));
    assert_eq!(values.unwrap(), ["dummy-value-first"]);
}
