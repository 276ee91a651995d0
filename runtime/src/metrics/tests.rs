#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::error::Explain;
use crate::resilience::{Breaker, BreakerState, Breakers};

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// One of each.
fn some() -> Metrics {
    let mut metrics = Metrics {
        project: Some("shop".into()),
        ..Metrics::default()
    };
    let access = |backend: &str, outcome: &str| (backend.to_owned(), outcome.to_owned());
    metrics.accesses.insert(access("vault", "ok"), 3);
    metrics.accesses.insert(access("files", "failed"), 0);
    metrics.cache(CacheResult::Hit);
    metrics.cache(CacheResult::Hit);
    metrics.cache(CacheResult::Stale);
    let mut took = histogram::Histogram::default();
    for millis in [1, 40, 400, 60_000] {
        took.observe(Duration::from_millis(millis));
    }
    metrics.fetches.insert("vault".into(), took);
    metrics.created.insert("TOKEN".into(), 1_000);
    metrics.breaker("vault", BreakerState::HalfOpen);
    metrics.resolution(Resolution::Ok, at(2_000));
    metrics.restarts = Some(0);
    metrics
}

#[test]
fn it_is_written_as_prometheus_reads_it() {
    let text = some().text(at(1_090));
    for line in [
        "# HELP secret_run_access_total Entries that backends were asked for, by what came of it.",
        "# TYPE secret_run_access_total counter",
        r#"secret_run_access_total{project="shop",backend="vault",outcome="ok"} 3"#,
        r#"secret_run_access_total{project="shop",backend="files",outcome="failed"} 0"#,
        r#"secret_run_cache_total{project="shop",result="hit"} 2"#,
        r#"secret_run_cache_total{project="shop",result="miss"} 0"#,
        r#"secret_run_cache_total{project="shop",result="stale"} 1"#,
        "# TYPE secret_run_fetch_duration_seconds histogram",
        r#"secret_run_fetch_duration_seconds_bucket{project="shop",backend="vault",le="0.001"} 1"#,
        r#"secret_run_fetch_duration_seconds_bucket{project="shop",backend="vault",le="0.5"} 3"#,
        r#"secret_run_fetch_duration_seconds_bucket{project="shop",backend="vault",le="30"} 3"#,
        r#"secret_run_fetch_duration_seconds_bucket{project="shop",backend="vault",le="+Inf"} 4"#,
        r#"secret_run_fetch_duration_seconds_count{project="shop",backend="vault"} 4"#,
        r#"secret_run_secret_created_timestamp_seconds{project="shop",secret="TOKEN"} 1000"#,
        r#"secret_run_secret_age_seconds{project="shop",secret="TOKEN"} 90"#,
        r#"secret_run_breaker_state{project="shop",backend="vault"} 1"#,
        r#"secret_run_resolutions_total{project="shop",outcome="ok"} 1"#,
        r#"secret_run_last_success_timestamp_seconds{project="shop"} 2000"#,
        r#"secret_run_restarts_total{project="shop"} 0"#,
    ] {
        let found = text.lines().any(|written| written == line);
        assert!(found, "{line}\n{text}");
    }
    assert_eq!(Metrics::parse(&text), Some(some()));
}

#[test]
fn breakers_are_as_they_are_now() {
    let now = Instant::now();
    let breaker = |open_until| Breaker {
        failures: 3,
        open_until,
    };
    let of = |name: &str, open_until| (name.to_owned(), breaker(open_until));
    let later = Some(now + Duration::from_secs(10));
    let breakers: Breakers = [of("away", later), of("back", Some(now)), of("new", None)]
        .into_iter()
        .collect();
    let mut metrics = some();
    metrics.breakers(&breakers, now);
    let number = |name: &str| {
        let start = format!("secret_run_breaker_state{{project=\"shop\",backend=\"{name}\"}} ");
        let text = metrics.text(at(0));
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix(&start).map(str::to_owned));
        found.unwrap()
    };
    assert_eq!(
        [number("away"), number("back"), number("new")],
        ["2", "1", "0"]
    );
    assert_eq!(number("vault"), "0", "nothing is known of it any more");
}

