#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::backend::Version;
use crate::error::Explain;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            fs::write(folder.0.path().join(name), content).unwrap();
        }
        folder
    }

    fn fetch(&self, process: &[(&str, &str)], names: &[&str]) -> Result<Answers, FetchError> {
        let files = [".env", ".env.local"].map(|name| self.0.path().join(name));
        let process: HashMap<String, String> = process
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let lookup = move |name: &str| {
            process
                .get(name)
                .map(|value| SecretValue::copy_of(value.as_bytes()))
        };
        EnvBackend::new(files.to_vec(), lookup).read(&requests(names))
    }
}

fn requests(names: &[&str]) -> Vec<Request> {
    let request = |name: &&str| Request {
        path: (*name).to_owned(),
        version: None,
    };
    names.iter().map(request).collect()
}

fn said(answers: &Answers) -> Vec<String> {
    let one = |answer: &Result<Option<Document>, FetchError>| match answer {
        Ok(None) => "absent".to_owned(),
        Ok(Some(document)) => String::from_utf8_lossy(document.bytes.expose()).into_owned(),
        Err(error) => format!("error {}", error.kind()),
    };
    answers.documents.iter().map(one).collect()
}

fn told(answers: &Answers) -> Vec<(Option<usize>, &'static str)> {
    let one = |notice: &Notice| (notice.request, notice.warning.kind());
    answers.notices.iter().map(one).collect()
}

/// What a file with `line` says of `K`.
fn value(line: &str) -> String {
    let folder = Folder::new(&[(".env", line.as_bytes())]);
    said(&folder.fetch(&[], &["K"]).unwrap()).remove(0)
}

fn fault(content: &[u8]) -> (&'static str, usize, usize) {
    let error = Folder::new(&[(".env", content)])
        .fetch(&[], &["K"])
        .unwrap_err();
    let place = error.place().unwrap();
    assert_eq!(place.excerpt, None);
    (error.kind(), place.line, place.column)
}

#[test]
fn values_are_written_as_people_write_them() {
    for (line, expected) in [
        ("K=v", "v"),
        ("export K=v", "v"),
        ("  K = v  ", "v"),
        ("K='a b'", "a b"),
        ("K=\"a b\"", "a b"),
        ("K=`it's \"quoted\"`", "it's \"quoted\""),
        ("K=a b", "a b"),
        ("K=v # comment", "v"),
        ("K='v' # comment", "v"),
        ("K='v'# comment", "v"),
        ("K=a#b", "a#b"),
        ("K='a # b'", "a # b"),
        ("K=a=b==", "a=b=="),
        ("K=it's", "it's"),
        ("# K=no\nK=v", "v"),
        ("K=v\r\nL=w\r\n", "v"),
        ("\u{feff}K=v", "v"),
        ("K=é😀", "é😀"),
        ("K=v", "v"),
        ("K", "absent"),
        ("export K", "absent"),
        ("", "absent"),
    ] {
        assert_eq!(value(line), expected, "{line:?}");
    }
}

