#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::*;
use crate::backend::Version;
use crate::error::{Explain, Severity};

struct Mount {
    root: tempfile::TempDir,
}

impl Mount {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let mount = Self {
            root: tempfile::tempdir().unwrap(),
        };
        for (name, content) in files {
            mount.write(name, content, 0o600);
        }
        mount
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn backend(&self, strictness: Strictness) -> FileBackend {
        FileBackend::new(self.root.path().to_owned(), strictness)
    }

    fn strict(&self, names: &[&str]) -> Answers {
        self.backend(Strictness::Refuse)
            .read(&requests(names))
            .unwrap()
    }
}

fn requests(names: &[&str]) -> Vec<Request> {
    let request = |name: &&str| Request {
        path: (*name).to_owned(),
        version: None,
    };
    names.iter().map(request).collect()
}

fn said(answer: &Result<Option<Document>, FetchError>) -> String {
    match answer {
        Ok(None) => "absent".to_owned(),
        Ok(Some(document)) => String::from_utf8_lossy(document.bytes.expose()).into_owned(),
        Err(error) => format!("error {}", error.kind()),
    }
}

fn all_said(answers: &Answers) -> Vec<String> {
    answers.documents.iter().map(said).collect()
}

#[test]
fn answers_come_in_order_and_absent_is_not_an_error() {
    let mount = Mount::new(&[("a", b"1"), ("app/b", b"2")]);
    let answers = mount.strict(&["app/b", "missing", "a", "no/such", "../a", "a"]);
    assert_eq!(
        all_said(&answers),
        ["2", "absent", "1", "absent", "error file-name", "1"]
    );
    assert!(answers.notices.is_empty());
}

