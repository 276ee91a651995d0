//! From nothing to values: by the same rules as the launcher.

use std::ffi::OsString;
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use secret_runtime::Secrets;
use secret_runtime::error::Problems;
use secret_runtime::secrets::SecretsBuilder;

use crate::bed::Bed;

const DOTENV: &str = "version = 1\n[environments.development]\nbackend = \"dotenv\"\n\
                      [backends.dotenv]\nkind = \"env\"\n[secrets.TOKEN]\n";

fn kinds(problems: &Problems) -> Vec<&'static str> {
    let problems = problems.as_slice().iter();
    problems.map(|problem| problem.kind).collect()
}

fn refused(builder: SecretsBuilder) -> Problems {
    builder.load_blocking().expect_err("it is refused")
}

fn set(name: &'static str, value: &'static str) -> impl Fn(&str) -> Option<OsString> {
    move |asked| (asked == name).then(|| value.into())
}

#[test]
fn the_variable_names_the_manifest_and_the_builder_wins_over_it() {
    let (bed, other) = (Bed::new("[secrets.A]\n"), Bed::new("[secrets.B]\n"));
    bed.put("A", "dummy-a");
    other.put("B", "dummy-b");
    let path = bed.path("secrets.toml").into_os_string();
    let variable = move |name: &str| (name == "SECRETS_FILE").then(|| path.clone());
    let found = Secrets::builder().variables(variable.clone());
    assert!(found.load_blocking().unwrap().required("A").is_ok());
    let named = Secrets::builder().variables(variable);
    let named = named.manifest(other.path("secrets.toml"));
    assert!(named.load_blocking().unwrap().required("B").is_ok());
    let nowhere = Secrets::builder().manifest(bed.path("no.toml"));
    assert_eq!(kinds(&refused(nowhere)), ["manifest-unreadable"]);
}

#[test]
fn the_rules_of_production_hold_whatever_the_program_says() {
    let bed = Bed::with(DOTENV);
    for signal in ["NODE_ENV", "SECRETS_ENV", "RAILS_ENV"] {
        let production = move |name: &str| match name {
            "TOKEN" => Some("dummy-token-1".into()),
            name => (name == signal).then(|| "production".into()),
        };
        let builder = || bed.builder().variables(production);
        let asked = builder().environment("development").backend("dotenv");
        assert_eq!(kinds(&refused(asked)), ["production-env-backend"]);
        let by_default = builder().backend("env");
        assert_eq!(kinds(&refused(by_default)), ["production-env-backend"]);
    }
    let builder = bed.builder().variables(set("TOKEN", "dummy-token-1"));
    let secrets = builder.load_blocking().unwrap();
    assert_eq!(
        secrets.required("TOKEN").unwrap().expose(),
        b"dummy-token-1"
    );
    assert!(!secrets.snapshot().is_production());
    // A placeholder is a mistake in production alone.
    let files = Bed::new("[secrets.KEY]\n");
    files.put("KEY", "changeme");
    assert!(files.builder().load_blocking().is_ok());
    let production = files.builder().environment("production");
    assert_eq!(kinds(&refused(production)), ["invalid-value"]);
}

#[test]
fn all_problems_come_at_once_and_without_a_value() {
    let bed = Bed::new(
        "[secrets.GONE]\n[secrets.SHORT]\nvalidate = { rule = \"base64\", min-bytes = 32 }\n\
         [config.PORT]\nkey = \"PORT\"\nvalidate = \"port\"\n",
    );
    bed.put("SHORT", "ZHVtbXk=").put("PORT", "dummy-port");
    let problems = refused(bed.builder());
    let mut found = kinds(&problems);
    found.sort_unstable();
    assert_eq!(found, ["invalid-value", "invalid-value", "missing-value"]);
    let said = format!("{problems} {problems:?}");
    for value in ["ZHVtbXk=", "dummy-port"] {
        assert!(!said.contains(value), "{said}");
    }
}

#[test]
fn a_choice_that_the_program_makes_is_called_so() {
    let bed = Bed::new("[secrets.A]\n");
    let problems = refused(bed.builder().environment("produktion"));
    assert_eq!(kinds(&problems), ["unknown-environment"]);
    let said = problems.to_string();
    assert!(
        said.contains("environment(\"produktion\") of the program"),
        "{said}"
    );
    assert_eq!(
        problems.as_slice()[0].hint.as_deref(),
        Some("did you mean `production`?")
    );
    let problems = refused(bed.builder().backend("vaults"));
    assert!(!problems.to_string().contains("--backend"), "{problems}");
}

