//! The part of WASI that a backend may import, and what it finds there.

use crate::backend_guest::{Answer, BackendGuest, CONTRACT, Import};
use crate::bed::Bed;

const ENVIRONMENT: &str = "package wasi:cli@0.2.0 {
    interface environment {
        get-environment: func() -> list<tuple<string, string>>;
        get-arguments: func() -> list<string>;
        initial-cwd: func() -> option<string>;
    }
}";

const CLOCK: &str = "package wasi:clocks@0.2.0 {
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
    }
    interface monotonic-clock { now: func() -> u64; }
}";

const FILES: &str = "package wasi:filesystem@0.2.0 {
    interface types { resource descriptor; }
    interface preopens {
        use types.{descriptor};
        get-directories: func() -> list<tuple<descriptor, string>>;
    }
}";

const SOCKETS: &str = "package wasi:sockets@0.2.0 {
    interface network {
        resource network;
        enum error-code {
            unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
            concurrency-conflict, not-in-progress, would-block, invalid-state,
            new-socket-limit, address-not-bindable, address-in-use, remote-unreachable,
            connection-refused, connection-reset, connection-aborted, datagram-too-large,
            name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
        }
        enum ip-address-family { ipv4, ipv6 }
    }
    interface tcp { resource tcp-socket; }
    interface tcp-create-socket {
        use network.{error-code, ip-address-family};
        use tcp.{tcp-socket};
        create-tcp-socket: func(family: ip-address-family) -> result<tcp-socket, error-code>;
    }
}";

/// A guest that imports functions of these packages as well; `interface` is the one that the
/// functions are of.
fn importing(packages: &str, interface: &str, functions: &'static str) -> BackendGuest {
    let world = "world backend-only {";
    assert!(CONTRACT.contains(world));
    let imported = format!("{world}\n    import {interface};");
    BackendGuest {
        wit: format!("{}\n{packages}\n", CONTRACT.replace(world, &imported)),
        ..BackendGuest::default().importing(&[Import::Other(functions)])
    }
}

/// The same guest, which traps unless `condition` holds.
fn expecting(mut guest: BackendGuest, condition: &str) -> BackendGuest {
    guest.on_fetch = format!("(if (i32.eqz {condition}) (then (unreachable)))");
    guest
}

#[test]
fn there_are_no_variables_no_arguments_and_no_folder() {
    assert!(std::env::vars_os().count() > 0 && std::env::args_os().count() > 0);
    let guest = importing(
        ENVIRONMENT,
        "wasi:cli/environment@0.2.0",
        r#"(import "wasi:cli/environment@0.2.0" "get-environment" (func $variables (param i32)))
        (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
        (import "wasi:cli/environment@0.2.0" "initial-cwd" (func $folder (param i32)))"#,
    );
    let empty = "(block (result i32)
        (call $variables (i32.const 0x100))
        (call $arguments (i32.const 0x110))
        (call $folder (i32.const 0x120))
        (i32.eqz (i32.or (i32.load offset=4 (i32.const 0x100))
            (i32.or (i32.load offset=4 (i32.const 0x110))
                (i32.load8_u (i32.const 0x120))))))";
    Bed::of(&expecting(guest, empty)).run("").unwrap();
}

#[test]
fn time_stands_still_without_its_grant() {
    let guest = importing(
        CLOCK,
        "wasi:clocks/wall-clock@0.2.0",
        r#"(import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))"#,
    );
    let bed = Bed::of(&expecting(
        guest,
        "(block (result i32)
            (call $now (i32.const 0x100))
            (i32.eqz (i32.or (i32.wrap_i64 (i64.load (i32.const 0x100)))
                (i32.load offset=8 (i32.const 0x100)))))",
    ));
    bed.run("").unwrap();
    bed.run("allow.clock = false\n").unwrap();
    // The guest sees it go, and traps.
    bed.refuses("allow.clock = true\n", "plugin-trapped");
}

#[test]
fn a_clock_that_stands_still_does_not_look_broken() {
    let guest = importing(
        CLOCK,
        "wasi:clocks/monotonic-clock@0.2.0",
        r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))"#,
    );
    // At 0, the runtime of Go gives up.
    let stands = "(i32.and (i64.ne (call $now) (i64.const 0)) (i64.eq (call $now) (call $now)))";
    let bed = Bed::of(&expecting(guest, stands));
    bed.run("").unwrap();
    bed.refuses("allow.clock = true\n", "plugin-trapped");
}

#[test]
fn files_need_a_grant_and_there_are_none() {
    let guest = importing(
        FILES,
        "wasi:filesystem/preopens@0.2.0",
        r#"(import "wasi:filesystem/preopens@0.2.0" "get-directories"
            (func $folders (param i32)))"#,
    );
    let bed = Bed::of(&expecting(
        guest,
        "(block (result i32)
            (call $folders (i32.const 0x100))
            (i32.eqz (i32.load offset=4 (i32.const 0x100))))",
    ));
    let problem = bed.refuses("", "plugin-import-not-granted");
    assert!(problem.message.contains("wasi:filesystem/"), "{problem:?}");
    bed.refuses("allow.inert = [\"sockets\"]\n", "plugin-import-not-granted");
    bed.run("allow.inert = [\"filesystem\"]\n").unwrap();
}

#[test]
fn sockets_need_a_grant_and_each_is_refused() {
    let guest = importing(
        SOCKETS,
        "wasi:sockets/tcp-create-socket@0.2.0",
        r#"(import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket"
            (func $socket (param i32 i32)))"#,
    );
    let bed = Bed::of(&expecting(
        guest,
        "(block (result i32)
            (call $socket (i32.const 0) (i32.const 0x100))
            (i32.load8_u (i32.const 0x100)))",
    ));
    let problem = bed.refuses("", "plugin-import-not-granted");
    assert!(problem.message.contains("wasi:sockets/"), "{problem:?}");
    bed.refuses(
        "allow.inert = [\"filesystem\"]\n",
        "plugin-import-not-granted",
    );
    bed.run("allow.inert = [\"sockets\"]\n").unwrap();
}

#[test]
fn an_interface_that_nobody_knows_is_refused_whatever_is_granted() {
    let unknown = "package example:keys@1.0.0 {
        interface ring { open: func() -> u32; }
    }";
    let guest = importing(
        unknown,
        "example:keys/ring@1.0.0",
        r#"(import "example:keys/ring@1.0.0" "open" (func $open (result i32)))"#,
    );
    let guest = BackendGuest {
        otherwise: Answer::NotFound,
        on_fetch: "(drop (call $open))".to_owned(),
        ..guest
    };
    let bed = Bed::of(&guest);
    for lines in [
        "",
        "allow = { clock = true, inert = [\"filesystem\", \"sockets\"] }\n",
    ] {
        let problem = bed.refuses(lines, "plugin-import-unknown");
        assert!(problem.message.contains("example:keys/ring@1.0.0"));
    }
}
