//! `--watch` while a store is down, slow, flapping or answers nonsense: the command keeps what it
//! has, that is said, and what was rotated meanwhile arrives once.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use secret_run_tests::{
    AwsProject, Consul, End, Fault, Launcher, Link, Moto, OpenBao, PluginProject, Quality, REGION,
    Running, VaultProject,
};
use serde_json::json;

/// Who failed is asked again at once, so that each fault is met.
const WATCH: &str = "[watch]\ninterval = \"100ms\"\nmin-interval = \"0s\"\n\
                     [resilience]\nbreaker-pause = \"10ms\"\n";

/// Says what it has, and each signal that it gets.
const SAYS: &str = "trap 'exit 7' TERM; trap 'echo HUP' HUP; trap 'echo INT' INT; echo $TOKEN
    while :; do sleep 0.02; done";

/// A store behind a link, and a project that reads `TOKEN` from it.
trait Store {
    fn link(&self) -> &Link;
    /// Rotates the value.
    fn set(&self, value: &str);
    fn launcher(&self) -> Launcher<'_>;
    fn folder(&self) -> &Path;
}

struct VaultStore(OpenBao, Link, VaultProject);

impl VaultStore {
    fn start() -> Self {
        Self::with(WATCH)
    }

    fn with(watch: &str) -> Self {
        let bao = OpenBao::start();
        let link = Link::to(bao.address());
        let entries = format!("{watch}[secrets.TOKEN]\nkey = \"secret/app#token\"\n");
        Self(bao, link, VaultProject::new("", &entries))
    }
}

impl Store for VaultStore {
    fn link(&self) -> &Link {
        &self.1
    }

    fn set(&self, value: &str) {
        self.0.put("app", &json!({ "token": value }));
    }

    fn launcher(&self) -> Launcher<'_> {
        let address = format!("http://{}", self.1.address());
        let launcher = self.2.launcher_to(&address);
        launcher.env("VAULT_TOKEN", OpenBao::ROOT)
    }

    fn folder(&self) -> &Path {
        self.2.folder()
    }
}

struct AwsStore(Moto, Link, AwsProject);

impl AwsStore {
    fn start() -> Self {
        let moto = Moto::start();
        let link = Link::to(moto.address());
        let _ = moto.secret(REGION, "TOKEN", "dummy-none-yet");
        let entries = format!("{WATCH}[secrets.TOKEN]\n");
        let project = AwsProject::new("kind = \"aws-secrets-manager\"", &entries);
        Self(moto, link, project)
    }
}

impl Store for AwsStore {
    fn link(&self) -> &Link {
        &self.1
    }

    fn set(&self, value: &str) {
        let put = json!({ "SecretId": "TOKEN", "SecretString": value });
        let _ = self.0.call(REGION, "PutSecretValue", &put);
    }

    fn launcher(&self) -> Launcher<'_> {
        self.2.launcher(self.1.address())
    }

    fn folder(&self) -> &Path {
        self.2.files().folder()
    }
}

struct ConsulStore(Consul, Link, PluginProject, String);

impl ConsulStore {
    fn start() -> Self {
        let consul = Consul::start();
        let link = Link::to(consul.address());
        let address = format!("http://{}", link.address());
        let plugin = format!(
            "settings = {{ address = \"{address}\" }}\nallow.http = [\"{address}\"]\n\
             allow.private-addresses = [\"{address}\"]\n\
             credentials.\"{address}\" = {{ header = \"x-consul-token\", value = \"{{CONSUL_TOKEN}}\" }}"
        );
        let entries = format!("{WATCH}[secrets.TOKEN]\nkey = \"app/token\"\n");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let project = PluginProject::new(folder, "consul-kv", &plugin, &entries);
        let token = consul.token("key_prefix \"app/\" { policy = \"read\" }");
        Self(consul, link, project, token)
    }
}

impl Store for ConsulStore {
    fn link(&self) -> &Link {
        &self.1
    }

    fn set(&self, value: &str) {
        self.0.put("app/token", value);
    }

    fn launcher(&self) -> Launcher<'_> {
        self.2.launcher().env("CONSUL_TOKEN", &self.3)
    }

    fn folder(&self) -> &Path {
        self.2.project().folder()
    }
}