#[test]
fn each_reading_is_written_down_as_a_load() {
    let bed = Bed::new("[audit]\ndestination = \"audit.jsonl\"\n[secrets.TOKEN]\n");
    let lines = || {
        let text = fs::read_to_string(bed.path("audit.jsonl")).unwrap_or_default();
        assert!(!text.contains("dummy-token"), "{text}");
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    assert_eq!(kinds(&refused(bed.builder())), ["missing-value"]);
    bed.put("TOKEN", "dummy-token");
    let secrets = bed.load();
    secrets.refresh_blocking().unwrap();
    let lines = lines();
    let words = lines.iter().map(|line| {
        assert_eq!(line["task"], "load", "{line}");
        (line["event"].as_str().unwrap(), line["outcome"].as_str())
    });
    let expected = [
        ("file", None),
        ("access", Some("absent")),
        ("refused", None),
        ("access", Some("ok")),
        ("access", Some("ok")),
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected);
}

#[test]
fn what_cannot_be_written_down_is_not_handed_out() {
    let bed =
        Bed::new("[audit]\ndestination = \"log/audit.jsonl\"\nrequired = true\n[secrets.TOKEN]\n");
    bed.put("TOKEN", "dummy-token-1");
    assert_eq!(kinds(&refused(bed.builder())), ["audit-unwritable"]);
    fs::create_dir(bed.path("log")).unwrap();
    let secrets = bed.load();
    fs::remove_dir_all(bed.path("log")).unwrap();
    bed.put("TOKEN", "dummy-token-2");
    let problems = secrets.refresh_blocking().unwrap_err();
    assert_eq!(kinds(&problems), ["audit-unwritable"]);
    assert_eq!(
        secrets.required("TOKEN").unwrap().expose(),
        b"dummy-token-1"
    );
}

#[test]
fn the_time_of_the_variable_is_the_longest() {
    let bed = Bed::new("[watch]\ninterval = \"30m\"\n[secrets.A]\n");
    bed.put("A", "dummy-a");
    let next = |value: &'static str| {
        let builder = bed
            .builder()
            .variables(set("SECRETS_CACHE_TTL_SECONDS", value));
        let secrets = builder.load_blocking()?;
        let before = secrets.status();
        assert!(before.next.is_none() && before.failure.is_none());
        let _watcher = secrets.watch()?;
        let status = secrets.status();
        let next = status.next.unwrap().duration_since(status.read_at);
        Ok::<_, Problems>(next.unwrap().as_secs())
    };
    assert!((26 * 60..=30 * 60).contains(&next("86400").unwrap()));
    assert!((26 * 60..=30 * 60).contains(&next("0").unwrap()));
    assert!((53..=60).contains(&next("60").unwrap()));
    for wrong in ["1h", "-1", "1e3", "99999999999999999999"] {
        assert_eq!(kinds(&next(wrong).unwrap_err()), ["bad-cache-ttl"]);
    }
}

/// A variable that comes only when the event loop has gone on.
#[test]
fn a_reading_does_not_stop_the_event_loop_of_the_program() {
    let bed = Bed::with(DOTENV);
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    let builder = bed.builder().variables(move |name| {
        let wait = || {
            receiver
                .lock()
                .unwrap()
                .recv_timeout(Duration::from_secs(30))
        };
        if name == "TOKEN" { wait().ok() } else { None }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let others = async { sender.send(OsString::from("dummy-token-1")) };
        let (loaded, sent) = tokio::join!(builder.load(), others);
        sent.unwrap();
        let secrets = loaded.unwrap();
        let others = async { sender.send(OsString::from("dummy-token-2")) };
        let (change, sent) = tokio::join!(secrets.refresh(), others);
        sent.unwrap();
        assert_eq!(change.unwrap().unwrap().names, ["TOKEN"]);
    });
}

/// An event loop that is not tokio's.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn it_needs_no_particular_event_loop() {
    let bed = Bed::new("[secrets.A]\n");
    bed.put("A", "dummy-a");
    block_on(async {
        let builder = bed.builder().refresh_every(Duration::from_millis(10));
        let secrets = builder.load().await.unwrap();
        let mut watcher = secrets.watch().unwrap();
        bed.put("A", "dummy-b");
        let event = watcher.next().await;
        assert!(
            matches!(event, secret_runtime::secrets::Event::Changed(_)),
            "{event:?}"
        );
        assert_eq!(secrets.required("A").unwrap().expose(), b"dummy-b");
    });
}
