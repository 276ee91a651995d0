//! References that somebody writes to get at what is not meant, or by mistake.

use secret_runtime::backend::{Request, Version};
use secret_runtime::plugin::conformance::strange;

use super::Source;
use super::asking::{Reply, answers, at, seed, value};

/// Each is refused or absent, and the documents beside it come as ever.
pub fn paths_that_nobody_writes_lead_nowhere(source: &mut dyn Source) {
    let known = seed(source, &["first", "second"]);
    for (what, path) in paths(&known[0].path) {
        leads_nowhere(source, &known, what, at(path));
    }
    for (what, request) in strange(&known[0]) {
        leads_nowhere(source, &known, what, request);
    }
}

/// A version that is told can be asked for, or is refused. One that is not there is never
/// another one.
pub fn a_version_is_that_version_or_refused(source: &mut dyn Source) {
    let known = seed(source, &["first", "second"]);
    let path = source.path("versions");
    let old = source.put(&path, &value("old"));
    let new = source.put(&path, &value("new"));
    let version = |version: &str| Request {
        path: path.clone(),
        version: Some(Version::Named(version.to_owned())),
    };
    let given = answers(source, &[at(path.clone())]);
    assert_eq!(given, [Reply::Document(value("new"), new.clone())]);
    for (told, content) in [(&new, "new"), (&old, "old")] {
        let Some(told) = told else {
            assert!(!source.keeps_versions(), "versions that it does not tell");
            continue;
        };
        let given = answers(source, &[known[0].clone(), version(told)]);
        assert_eq!(given[0].bytes(), value("first"));
        match &given[1] {
            Reply::Document(bytes, version) => {
                assert_eq!(*bytes, value(content), "version {told}");
                assert_eq!(version.as_ref(), Some(told));
            }
            other => assert!(!source.keeps_versions(), "{other:?} for version {told}"),
        }
    }
    for unknown in ["", "99999999", "-1", "latest", "no-such-version", "1&a=b"] {
        leads_nowhere(source, &known, unknown, version(unknown));
    }
}

/// Asks for it between two documents, twice.
#[track_caller]
fn leads_nowhere(source: &dyn Source, known: &[Request], what: &str, request: Request) {
    let asked = [known[0].clone(), request, known[1].clone()];
    let given = answers(source, &asked);
    assert_eq!(given[0].bytes(), value("first"), "beside {what}");
    assert_eq!(given[2].bytes(), value("second"), "beside {what}");
    assert!(
        !matches!(given[1], Reply::Document(..)),
        "{what} is answered with {:?}",
        given[1]
    );
    assert_eq!(answers(source, &asked), given, "{what}, once more");
}

/// Besides those of [`strange`]: ways round to a path that is known, and to the whole place.
fn paths(known: &str) -> Vec<(&'static str, String)> {
    let last = known.rsplit('/').next().unwrap_or(known);
    let pairs: [(&'static str, &[&str]); 16] = [
        ("a path from below itself", &["x/../", known]),
        ("a path from above", &["../", known]),
        ("the path by `.`", &["./", known]),
        ("an absolute path", &["/", known]),
        ("a path with two slashes", &["/", "/", known]),
        ("a path with a slash behind", &[known, "/"]),
        ("the whole place", &["."]),
        ("what is above", &[".."]),
        ("the root", &["/"]),
        (
            "the user list of the system",
            &["../../../../../../etc/passwd"],
        ),
        ("a NUL behind the path", &[known, "\0"]),
        ("a NUL in the path", &[known, "\0", last]),
        ("a line end behind the path", &[known, "\n"]),
        (
            "a header behind the path",
            &[known, " HTTP/1.1\r\nx-injected: 1\r\n\r\n"],
        ),
        ("an encoded slash", &["x%2f..%2f", known]),
        ("white space around the path", &[" ", known, " "]),
    ];
    let mut paths: Vec<_> = pairs
        .into_iter()
        .map(|(what, parts)| (what, parts.concat()))
        .collect();
    paths.push(("a path of 100 KiB", "a/".repeat(50 << 10)));
    paths.push((
        "a path of signs that join",
        format!("{known}\u{301}\u{200d}"),
    ));
    paths
}
