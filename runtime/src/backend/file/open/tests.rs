#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;

use super::*;

/// A mount as Kubernetes lays it out, and a secret beside it that must stay out of reach.
fn mount() -> tempfile::TempDir {
    let outer = tempfile::tempdir().unwrap();
    fs::write(outer.path().join("outside"), "outside").unwrap();
    let root = outer.path().join("mount");
    fs::create_dir_all(root.join("..2024_01/nested")).unwrap();
    fs::write(root.join("..2024_01/key"), "value").unwrap();
    fs::write(root.join("..2024_01/nested/deep"), "deep value").unwrap();
    let links = [
        ("..2024_01", "..data"),
        ("..data/key", "key"),
        ("..data/nested", "nested"),
        ("../outside", "escape"),
        ("nested/../../../outside", "escape-late"),
        ("nested/../key", "up-and-down"),
        ("/etc/hostname", "absolute"),
        ("../mount/key", "out-and-in"),
        ("nowhere", "dangling"),
        ("b-loop", "a-loop"),
        ("a-loop", "b-loop"),
        (".", "here"),
        ("..data/nested/..", "back"),
    ];
    for (target, link) in links {
        symlink(target, root.join(link)).unwrap();
    }
    nix::unistd::mkfifo(&root.join("pipe"), Mode::S_IRWXU).unwrap();
    outer
}

fn directories(outer: &tempfile::TempDir) -> [Directory; 2] {
    let open = || Directory::open(&outer.path().join("mount")).unwrap().0;
    [open(), open().by_hand()]
}

fn content(directory: &Directory, name: &str) -> Result<String, Errno> {
    let mut text = String::new();
    directory
        .open_file(name)?
        .file
        .read_to_string(&mut text)
        .unwrap();
    Ok(text)
}

#[test]
fn links_that_stay_inside_are_followed() {
    let outer = mount();
    for directory in directories(&outer) {
        assert_eq!(content(&directory, "key").unwrap(), "value");
        assert_eq!(content(&directory, "..data/key").unwrap(), "value");
        assert_eq!(content(&directory, "nested/deep").unwrap(), "deep value");
        assert_eq!(content(&directory, "up-and-down").unwrap(), "value");
        assert_eq!(content(&directory, "here/key").unwrap(), "value");
    }
}

#[test]
fn nothing_leads_out() {
    let outer = mount();
    for directory in directories(&outer) {
        for name in [
            "escape",
            "escape-late",
            "absolute",
            "out-and-in",
            "../outside",
        ] {
            assert_eq!(content(&directory, name), Err(Errno::EXDEV), "{name}");
        }
    }
}

#[test]
fn what_cannot_be_followed_says_why() {
    let outer = mount();
    for directory in directories(&outer) {
        assert_eq!(content(&directory, "nothing"), Err(Errno::ENOENT));
        assert_eq!(content(&directory, "dangling"), Err(Errno::ENOENT));
        assert_eq!(content(&directory, "a-loop"), Err(Errno::ELOOP));
        assert_eq!(content(&directory, "key/below"), Err(Errno::ENOTDIR));
    }
}

#[test]
fn a_link_to_nothing_is_told_from_nothing() {
    let outer = mount();
    symlink("dangling", outer.path().join("mount/through")).unwrap();
    for directory in directories(&outer) {
        assert!(directory.has_link("dangling"));
        assert!(directory.has_link("through"));
        assert!(directory.has_link("dangling/below"));
        assert!(!directory.has_link("nothing"));
        assert!(!directory.has_link("nested/nothing"));
        assert!(!directory.has_link("nothing/below"));
    }
}

#[test]
fn a_pipe_and_a_directory_are_opened_without_waiting_and_known_for_what_they_are() {
    let outer = mount();
    for directory in directories(&outer) {
        for name in ["pipe", "nested", "here", "back"] {
            assert!(!directory.open_file(name).unwrap().facts.regular, "{name}");
        }
        assert!(directory.open_file("key").unwrap().facts.regular);
    }
}

#[test]
fn a_directory_stays_the_same_when_its_name_is_given_away() {
    let outer = mount();
    for directory in directories(&outer) {
        let (old, new) = (outer.path().join("mount"), outer.path().join("moved"));
        fs::rename(&old, &new).unwrap();
        symlink("/", &old).unwrap();
        assert_eq!(content(&directory, "key").unwrap(), "value");
        fs::remove_file(&old).unwrap();
        fs::rename(&new, &old).unwrap();
    }
}

#[test]
fn a_name_that_is_swapped_all_the_time_never_leads_out() {
    let outer = mount();
    let root = outer.path().join("mount");
    fs::create_dir(outer.path().join("away")).unwrap();
    fs::write(outer.path().join("away/deep"), "outside").unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let targets = ["..2024_01/nested", "../away", "nowhere", "swapped"];
            for target in targets.iter().cycle() {
                if done.load(order) {
                    break;
                }
                symlink(target, root.join("next")).unwrap();
                fs::rename(root.join("next"), root.join("swapped")).unwrap();
            }
        });
        for directory in directories(&outer) {
            for _ in 0..2_000 {
                if let Ok(text) = content(&directory, "swapped/deep") {
                    assert_eq!(text, "deep value");
                }
            }
        }
        done.store(true, order);
    });
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    /// The kernel is the reference: whatever tree of links there is, the walk by hand
    /// gives the same file or the same error.
    #[test]
    fn the_walk_by_hand_agrees_with_the_kernel(
        links in proptest::collection::btree_map("[a-d]", "([a-d]|\\.|\\.\\.|/)(/([a-d]|\\.\\.|e)){0,3}/?", 0..4),
        name in "[a-d](/([a-d]|\\.\\.|e)){0,4}",
    ) {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("mount");
        fs::create_dir_all(root.join("b/c/d")).unwrap();
        fs::create_dir_all(root.join("a")).unwrap();
        for file in ["e", "a/e", "b/e", "b/c/e", "b/c/d/e", "../e"] {
            fs::write(root.join(file), file).unwrap();
        }
        for (link, target) in &links {
            for at in ["", "a", "b", "b/c"] {
                let _ = symlink(target, root.join(at).join(link));
            }
        }
        let [kernel, by_hand] = directories(&outer);
        let open = |directory: &Directory| {
            let mut opened = directory.open_file(&name)?;
            let mut text = String::new();
            if opened.facts.regular {
                opened.file.read_to_string(&mut text).unwrap();
            }
            Ok::<_, Errno>((opened.facts.regular, text))
        };
        proptest::prop_assert_eq!(open(&by_hand), open(&kernel));
    }
}
