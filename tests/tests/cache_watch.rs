//! A watched command and the cache across starts: what expires is read again in time, and what
//! stands in for a store that is down is neither used in silence nor taken for something new.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use secret_run_tests::cached::Cached;
use secret_run_tests::{End, Launcher, Running};

const NEXT: &str = "q7zk-72e1-of-vault";

/// Says what it has.
const SAYS: &str = "trap 'exit 0' TERM; echo \"$TOKEN\"; while :; do sleep 0.02; done";

/// A command that is watched, and where what is said about it is.
fn watched(cached: &Cached, launcher: Launcher<'_>) -> (Running, PathBuf) {
    let launcher = cached.dress(launcher).args(["--watch"]);
    let mut command = launcher.command(["sh", "-c", SAYS]).into_command();
    let log = cached.project.path("said");
    command.stderr(fs::File::create(&log).expect("a file can be made"));
    (Running::spawn(command), log)
}

/// The launcher so long after what it finds was read: where the clock of the machine is ahead.
fn later(cached: &Cached, seconds: u32) -> Launcher<'_> {
    let as_user: &[&str] = match geteuid().is_root() {
        true => &[],
        false => &["--user", "--map-current-user"],
    };
    let seconds = seconds.to_string();
    let ahead = [
        "--time",
        "--boottime",
        seconds.as_str(),
        "--fork",
        "--kill-child",
    ];
    let wrapper = [&["unshare"], as_user, &ahead].concat();
    let allowed = cached.project.shell(&format!("{} true", wrapper.join(" ")));
    assert_eq!(
        allowed.end,
        End::Code(0),
        "`{}` makes no time namespace here: run the tests as root, or allow user namespaces",
        wrapper.join(" ")
    );
    Launcher::under(&cached.project, &wrapper)
}

#[test]
fn a_watched_command_is_told_of_a_rotation_although_all_is_cached() {
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [watch]\ninterval = \"200ms\"\nmin-interval = \"0s\"\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    cached.gets(Cached::VALUE);
    let (mut running, log) = watched(&cached, Launcher::new(&cached.project));
    assert_eq!(running.line(), Cached::VALUE);
    cached.put(NEXT);
    assert_eq!(running.line(), NEXT);
    // Down for a while: the command keeps running, that it does so with what is stale is said, and
    // nothing is missed after it.
    cached.down();
    let says_so = || {
        let said = fs::read_to_string(&log).expect("the log can be read");
        said.contains("stale-value")
    };
    let mut looks = (0..200).map(|_| sleep(Duration::from_millis(50)));
    assert!(looks.any(|()| says_so()), "nothing is said of the outage");
    cached.put("q7zk-73f2-of-vault");
    cached.up();
    assert_eq!(running.line(), "q7zk-73f2-of-vault");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn a_watched_command_that_starts_with_what_is_stale_follows_as_soon_as_the_store_is_back() {
    // The next reading but for that would be in an hour.
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [metrics]\ntextfile = \"shop.prom\"\n\
         [watch]\nmin-interval = \"0s\"\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    let resolutions = |outcome| format!("secret_run_resolutions_total{{outcome=\"{outcome}\"}}");
    let success = "secret_run_last_success_timestamp_seconds";
    cached.gets(Cached::VALUE);
    let before = cached.metrics();
    cached.down();
    let (mut running, log) = watched(&cached, later(&cached, 62 * 60));
    assert_eq!(running.line(), Cached::VALUE);
    while cached.metrics().get(&resolutions("stale")) < 2.0 {
        sleep(Duration::from_millis(20));
    }
    let during = cached.metrics();
    assert_eq!(during.get(&resolutions("ok")), 1.0);
    assert_eq!(during.get(success), before.get(success));
    let said = fs::read_to_string(log).expect("the log can be read");
    assert!(said.contains("stale-value"), "{said}");
    cached.put(NEXT);
    cached.up();
    assert_eq!(running.line(), NEXT);
}

#[test]
fn what_a_watched_command_starts_with_is_read_again_when_it_expires() {
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [watch]\nmin-interval = \"0s\"\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    cached.gets(Cached::VALUE);
    cached.put(NEXT);
    // It is good for a quarter of a minute, and an hour is the interval.
    let (mut running, _) = watched(&cached, later(&cached, 60 * 60 - 15));
    assert_eq!(running.line(), Cached::VALUE);
    assert_eq!(running.line(), NEXT);
}

#[test]
fn a_watched_command_follows_within_the_time_that_its_values_are_good() {
    let cached = Cached::with(
        "[watch]\nmin-interval = \"0s\"\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\ncache = \"1s\"\n",
    );
    let (mut running, _) = watched(&cached, Launcher::new(&cached.project));
    assert_eq!(running.line(), Cached::VALUE);
    cached.put(NEXT);
    assert_eq!(running.line(), NEXT);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}

#[test]
fn a_watched_command_is_never_given_something_older_than_it_has() {
    let cached = Cached::with(
        "[cache]\nacross-starts = { key-file = \"cache.key\" }\n\
         [watch]\ninterval = \"50ms\"\nmin-interval = \"0s\"\n\
         [resilience]\nbreaker-pause = \"10ms\"\n\
         [secrets.TOKEN]\nkey = \"secret/app/TOKEN\"\n",
    );
    cached.gets(Cached::VALUE);
    let file = cached.file();
    let old = fs::read(&file).expect("it is there");
    let (mut running, log) = watched(&cached, Launcher::new(&cached.project));
    assert_eq!(running.line(), Cached::VALUE);
    cached.put(NEXT);
    assert_eq!(running.line(), NEXT);
    cached.down();
    // No reading that began before writes any more, once one has failed.
    let said = |times| {
        while fs::read_to_string(&log).is_ok_and(|said| said.matches("stale-value").count() < times)
        {
            sleep(Duration::from_millis(20));
        }
    };
    said(1);
    fs::write(&file, old).expect("it can be written");
    said(4);
    let last = "q7zk-74a8-of-vault";
    cached.put(last);
    cached.up();
    assert_eq!(running.line(), last);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.end(), End::Code(0));
}
