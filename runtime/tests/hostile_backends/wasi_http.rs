//! The part of `wasi:http` that a backend may import: what it may hold of it, and that nothing gets
//! past the gate.

use crate::backend_guest::{BackendGuest, CONTRACT, FREE};
use crate::bed::Bed;

/// The parts that are used, as the contract has them.
const HTTP: &str = "package wasi:http@0.2.0 {
    interface types {
        variant method {
            get, head, post, put, delete, connect, options, trace, patch, other(string),
        }
        record DNS-error-payload { rcode: option<string>, info-code: option<u16> }
        record TLS-alert-received-payload { alert-id: option<u8>, alert-message: option<string> }
        record field-size-payload { field-name: option<string>, field-size: option<u32> }
        variant error-code {
            DNS-timeout, DNS-error(DNS-error-payload), destination-not-found,
            destination-unavailable, destination-IP-prohibited, destination-IP-unroutable,
            connection-refused, connection-terminated, connection-timeout,
            connection-read-timeout, connection-write-timeout, connection-limit-reached,
            TLS-protocol-error, TLS-certificate-error,
            TLS-alert-received(TLS-alert-received-payload), HTTP-request-denied,
            HTTP-request-length-required, HTTP-request-body-size(option<u64>),
            HTTP-request-method-invalid, HTTP-request-URI-invalid, HTTP-request-URI-too-long,
            HTTP-request-header-section-size(option<u32>),
            HTTP-request-header-size(option<field-size-payload>),
            HTTP-request-trailer-section-size(option<u32>),
            HTTP-request-trailer-size(field-size-payload), HTTP-response-incomplete,
            HTTP-response-header-section-size(option<u32>),
            HTTP-response-header-size(field-size-payload), HTTP-response-body-size(option<u64>),
            HTTP-response-trailer-section-size(option<u32>),
            HTTP-response-trailer-size(field-size-payload),
            HTTP-response-transfer-coding(option<string>),
            HTTP-response-content-coding(option<string>), HTTP-response-timeout,
            HTTP-upgrade-failed, HTTP-protocol-error, loop-detected, configuration-error,
            internal-error(option<string>),
        }
        variant header-error { invalid-syntax, forbidden, immutable }
        resource fields {
            constructor();
            from-list: static func(entries: list<tuple<string, list<u8>>>)
                -> result<fields, header-error>;
        }
        resource outgoing-request {
            constructor(headers: fields);
            set-method: func(method: method) -> result;
            set-path-with-query: func(path: option<string>) -> result;
            set-authority: func(authority: option<string>) -> result;
        }
        resource request-options;
        resource future-incoming-response;
    }
    interface outgoing-handler {
        use types.{outgoing-request, request-options, future-incoming-response, error-code};
        handle: func(request: outgoing-request, options: option<request-options>)
            -> result<future-incoming-response, error-code>;
    }
}";

const FUNCTIONS: &str = r#"
    (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
    (import "wasi:http/types@0.2.0" "[static]fields.from-list"
        (func $from_list (param i32 i32 i32)))
    (import "wasi:http/types@0.2.0" "[constructor]outgoing-request"
        (func $request (param i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-method"
        (func $set_method (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query"
        (func $set_path (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority"
        (func $set_authority (param i32 i32 i32 i32) (result i32)))
    (import "wasi:http/outgoing-handler@0.2.0" "handle"
        (func $handle (param i32 i32 i32 i32)))"#;

/// A path.
const PATH: usize = FREE + 0x80;
/// Where an answer of the host stands.
const ANSWER: usize = FREE + 0x100;
/// One header `a: x`, as a list.
const LIST: usize = FREE + 0x200;
/// Longer than any header, method or host.
const LONG: usize = 70_000;

const GRANT: &str = "allow.http = [\"https://api.example.com\"]\n";

fn guest() -> BackendGuest {
    let world = "world backend-only {";
    assert!(CONTRACT.contains(world));
    let imported = format!(
        "{world}\n    import wasi:http/types@0.2.0;\n    import wasi:http/outgoing-handler@0.2.0;"
    );
    let guest = BackendGuest {
        wit: format!("{}\n{HTTP}\n", CONTRACT.replace(world, &imported)),
        further_imports: FUNCTIONS.to_owned(),
        ..BackendGuest::default()
    };
    guest.with(&format!(
        r#"(data (i32.const {FREE}) "other.example.com")
        (data (i32.const {PATH}) "/")
        (data (i32.const {LIST}) "\10\03\00\00\01\00\00\00\11\03\00\00\01\00\00\00ax")
        (func $long (result i32) (local $at i32)
            (local.set $at (call $allocate (i32.const {LONG})))
            (memory.fill (local.get $at) (i32.const 97) (i32.const {LONG}))
            (local.get $at))"#
    ))
}

fn that(on_fetch: &str) -> Bed {
    Bed::of(&BackendGuest {
        on_fetch: on_fetch.to_owned(),
        ..guest()
    })
}

#[test]
fn what_was_tried_counts_although_nobody_waited_for_it() {
    let length = "other.example.com".len();
    let bed = that(&format!(
        "(local.set $i (call $request (call $fields)))
        (drop (call $set_authority
            (local.get $i) (i32.const 1) (i32.const {FREE}) (i32.const {length})))
        (drop (call $set_path (local.get $i) (i32.const 1) (i32.const {PATH}) (i32.const 1)))
        (call $handle (local.get $i) (i32.const 0) (i32.const 0) (i32.const {ANSWER}))
        ;; It was taken for an answer that comes later.
        (if (i32.load8_u (i32.const {ANSWER})) (then (unreachable)))"
    ));
    let problem = bed.refuses(GRANT, "plugin-http-denied");
    let message = problem.message;
    assert!(message.contains("https://other.example.com"), "{message}");
}

#[test]
fn what_a_guest_holds_on_the_hosts_side_ends_at_its_limit() {
    let many = format!(
        "(loop $again
            (call $from_list (i32.const {LIST}) (i32.const 1) (i32.const {ANSWER}))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 10000))))"
    );
    let problem = that(&many).refuses(GRANT, "plugin-tables");
    assert!(problem.message.contains("2048"), "{}", problem.message);
    // Nothing has to be granted for being asked what it is.
    let bed = Bed::of(&BackendGuest {
        on_about: many,
        ..guest()
    });
    bed.refuses("", "plugin-tables");
}

#[test]
fn headers_end_at_their_limit() {
    let bed = that(&format!(
        "(i32.store (i32.const {}) (call $long))
        (i32.store (i32.const {}) (i32.const {LONG}))
        (call $from_list (i32.const {LIST}) (i32.const 1) (i32.const {ANSWER}))",
        LIST + 8,
        LIST + 12,
    ));
    bed.refuses(GRANT, "plugin-answer");
}

#[test]
fn no_method_and_no_host_of_any_length_is_kept() {
    // It traps if a long one is taken, or a short one is not.
    let bed = that(&format!(
        "(local.set $i (call $request (call $fields)))
        (local.set $j (call $long))
        (if (i32.eqz (call $set_method
                (local.get $i) (i32.const 9) (local.get $j) (i32.const {LONG})))
            (then (unreachable)))
        (if (call $set_method (local.get $i) (i32.const 9) (local.get $j) (i32.const 4))
            (then (unreachable)))
        (if (i32.eqz (call $set_authority
                (local.get $i) (i32.const 1) (local.get $j) (i32.const {LONG})))
            (then (unreachable)))
        (if (call $set_authority (local.get $i) (i32.const 1) (local.get $j) (i32.const 253))
            (then (unreachable)))"
    ));
    bed.run(GRANT).unwrap();
}
