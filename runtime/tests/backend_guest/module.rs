//! The guest's module, as text.

use super::image::Image;
use super::{ANSWER, BackendGuest, IMAGE, Import};

/// Bytes for the path and the bytes of the document that was written.
const SLOT: usize = 0x20000;

impl BackendGuest {
    pub(super) fn module(&self) -> String {
        let image = Image::of(self);
        let slot = image.end().next_multiple_of(0x1000);
        let heap = slot + SLOT;
        let pages = self.pages.max(u32::try_from(heap / 0x10000 + 1).unwrap());
        let imports: String = self.imports.iter().map(|import| import.text()).collect();
        let requests = if self.imports.contains(&Import::Http) {
            get_url()
        } else {
            String::new()
        };
        let writer = if self.writes { WRITER } else { "" };
        format!(
            r#"(module
                {imports}
                (memory (export "memory") {pages})
                (global $heap (mut i32) (i32.const {heap}))
                (global $profile i32 (i32.const {profile}))
                (global $otherwise i32 (i32.const {otherwise}))
                (global $slot i32 (i32.const {slot}))
                (global $slot_path (mut i32) (i32.const 0))
                (global $slot_value (mut i32) (i32.const 0))
                (global $slot_full (mut i32) (i32.const 0))
                (data (i32.const {IMAGE}) "{data}")
                (func $allocate (param $size i32) (result i32)
                    (local $given i32) (local $missing i32)
                    (local.set $given (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
                    (global.set $heap (i32.add (local.get $given) (local.get $size)))
                    (local.set $missing (i32.sub
                        (i32.shr_u (i32.add (global.get $heap) (i32.const 65535)) (i32.const 16))
                        (memory.size)))
                    (if (i32.gt_s (local.get $missing) (i32.const 0))
                        (then (if (i32.lt_s (memory.grow (local.get $missing)) (i32.const 0))
                            (then (unreachable)))))
                    (local.get $given))
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                    (call $allocate (local.get 3)))
                (func $free (global.set $heap (i32.const {heap})))
                (func $same (param $a i32) (param $b i32) (param $length i32) (result i32)
                    (block $differ
                        (loop $next
                            (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
                            (br_if $differ (i32.ne
                                (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))))
                            (local.set $a (i32.add (local.get $a) (i32.const 1)))
                            (local.set $b (i32.add (local.get $b) (i32.const 1)))
                            (local.set $length (i32.sub (local.get $length) (i32.const 1)))
                            (br $next)))
                    (i32.const 0))
                (func $is_written (param $path i32) (param $length i32) (result i32)
                    (if (i32.eqz (global.get $slot_full)) (then (return (i32.const 0))))
                    (if (i32.ne (local.get $length) (global.get $slot_path))
                        (then (return (i32.const 0))))
                    (call $same (local.get $path) (global.get $slot) (local.get $length)))
                (func $find (param $path i32) (param $length i32) (result i32)
                    (local $entry i32) (local $answer i32)
                    (if (call $is_written (local.get $path) (local.get $length)) (then
                        (local.set $answer (call $allocate (i32.const 64)))
                        (memory.fill (local.get $answer) (i32.const 0) (i32.const 64))
                        (i32.store offset=8 (local.get $answer)
                            (i32.add (global.get $slot) (global.get $slot_path)))
                        (i32.store offset=12 (local.get $answer) (global.get $slot_value))
                        (return (local.get $answer))))
                    (local.set $entry (i32.const {entries}))
                    (block $end
                        (loop $next
                            (br_if $end (i32.ge_u (local.get $entry) (i32.const {entries_end})))
                            (if (i32.eq (i32.load offset=4 (local.get $entry)) (local.get $length))
                                (then (if (call $same (i32.load (local.get $entry))
                                        (local.get $path) (local.get $length))
                                    (then (return (i32.load offset=8 (local.get $entry)))))))
                            (local.set $entry (i32.add (local.get $entry) (i32.const 12)))
                            (br $next)))
                    (global.get $otherwise))
                (func (export "secret-run:plugin/backend@0.1.0#about") (result i32)
                    (local $i i32) (local $j i32)
                    {on_about}
                    (global.get $profile))
                (func (export "cabi_post_secret-run:plugin/backend@0.1.0#about") (param i32)
                    (call $free))
                (func (export "secret-run:plugin/backend@0.1.0#fetch")
                    (param $references i32) (param $count i32) (result i32)
                    (local $answers i32) (local $given i32) (local $index i32) (local $at i32)
                    (local $path i32) (local $length i32) (local $i i32) (local $j i32)
                    {on_fetch}
                    (local.set $given (local.get $count))
                    (local.set $answers (call $allocate
                        (i32.mul (i32.add (local.get $count) (i32.const 1)) (i32.const 64))))
                    (block $end
                        (loop $next
                            (br_if $end (i32.ge_u (local.get $index) (local.get $count)))
                            (local.set $at (i32.add (local.get $references)
                                (i32.mul (local.get $index) (i32.const 20))))
                            (local.set $path (i32.load (local.get $at)))
                            (local.set $length (i32.load offset=4 (local.get $at)))
                            (local.set $at (i32.add (local.get $answers)
                                (i32.mul (local.get $index) (i32.const 64))))
                            (memory.copy (local.get $at)
                                (call $find (local.get $path) (local.get $length)) (i32.const 64))
                            {on_each}
                            (local.set $index (i32.add (local.get $index) (i32.const 1)))
                            (br $next)))
                    {on_finish}
                    (i32.store (i32.const 16) (local.get $answers))
                    (i32.store (i32.const 20) (local.get $given))
                    (i32.const 16))
                (func (export "cabi_post_secret-run:plugin/backend@0.1.0#fetch") (param i32)
                    (call $free))
                {requests}
                {writer}
                {fields})"#,
            profile = image.profile,
            entries = image.entries,
            entries_end = image.entries + self.documents.len() * 12,
            otherwise = image.otherwise,
            data = image.escaped(),
            on_fetch = self.on_fetch,
            on_each = self.on_each,
            on_finish = self.on_finish,
            on_about = self.on_about,
            fields = self.fields,
        )
    }
}