/// A command under supervision, and what is said about it.
struct Supervised {
    running: Running,
    log: PathBuf,
}

impl Supervised {
    fn begin(store: &dyn Store) -> Self {
        let launcher = store.launcher().args(["--watch"]);
        let mut command = launcher.command(["sh", "-c", SAYS]).into_command();
        let log = store.folder().join("log");
        command.stderr(fs::File::create(&log).expect("a file can be made"));
        let running = Running::spawn(command);
        Self { running, log }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How often something of this kind was said.
    fn said(&self, kind: &str) -> usize {
        self.log().matches(&format!("\"{kind}\"")).count()
    }

    /// Waits until something of this kind is said once more than `before`.
    #[track_caller]
    fn says_again(&self, kind: &str, before: usize) {
        let start = Instant::now();
        while self.said(kind) <= before {
            let log = self.log();
            assert!(
                start.elapsed() < Duration::from_secs(90),
                "no {kind}\n{log}"
            );
            sleep(Duration::from_millis(10));
        }
    }

    /// The children of the parent, each with its state.
    fn children(&self) -> Vec<(String, String)> {
        let id = self.running.id();
        let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let list = list.expect("it runs");
        let state = |child: &str| {
            // One may end this moment.
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).ok()?;
            let state = stat.rsplit(") ").next()?.split(' ').next()?;
            Some((child.to_owned(), state.to_owned()))
        };
        list.split_whitespace().filter_map(state).collect()
    }
}

fn broken(fault: Fault) -> Quality {
    Quality {
        fault: Some(fault),
        ..Quality::default()
    }
}

/// Down, then slow, then flapping, then answers that are cut; a rotation in each.
fn nothing_is_lost_and_nothing_doubled(store: &dyn Store) {
    store.set("q7zk-0");
    let mut command = Supervised::begin(store);
    assert_eq!(command.running.line(), "q7zk-0");
    let first = command.children();
    let descriptors = command.running.descriptors().len();

    for (rotation, fault) in [
        (1, Fault::ResetAfter(0)),
        (2, Fault::CutAfter(30)),
        (3, Fault::ResetAfter(60)),
    ] {
        let before = command.said("watch-not-read");
        store.link().change(broken(fault));
        store.link().cut();
        store.set(&format!("q7zk-{rotation}"));
        // Twice, so that one attempt began after the rotation.
        command.says_again("watch-not-read", before + 1);
        assert_eq!(
            command.said("watch-changed"),
            rotation - 1,
            "{}",
            command.log()
        );
        store.link().change(Quality::default());
        assert_eq!(command.running.line(), format!("q7zk-{rotation}"));
    }

    // Slow is not down.
    let before = command.said("watch-not-read");
    store.link().change(Quality {
        round_trip: Duration::from_millis(300),
        fault: None,
    });
    store.set("q7zk-4");
    assert_eq!(command.running.line(), "q7zk-4");
    assert_eq!(command.said("watch-not-read"), before);

    // Flapping.
    for round in 0..20 {
        let fault = [Fault::ResetAfter(0), Fault::CutAfter(90)][round % 2];
        store.link().change(broken(fault));
        store.link().cut();
        sleep(Duration::from_millis(60));
        if round == 10 {
            store.set("q7zk-5");
        }
        store.link().change(Quality::default());
        sleep(Duration::from_millis(60));
    }
    assert_eq!(command.running.line(), "q7zk-5");

    // What was started is what was rotated, once each, and no process or descriptor is left.
    let start = Instant::now();
    while command.children().len() > 1 && start.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(1));
    }
    let children = command.children();
    assert!(
        children.iter().all(|(_, state)| state != "Z"),
        "{children:?}"
    );
    assert!(
        first.len() <= 2 && children.len() <= 2,
        "{first:?} {children:?}"
    );
    // A candidate's socket may be open.
    assert!(command.running.descriptors().len() <= descriptors + 2);
    command.running.signal(Signal::SIGTERM);
    assert_eq!(command.running.line(), "", "it is not started once more");
    let log = command.log();
    assert_eq!(command.said("watch-changed"), 5, "{log}");
    assert!(!log.contains("q7zk-"), "{log}");
    assert_eq!(command.running.end(), End::Code(7));
}

