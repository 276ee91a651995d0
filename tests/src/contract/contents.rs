//! What a document may hold, and how much of it.

use super::Source;
use super::asking::{MARK, Reply, answers, ask, at, seed, value};

/// Text of several lines and several scripts, which any backend holds.
const TEXT: &str = "first line\n\n  zweite Zeile: schlüssel\n\t鍵 🔑 = \"#'$HOME`\\n\\\\\nend";
/// Where a backend sets no limit, so much comes whole.
const MUCH: usize = 8 << 20;

/// Before and after it was something.
pub fn empty_bytes_are_absent(source: &mut dyn Source) {
    let known = seed(source, &["first"]).remove(0);
    let empty = at(source.path("empty"));
    let asked = [empty.clone(), known, empty];
    for content in [&b""[..], &value("empty"), b""] {
        source.put(&asked[0].path, content);
        let given = answers(source, &asked);
        assert_eq!(given[1].bytes(), value("first"));
        for index in [0, 2] {
            if content.is_empty() {
                assert_eq!(given[index], Reply::Absent);
            } else {
                assert_eq!(given[index].bytes(), content);
            }
        }
    }
}

/// All of them in a row, each at the beginning, and text.
pub fn every_byte_that_it_holds_survives(source: &mut dyn Source) {
    let bytes = source.bytes();
    let end = *bytes.last().expect("a backend holds something");
    assert!(!b"\r\n".contains(&end), "a line end at the end is dropped");
    let all = [MARK.as_bytes(), &bytes].concat();
    let twice = [&bytes[..], &bytes].concat();
    let each: Vec<u8> = bytes.iter().flat_map(|byte| [*byte, end]).collect();
    for content in [&all[..], &twice, &each, TEXT.as_bytes()] {
        let path = source.path("bytes");
        source.put(&path, content);
        let given = answers(source, &[at(path)]);
        assert!(given[0].bytes() == content, "{content:?} as {:?}", given[0]);
    }
    for byte in bytes.iter().filter(|byte| !b"\r\n".contains(byte)) {
        let path = source.path("byte");
        source.put(&path, &[*byte]);
        let given = answers(source, &[at(path)]);
        assert_eq!(given[0].bytes(), [*byte]);
    }
}

/// Beside short ones.
pub fn a_document_of_64_kib_comes_whole(source: &mut dyn Source) {
    let long = long(64 << 10);
    let [first, second] = ["first", "second"].map(|name| at(source.path(name)));
    source.put(&first.path, &long);
    source.put(&second.path, &value("second"));
    let given = answers(source, &[first.clone(), second, first]);
    assert!(given[0].bytes() == long && given[2].bytes() == long);
    assert_eq!(given[1].bytes(), value("second"));
}

/// One byte too many, and much too many. What the backend has as one with the others may be
/// refused with them; it is never cut, and never absent.
pub fn a_document_over_the_limit_is_refused(source: &mut dyn Source) {
    let known = seed(source, &["first"]).remove(0);
    let path = source.path("large");
    let asked = [known.clone(), at(path.clone())];
    let Some(limit) = source.limit() else {
        let much = long(MUCH);
        source.put(&path, &much);
        assert!(answers(source, &asked)[1].bytes() == much);
        return;
    };
    for size in [limit + 1, limit * 2] {
        source.put(&path, &long(size));
        let given = ask(source, &asked);
        if let Ok(given) = &given {
            assert_eq!(given[0].bytes(), value("first"), "beside {size} bytes");
            assert!(matches!(given[1], Reply::Refused(_)), "{:?}", given[1]);
        }
        assert_eq!(ask(source, &asked), given, "{size} bytes");
    }
    source.put(&path, &value("large"));
    assert_eq!(answers(source, &asked)[1].bytes(), value("large"));
}

/// So many bytes of text without a line end.
fn long(size: usize) -> Vec<u8> {
    let text = format!("{MARK} ");
    text.bytes().cycle().take(size - 1).chain([b'.']).collect()
}