impl Import {
    fn text(self) -> &'static str {
        match self {
            Self::Settings => {
                r#"(import "secret-run:plugin/settings@0.1.0" "get"
                    (func $get (param i32 i32 i32)))"#
            }
            Self::Log => {
                r#"(import "secret-run:plugin/log@0.1.0" "write"
                    (func $log (param i32 i32 i32)))"#
            }
            Self::Http => {
                r#"(import "secret-run:plugin/http@0.1.0" "send"
                    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
                (import "secret-run:plugin/http@0.1.0" "send-all"
                    (func $send_all (param i32 i32 i32)))"#
            }
            Self::Other(functions) => functions,
        }
    }
}

fn get_url() -> String {
    format!(
        r#"(data (i32.const 48) "GET")
        (func $get_url (param $url i32) (param $length i32) (result i32)
            (call $send (i32.const 48) (i32.const 3) (local.get $url) (local.get $length)
                (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const {ANSWER}))
            (i32.load8_u (i32.const {ANSWER})))"#
    )
}

/// One document, for as long as the instance lives.
const WRITER: &str = r#"
    (func $clear (memory.fill (i32.const 64) (i32.const 0) (i32.const 40)))
    (func (export "secret-run:plugin/backend-writer@0.1.0#put")
        (param $path i32) (param $length i32) (param $value i32) (param $size i32) (result i32)
        (memory.copy (global.get $slot) (local.get $path) (local.get $length))
        (memory.copy (i32.add (global.get $slot) (local.get $length))
            (local.get $value) (local.get $size))
        (global.set $slot_path (local.get $length))
        (global.set $slot_value (local.get $size))
        (global.set $slot_full (i32.const 1))
        (call $clear)
        (i32.const 64))
    (func (export "secret-run:plugin/backend-writer@0.1.0#list")
        (param $prefix i32) (param $length i32) (result i32)
        (call $clear)
        (if (i32.and (global.get $slot_full)
                (i32.le_u (local.get $length) (global.get $slot_path)))
            (then (if (call $same (local.get $prefix) (global.get $slot) (local.get $length))
                (then
                    (i32.store (i32.const 24) (global.get $slot))
                    (i32.store (i32.const 28) (global.get $slot_path))
                    (i32.store (i32.const 72) (i32.const 24))
                    (i32.store (i32.const 76) (i32.const 1))))))
        (i32.const 64))
    (func (export "secret-run:plugin/backend-writer@0.1.0#describe")
        (param $path i32) (param $length i32) (result i32)
        (call $clear)
        (if (i32.eqz (call $is_written (local.get $path) (local.get $length)))
            (then (i32.store8 (i32.const 64) (i32.const 1))))
        (i32.const 64))
"#;