#[test]
fn what_nothing_is_known_of_is_not_written() {
    let text = Metrics::default().text(at(0));
    let samples: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let build = format!(
        "secret_run_build_info{{version=\"{}\"}} 1",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(samples, [build]);
    assert_eq!(Metrics::parse(&text), Some(Metrics::default()));
}

#[test]
fn a_clock_that_is_behind_makes_nothing_younger_than_new() {
    let text = some().text(at(10));
    assert!(text.contains("secret_run_secret_age_seconds{project=\"shop\",secret=\"TOKEN\"} 0\n"));
}

#[test]
fn counts_are_added_and_the_present_is_that_of_the_later_run() {
    let mut both = some();
    let mut later = some();
    later.created.insert("TOKEN".into(), 5_000);
    later.breaker("vault", BreakerState::Open);
    later.resolution(Resolution::Failed, at(9_000));
    later.restart();
    both.add(&later);
    let text = both.text(at(5_000));
    for line in [
        r#"secret_run_access_total{project="shop",backend="vault",outcome="ok"} 6"#,
        r#"secret_run_fetch_duration_seconds_bucket{project="shop",backend="vault",le="+Inf"} 8"#,
        r#"secret_run_secret_age_seconds{project="shop",secret="TOKEN"} 0"#,
        r#"secret_run_breaker_state{project="shop",backend="vault"} 2"#,
        r#"secret_run_resolutions_total{project="shop",outcome="failed"} 1"#,
        r#"secret_run_resolutions_total{project="shop",outcome="ok"} 2"#,
        r#"secret_run_last_success_timestamp_seconds{project="shop"} 2000"#,
        r#"secret_run_restarts_total{project="shop"} 1"#,
    ] {
        assert!(
            text.lines().any(|written| written == line),
            "{line}\n{text}"
        );
    }
    // A number at its end stays there.
    both.restarts = Some(u64::MAX);
    both.add(&later);
    assert_eq!(both.restarts, Some(u64::MAX));
}

#[test]
fn what_is_not_of_this_form_is_not_taken_for_it() {
    let text = some().text(at(1_090));
    let line = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        changed
    };
    for changed in [
        String::new(),
        text[1..].to_owned(),
        text[..text.len() - 4].to_owned(),
        line("backend=\"vault\",outcome", "vault=\"x\",outcome"),
        line("outcome=\"ok\"} 3", "outcome=\"ok\"} -3"),
        line("outcome=\"ok\"} 3", "outcome=\"ok\"} 3 1700000000"),
        line("outcome=\"ok\"} 3", "outcome=\"ok\",more=\"x\"} 3"),
        line("outcome=\"ok\"} 3", "outcome=\"O K\"} 3"),
        line("project=\"shop\"", "project=\"other\""),
        line("le=\"0.01\"", "le=\"0.02\""),
        line("le=\"0.001\"} 1", "le=\"0.001\"} 9"),
        line("backend=\"vault\"} 1\n", "backend=\"vault\"} 3\n"),
        line("secret_run_restarts_total{", "secret_run_other_total{"),
        format!("{text}secret_run_restarts_total{{project=\"shop\"}} 0\n"),
    ] {
        assert_eq!(Metrics::parse(&changed), None, "{changed}");
    }
}

#[test]
fn a_terminal_obeys_no_name() {
    assert_eq!(
        label::clean("a\x1b[31m\n\u{9b}b"),
        "a\u{fffd}[31m\u{fffd}\u{fffd}b"
    );
}

proptest! {
    #[test]
    fn any_name_is_read_again_as_it_was_written(names in prop::collection::vec(".*", 1..6), count: u64) {
        let mut metrics = some();
        for name in names {
            metrics.accesses.insert((name.clone(), "ok".into()), count);
            metrics.created.insert(name.clone(), count);
            metrics.fetch(&name, Duration::from_nanos(count));
            metrics.project = Some(name);
        }
        // As names of a manifest get into it.
        let cleaned = metrics.accesses.iter();
        metrics.accesses = cleaned.map(|((name, word), n)| ((label::clean(name), word.clone()), *n)).collect();
        let created = metrics.created.iter();
        metrics.created = created.map(|(name, at)| (label::clean(name), *at)).collect();
        metrics.project = metrics.project.as_deref().map(label::clean);
        let text = metrics.text(at(1_000));
        prop_assert_eq!(Metrics::parse(&text), Some(metrics));
        prop_assert!(text.chars().all(|char| char == '\n' || !char.is_control()));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z_{}\",=\\\\ 0-9\n.é]*") {
        let _ = Metrics::parse(&format!("{}{text}", super::text::HEADING));
        let _ = Metrics::parse(&format!("{}secret_run_{text}", super::text::HEADING));
    }
}