#[test]
fn batches_of_none_of_one_and_of_many_are_answered() {
    let names: Vec<String> = (0..256).map(|n| format!("secret{n}")).collect();
    let mount = Mount::new(&[]);
    for name in &names {
        mount.write(name, name.as_bytes(), 0o400);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for count in [0, 1, 256] {
        assert_eq!(all_said(&mount.strict(&names[..count])), names[..count]);
    }
}

#[test]
fn a_batch_of_none_opens_nothing() {
    let backend = FileBackend::new("/no/such".into(), Strictness::Refuse);
    assert!(backend.read(&[]).unwrap().documents.is_empty());
}

#[test]
fn exactly_one_line_end_is_dropped() {
    let contents: [(&str, &[u8], &str); 8] = [
        ("lf", b"v\n", "v"),
        ("crlf", b"v\r\n", "v"),
        ("two", b"v\n\n", "v\n"),
        ("inner", b"a\nb", "a\nb"),
        ("cr", b"v\r", "v\r"),
        ("space", b" v \n", " v "),
        ("nul", b"a\0b\n", "a\0b"),
        ("mixed", b"v\n\r\n", "v\n"),
    ];
    let mount = Mount::new(&contents.map(|(name, content, _)| (name, content)));
    for (name, _, expected) in contents {
        assert_eq!(all_said(&mount.strict(&[name])), [expected], "{name}");
    }
}

#[test]
fn what_is_empty_is_absent() {
    let mount = Mount::new(&[("empty", b""), ("line", b"\n"), ("windows", b"\r\n")]);
    let answers = mount.strict(&["empty", "line", "windows"]);
    assert_eq!(all_said(&answers), ["absent"; 3]);
}

#[test]
fn any_bytes_up_to_the_limit_are_a_value_and_no_more() {
    let mount = Mount::new(&[
        ("most", &vec![0xff; LIMIT]),
        ("more", &vec![0xff; LIMIT + 1]),
    ]);
    let answers = mount.strict(&["most", "more"]);
    let most = answers.documents[0].as_ref().unwrap().as_ref().unwrap();
    assert!(most.bytes.expose().iter().all(|byte| *byte == 0xff));
    assert_eq!(said(&answers.documents[1]), "error file-too-large");
}

#[test]
fn a_missing_directory_is_an_outage() {
    let mount = Mount::new(&[("file", b"v")]);
    for (name, kind) in [("gone", "directory-missing"), ("file", "not-a-directory")] {
        let backend = FileBackend::new(mount.path(name), Strictness::Warn);
        assert_eq!(backend.read(&requests(&["a"])).unwrap_err().kind(), kind);
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let mount = Mount::new(&[("a", b"v")]);
    for name in [
        "", "/a", "..", "../a", "a/..", "./a", "a/", "b//a", "a\0", "a\n", ".",
    ] {
        assert_eq!(
            all_said(&mount.strict(&[name])),
            ["error file-name"],
            "{name:?}"
        );
    }
}

#[test]
fn links_that_stay_are_followed_and_others_are_not() {
    let mount = Mount::new(&[("..2024/key", b"v")]);
    symlink("..2024", mount.path("..data")).unwrap();
    symlink("..data/key", mount.path("key")).unwrap();
    symlink("/etc/hostname", mount.path("absolute")).unwrap();
    symlink("../../../../../../etc/hostname", mount.path("up")).unwrap();
    symlink("gone", mount.path("dangling")).unwrap();
    symlink("self", mount.path("self")).unwrap();
    let answers = mount.strict(&["key", "absolute", "up", "dangling", "self", "key/x"]);
    assert_eq!(
        all_said(&answers),
        [
            "v",
            "error file-outside-directory",
            "error file-outside-directory",
            "error file-dangling-link",
            "error file-link-loop",
            "error not-a-directory",
        ]
    );
}

#[test]
fn only_regular_files_are_read_and_a_pipe_makes_nobody_wait() {
    let mount = Mount::new(&[("folder/a", b"v")]);
    nix::unistd::mkfifo(&mount.path("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(mount.path("socket")).unwrap();
    let answers = mount.strict(&["folder", "pipe", "socket"]);
    assert_eq!(all_said(&answers), ["error file-not-regular"; 3]);
    drop(socket);
}

#[test]
fn a_file_that_others_can_read_is_refused_in_production_and_told_of_in_development() {
    let mount = Mount::new(&[]);
    mount.write("docker", b"v", 0o444);
    mount.write("kubernetes", b"v", 0o644);
    mount.write("group", b"v", 0o440);
    mount.write("writable", b"v", 0o602);
    let names = ["docker", "group", "kubernetes", "writable"];
    assert_eq!(
        all_said(&mount.strict(&names)),
        [
            "error file-readable-by-others",
            "v",
            "error file-readable-by-others",
            "error file-writable-by-others",
        ]
    );
    let answers = mount
        .backend(Strictness::Warn)
        .read(&requests(&names))
        .unwrap();
    assert_eq!(all_said(&answers), ["v"; 4]);
    let told: Vec<_> = answers
        .notices
        .iter()
        .map(|notice| notice.request)
        .collect();
    assert_eq!(told, [Some(0), Some(2), Some(3)]);
    let problem = answers.notices[0].problem();
    assert_eq!(problem.severity, Severity::Warning);
    let hint = problem.hint.unwrap();
    assert!(
        hint.contains("mode: 0400") && hint.contains("defaultMode: 0400"),
        "{hint}"
    );
}

#[test]
fn a_directory_that_others_can_change_is_refused_in_production() {
    let mount = Mount::new(&[("a", b"v")]);
    for mode in [0o777, 0o1777] {
        fs::set_permissions(mount.root.path(), fs::Permissions::from_mode(mode)).unwrap();
        let error = mount
            .backend(Strictness::Refuse)
            .read(&requests(&["a"]))
            .unwrap_err();
        assert_eq!(error.kind(), "file-writable-by-others");
        let answers = mount
            .backend(Strictness::Warn)
            .read(&requests(&["a"]))
            .unwrap();
        assert_eq!(all_said(&answers), ["v"]);
        assert_eq!(answers.notices.len(), 1);
        assert_eq!(answers.notices[0].request, None);
    }
}

#[test]
fn a_version_is_not_silently_passed_over() {
    let mount = Mount::new(&[("a", b"v")]);
    let request = Request {
        path: "a".to_owned(),
        version: Some(Version::Named("1".to_owned())),
    };
    let answers = mount.backend(Strictness::Refuse).read(&[request]).unwrap();
    assert_eq!(all_said(&answers), ["error version-unsupported"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_name_leads_out_or_panics(name in "[./a\\\\b~]{0,8}", other in any::<String>()) {
        let mount = Mount::new(&[("b", b"inside")]);
        for name in [name.as_str(), other.as_str()] {
            let said = all_said(&mount.strict(&[name])).remove(0);
            let fine = said == "absent" || said.starts_with("error") || said == "inside";
            prop_assert!(fine, "{}", said);
        }
    }
}

#[test]
fn a_folder_that_others_can_change_is_said_once_for_all_that_is_below_it() {
    let mount = Mount::new(&[("sub/A", b"dummy-a"), ("sub/B", b"dummy-b")]);
    fs::set_permissions(mount.path("sub"), fs::Permissions::from_mode(0o777)).unwrap();
    let names = requests(&["sub/A", "sub/B"]);
    let answers = mount.backend(Strictness::Warn).read(&names).unwrap();
    assert_eq!(answers.notices.len(), 1);
    assert!(
        answers
            .documents
            .iter()
            .all(|answer| matches!(answer, Ok(Some(_))))
    );
    let answers = mount.strict(&["sub/A", "sub/B"]);
    assert!(answers.documents.iter().all(Result::is_err));
}
