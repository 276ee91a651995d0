//! What of `Secrets` is left in a process. In a process of its own, whose threads it can count.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use secret_runtime::Secrets;

/// How many threads of the library there are.
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names
        .filter(|name| name.trim() == "secrets-reading")
        .count()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

fn becomes(expected: usize) {
    let late = Instant::now() + Duration::from_secs(30);
    while threads() != expected {
        assert!(Instant::now() < late, "there are {} threads", threads());
        sleep(Duration::from_millis(2));
    }
}

#[test]
fn there_is_one_thread_while_somebody_watches_and_none_after() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("secrets.toml");
    let text = "version = 1\n[environments.development]\nbackend = \"mounts\"\n\
                [backends.mounts]\nkind = \"file\"\ndirectory = \".\"\n\
                [secrets.A]\nvalidate = \"hex\"\n";
    fs::write(&manifest, text).unwrap();
    fs::write(folder.path().join("A"), "00ff").unwrap();
    let builder = || {
        let builder = Secrets::builder().manifest(&manifest);
        builder
            .variables(|_| None)
            .refresh_every(Duration::from_millis(10))
    };
    let secrets = builder().load_blocking().unwrap();
    becomes(0);
    let first = secrets.watch().unwrap();
    let second = secrets.clone().watch().unwrap();
    becomes(1);
    drop(first);
    // Still watched: what is read next comes after now.
    let before = secrets.status().read_at;
    let late = Instant::now() + Duration::from_secs(30);
    while secrets.status().read_at == before {
        assert!(Instant::now() < late, "nothing is read again");
        sleep(Duration::from_millis(2));
    }
    assert!(secrets.status().next.is_some());
    drop(second);
    becomes(0);
    assert!(secrets.status().next.is_none());
    let open = descriptors();
    for _ in 0..50 {
        let watcher = secrets.watch().unwrap();
        secrets.refresh_blocking().unwrap();
        drop(watcher);
    }
    becomes(0);
    assert_eq!(descriptors(), open, "no descriptor is left");
    // The values go with the last who holds them, also where only a watcher does.
    let watcher = builder().load_blocking().unwrap().watch().unwrap();
    becomes(1);
    drop(watcher);
    becomes(0);
}