/// Signals while the store answers nothing: beside a command, and before there is one.
fn signals_are_obeyed_while_it_hangs(store: &dyn Store) {
    store.set("q7zk-0");
    let mut command = Supervised::begin(store);
    assert_eq!(command.running.line(), "q7zk-0");
    let before = store.link().connections();
    store.link().change(broken(Fault::StallAfter(0)));
    store.link().cut();
    connected(store, before + 1);
    for (signal, heard) in [(Signal::SIGHUP, "HUP"), (Signal::SIGHUP, "HUP")] {
        command.running.signal(signal);
        assert_eq!(command.running.line(), heard);
    }
    let start = Instant::now();
    command.running.signal(Signal::SIGTERM);
    assert_eq!(command.running.end(), End::Code(7));
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "it waits for the store"
    );

    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let before = store.link().connections();
        let mut command = Supervised::begin(store);
        connected(store, before + 1);
        let start = Instant::now();
        command.running.signal(signal);
        assert_eq!(command.running.line(), "", "nothing was started");
        assert_eq!(command.running.end(), End::Signal(signal as i32));
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "it waits for the store"
        );
    }
}

fn connected(store: &dyn Store, times: usize) {
    let start = Instant::now();
    while store.link().connections() < times {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody connects");
        sleep(Duration::from_millis(5));
    }
}

/// Down for good: it is not hung past its deadline, and neither the first start nor a reading is.
fn silence_ends_at_its_deadline(store: &dyn Store) {
    store.set("q7zk-0");
    store.link().change(broken(Fault::StallAfter(0)));
    let Supervised { running, log } = Supervised::begin(store);
    let start = Instant::now();
    assert_eq!(running.end(), End::Code(125));
    assert!(start.elapsed() < Duration::from_secs(90), "it hangs");
    let said = fs::read_to_string(log).expect("it was written");
    // That of the backend, or that of each attempt.
    let kinds = ["backend-deadline", "vault-timed-out", "aws-timed-out"];
    let is_said = kinds
        .iter()
        .any(|kind| said.contains(&format!("\"{kind}\"")));
    assert!(is_said, "it ended for another reason: {said}");
}

#[test]
fn a_store_that_has_failed_three_times_is_left_alone_for_a_while() {
    let store = VaultStore::with(&WATCH.replace("10ms", "6s"));
    store.set("q7zk-0");
    let mut command = Supervised::begin(&store);
    assert_eq!(command.running.line(), "q7zk-0");
    store.link().change(broken(Fault::ResetAfter(0)));
    store.link().cut();
    command.says_again("vault-unreachable", 2);
    let asked = store.link().connections();
    command.says_again("backend-circuit-open", 0);
    assert_eq!(store.link().connections(), asked);
    store.link().change(Quality::default());
    store.set("q7zk-1");
    assert_eq!(command.running.line(), "q7zk-1");
    // It counts anew.
    assert_eq!(command.said("vault-unreachable"), 3);
    command.running.signal(Signal::SIGTERM);
    assert_eq!(command.running.end(), End::Code(7));
}

#[test]
fn faults_of_vault_lose_and_double_nothing() {
    nothing_is_lost_and_nothing_doubled(&VaultStore::start());
}

#[test]
fn faults_of_aws_lose_and_double_nothing() {
    nothing_is_lost_and_nothing_doubled(&AwsStore::start());
}

#[test]
fn faults_of_a_plugins_server_lose_and_double_nothing() {
    nothing_is_lost_and_nothing_doubled(&ConsulStore::start());
}

#[test]
fn signals_are_obeyed_while_vault_hangs() {
    signals_are_obeyed_while_it_hangs(&VaultStore::start());
}

#[test]
fn signals_are_obeyed_while_aws_hangs() {
    signals_are_obeyed_while_it_hangs(&AwsStore::start());
}

#[test]
fn signals_are_obeyed_while_a_plugin_hangs() {
    signals_are_obeyed_while_it_hangs(&ConsulStore::start());
}

#[test]
fn a_store_that_is_silent_ends_the_start_at_its_deadline() {
    let stores: [Box<dyn Store>; 3] = [
        Box::new(VaultStore::start()),
        Box::new(AwsStore::start()),
        Box::new(ConsulStore::start()),
    ];
    for store in stores {
        silence_ends_at_its_deadline(store.as_ref());
    }
}