// The file.

struct Place {
    folder: TempDir,
    file: PathBuf,
}

fn place() -> Place {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("shop.prom");
    Place { folder, file }
}

impl Place {
    fn textfile(&self) -> Textfile {
        Textfile::at(&self.file, &["TOKEN"])
    }

    fn read(&self) -> Metrics {
        Metrics::parse(&fs::read_to_string(&self.file).unwrap()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    fn refused(&self) -> &'static str {
        self.textfile().add(&some()).unwrap_err().kind()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn runs_add_themselves_and_everyone_may_read_it() {
    let place = place();
    for run in 1..=3 {
        assert!(place.textfile().add(&some()).unwrap().is_none());
        let count = place.read().accesses[&("vault".to_owned(), "ok".to_owned())];
        assert_eq!(count, 3 * run);
        assert_eq!(mode(&place.file), 0o644);
    }
    assert_eq!(place.names(), ["shop.prom", "shop.prom.lock"]);
}

#[test]
fn an_age_goes_with_its_secret() {
    let place = place();
    place.textfile().add(&some()).unwrap();
    let mut next = Metrics {
        project: some().project,
        ..Metrics::default()
    };
    place.textfile().add(&next).unwrap();
    assert_eq!(
        place.read().created,
        some().created,
        "an outage forgets no age"
    );
    next.ageless.push("TOKEN".into());
    place.textfile().add(&next).unwrap();
    assert!(place.read().created.is_empty());
    place.textfile().add(&some()).unwrap();
    Textfile::at(&place.file, &["OTHER"]).add(&next).unwrap();
    assert!(place.read().created.is_empty());
}

#[test]
fn many_at_once_lose_no_count() {
    let place = place();
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| assert!(place.textfile().add(&some()).unwrap().is_none()));
        }
    });
    assert_eq!(place.read().resolutions["ok"], 50);
}

#[test]
fn what_a_killed_run_left_beside_it_is_no_obstacle() {
    let place = place();
    fs::write(place.folder.path().join("shop.prom.new"), "half").unwrap();
    place.textfile().add(&some()).unwrap();
    assert_eq!(place.names(), ["shop.prom", "shop.prom.lock"]);
}

#[test]
fn what_was_damaged_is_begun_anew_and_that_is_said() {
    let place = place();
    let text = some().text(at(0));
    for damaged in ["", "\0\0\0", &text[..text.len() - 9]] {
        fs::write(&place.file, damaged).unwrap();
        let odd = place.textfile().add(&some()).unwrap().unwrap();
        assert_eq!(odd.kind(), "metrics-damaged");
        assert_eq!(place.read().resolutions["ok"], 1);
    }
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let place = place();
    let mut other = some();
    other.project = Some("other".into());
    for content in ["export PATH=/bin\n".to_owned(), other.text(at(0))] {
        fs::write(&place.file, &content).unwrap();
        assert_eq!(place.refused(), "metrics-not-ours");
        assert_eq!(fs::read_to_string(&place.file).unwrap(), content);
    }
}

#[test]
fn no_link_is_followed_and_nothing_is_put_where_others_write() {
    for name in ["shop.prom", "shop.prom.lock"] {
        let place = place();
        let target = place.folder.path().join("target");
        symlink(&target, place.folder.path().join(name)).unwrap();
        assert_eq!(place.refused(), "metrics-exposed", "{name}");
        assert!(!target.exists());
    }
    // A link where the next text is written is taken away, and not followed.
    let place = place();
    let target = place.folder.path().join("target");
    fs::write(&target, "mine").unwrap();
    symlink(&target, place.folder.path().join("shop.prom.new")).unwrap();
    place.textfile().add(&some()).unwrap();
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert!(!place.file.symlink_metadata().unwrap().is_symlink());

    fs::set_permissions(&place.file, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(place.refused(), "metrics-exposed");
    fs::set_permissions(&place.file, fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(place.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(place.refused(), "metrics-exposed");
}

#[test]
fn a_folder_that_is_missing_is_said() {
    let place = place();
    let textfile = Textfile::at(&place.folder.path().join("none/shop.prom"), &[]);
    let error = textfile.add(&some()).unwrap_err();
    assert_eq!(error.kind(), "metrics-unwritable");
    assert!(error.hint().unwrap().contains("make its folder"));
}