#[test]
fn escapes_count_in_double_quotes_only() {
    assert_eq!(value(r#"K="a\nb\rc\td\\e\"f\$g""#), "a\nb\rc\td\\e\"f$g");
    assert_eq!(value(r#"K="\d\u0041\'""#), r"\d\u0041\'");
    assert_eq!(value(r#"K="\\n""#), r"\n");
    assert_eq!(value(r"K='a\nb\\'"), r"a\nb\\");
    assert_eq!(value(r"K=`a\nb`"), r"a\nb");
    assert_eq!(value(r"K=a\nb"), r"a\nb");
}

#[test]
fn nothing_is_expanded() {
    for literal in [
        "$HOME", "${HOME}", "pa$$word", "$(id)", "a`id`", "a$", "${X:-y}",
    ] {
        for quote in ["", "\"", "'"] {
            assert_eq!(value(&format!("K={quote}{literal}{quote}")), literal);
        }
    }
}

#[test]
fn a_key_of_several_lines_comes_through_whatever_the_line_ends() {
    let pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n+/==\n-----END PRIVATE KEY-----\n";
    for quote in ['"', '\'', '`'] {
        let line = format!("A=1\nK={quote}{pem}{quote}\nB=2\n");
        assert_eq!(value(&line), pem);
        assert_eq!(value(&line.replace('\n', "\r\n")), pem);
    }
    assert_eq!(value(&format!("K=\"{}\"", pem.replace('\n', "\\n"))), pem);
}

#[test]
fn the_last_of_a_file_counts_and_the_user_is_told() {
    let folder = Folder::new(&[(".env", b"K=1\nL=x\nK=2\nL=y\n")]);
    let answers = folder.fetch(&[], &["K"]).unwrap();
    assert_eq!(said(&answers), ["2"]);
    assert_eq!(told(&answers), [(Some(0), "env-repeated")]);
    assert_eq!(answers.notices[0].warning.place().unwrap().line, 3);
}

#[test]
fn later_files_win_and_the_process_wins_over_all() {
    let folder = Folder::new(&[(".env", b"A=1\nB=1\nC=1"), (".env.local", b"B=2\nC=2")]);
    let answers = folder
        .fetch(&[("C", "3"), ("D", "4")], &["D", "C", "B", "A", "E"])
        .unwrap();
    assert_eq!(said(&answers), ["4", "3", "2", "1", "absent"]);
    assert!(answers.notices.is_empty());
}

#[test]
fn what_is_empty_is_absent() {
    for line in ["K=", "K=\"\"", "K=''", "K= # comment", "K=``", "export K="] {
        assert_eq!(value(line), "absent", "{line}");
    }
    assert_eq!(value("K=' '"), " ");
}

#[test]
fn an_empty_one_hides_weaker_values_and_the_user_is_told() {
    let folder = Folder::new(&[
        (".env", b"A=1\nB=1\nC=1\nD=\n"),
        (".env.local", b"A=\nB=\nD=\n"),
    ]);
    let answers = folder
        .fetch(&[("B", "3"), ("C", "")], &["A", "B", "C", "D"])
        .unwrap();
    assert_eq!(said(&answers), ["absent", "3", "absent", "absent"]);
    assert_eq!(
        told(&answers),
        [(Some(0), "env-hidden"), (Some(2), "env-hidden")]
    );
    let place = answers.notices[0].warning.place().unwrap();
    assert!(place.file.ends_with(".env.local") && place.line == 1);
    assert_eq!(answers.notices[1].warning.place(), None);
}

#[test]
fn missing_files_say_nothing() {
    let answers = Folder::new(&[]).fetch(&[("A", "1")], &["A", "B"]).unwrap();
    assert_eq!(said(&answers), ["1", "absent"]);
}

#[test]
fn files_are_not_read_when_the_process_says_it_all() {
    let folder = Folder::new(&[(".env", b"K='")]);
    assert_eq!(said(&folder.fetch(&[("K", "v")], &["K"]).unwrap()), ["v"]);
    assert!(folder.fetch(&[], &[]).unwrap().documents.is_empty());
    assert!(folder.fetch(&[("K", "v")], &["K", "L"]).is_err());
}

#[test]
fn faults_are_shown_where_they_stand_and_nothing_of_the_file_with_them() {
    for (content, expected) in [
        (&b"A=1\nK='hunter2\n"[..], ("env-file-quote", 2, 3)),
        (b"A=1\r\nK=\"a\"hunter2\r\n", ("env-file-tail", 2, 6)),
        (b"\xef\xbb\xbfhunter2 x=1", ("env-file-name", 1, 1)),
        ("É=hunter2".as_bytes(), ("env-file-name", 1, 1)),
        (b"K=1\nMIIBhunter2+/\n", ("env-file-name", 2, 1)),
        (b"A=\"1\n2\"\n  ?hunter2", ("env-file-name", 3, 3)),
        (
            b"A=\xc3\xa9\nK=\xc3\xa9hunter2\xff",
            ("env-file-not-utf8", 2, 11),
        ),
    ] {
        assert_eq!(
            fault(content),
            expected,
            "{}",
            String::from_utf8_lossy(content)
        );
        let error = Folder::new(&[(".env", content)])
            .fetch(&[], &["K"])
            .unwrap_err();
        let said = format!("{error} {error:?} {:?} {:?}", error.hint(), error.problem());
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_is_no_ordinary_file_is_an_error_not_absent() {
    let folder = Folder::new(&[]);
    let path = folder.0.path().join(".env");
    let kind = || folder.fetch(&[], &["K"]).unwrap_err().kind();
    fs::create_dir(&path).unwrap();
    assert_eq!(kind(), "env-file-not-regular");
    fs::remove_dir(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(kind(), "env-file-not-regular");
    fs::remove_file(&path).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert_eq!(kind(), "env-file-not-regular");
    drop(socket);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(".env", &path).unwrap();
    assert_eq!(kind(), "env-file-unreadable");
    fs::remove_file(&path).unwrap();
    fs::write(&path, vec![b'#'; dotenv::LIMIT + 1]).unwrap();
    assert_eq!(kind(), "env-file-too-large");
    fs::write(&path, vec![b'#'; dotenv::LIMIT]).unwrap();
    assert_eq!(said(&folder.fetch(&[], &["K"]).unwrap()), ["absent"]);
}

#[test]
fn answers_come_in_order_and_batches_of_many_are_answered() {
    let names: Vec<String> = (0..256).map(|n| format!("NAME_{n}")).collect();
    let lines: Vec<String> = names
        .iter()
        .rev()
        .map(|name| format!("{name}={name}"))
        .collect();
    let folder = Folder::new(&[(".env", lines.join("\n").as_bytes())]);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for count in [0, 1, 256] {
        assert_eq!(
            said(&folder.fetch(&[], &names[..count]).unwrap()),
            names[..count]
        );
    }
    assert_eq!(
        said(&folder.fetch(&[], &["NAME_1", "NAME_1"]).unwrap()),
        ["NAME_1"; 2]
    );
}

#[test]
fn what_cannot_be_asked_is_an_error_of_that_request_alone() {
    let folder = Folder::new(&[(".env", b"K=v")]);
    let answers = folder.fetch(&[], &["", "A=B", "K", "A\0"]).unwrap();
    assert_eq!(
        said(&answers),
        ["error env-name", "error env-name", "v", "error env-name"]
    );
    let versioned = Request {
        path: "K".to_owned(),
        version: Some(Version::Named("2".to_owned())),
    };
    let answers = EnvBackend::new(vec![], |_: &str| None)
        .read(&[versioned])
        .unwrap();
    assert_eq!(said(&answers), ["error version-unsupported"]);
}

fn quoted(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('$', "\\$");
    format!("K=\"{}\"\n", escaped.replace('\r', "\\r"))
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        any in any::<String>(),
        lines in "[K =\"'`\\\\#\r\n$é]{0,32}",
    ) {
        for text in [any, lines] {
            let mut standings = HashMap::from([("K", Standing::default())]);
            let _ = dotenv::parse(Path::new(".env"), &text, &mut standings);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(content in prop::collection::vec(any::<u8>(), 0..64)) {
        let folder = Folder::new(&[(".env", &content)]);
        let _ = folder.fetch(&[], &["K"]);
    }

    #[test]
    fn any_text_comes_through_double_quotes(value in "(?s).{1,16}") {
        let text = quoted(&value);
        let mut standings = HashMap::from([("K", Standing::default())]);
        dotenv::parse(Path::new(".env"), &text, &mut standings).unwrap();
        let read = standings["K"].value.clone().unwrap();
        prop_assert_eq!(std::str::from_utf8(read.expose()).unwrap(), value);
    }
}
