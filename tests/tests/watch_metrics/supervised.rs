//! A command that is supervised, with metrics.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use secret_run_tests::{Project, Running, Samples, exchange, free_port};

pub(crate) const VALUES: [&str; 3] = [
    "dummy-token-4b1d-one",
    "dummy-token-4b1d-two",
    "dummy-token-4b1d-three",
];

/// Says what it has, and ends when it is asked to.
pub(crate) const SAYS: &str = "trap 'exit 0' TERM; echo \"$TOKEN\"; while :; do sleep 0.02; done";

/// A project with a file for its value, and where its metrics are.
pub(crate) struct Supervised {
    pub(crate) project: Project,
    pub(crate) address: SocketAddr,
}

/// One that listens there, or at a free port.
pub(crate) fn supervised(listen: Option<&str>) -> Supervised {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let listen = listen.map_or_else(|| address.to_string(), str::to_owned);
    let project = Project::new();
    project.write(
        "secrets.toml",
        format!(
            "version = 1\n[project]\nname = \"shop\"\n[metrics]\nlisten = \"{listen}\"\n\
             [watch]\ninterval = \"20ms\"\nmin-interval = \"0s\"\n\
             [environments.development]\nbackend = \"files\"\n\
             [backends.files]\nkind = \"file\"\ndirectory = \"values\"\n\
             [secrets.TOKEN]\nvalidate = {{ rule = \"min-length\", length = 10 }}\n"
        ),
    );
    let supervised = Supervised { project, address };
    supervised.change(VALUES[0]);
    supervised
}

impl Supervised {
    /// Has the file hold another value.
    pub(crate) fn change(&self, value: &str) {
        self.project.write("next", value);
        fs::create_dir_all(self.project.path("values")).expect("the folder can be made");
        let place = self.project.path("values/TOKEN");
        fs::rename(self.project.path("next"), place).expect("a file can be renamed");
    }

    /// Starts a command that says what it has.
    pub(crate) fn begin(&self) -> Running {
        let launcher = self.project.launcher().args(["--watch"]);
        let mut command = launcher.command(["sh", "-c", SAYS]).into_command();
        let log = fs::File::create(self.project.path("log")).expect("a file can be made");
        command.stderr(log);
        Running::spawn(command)
    }

    /// What the launcher said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.project.path("log")).unwrap_or_default()
    }

    /// What it answers.
    pub(crate) fn scrape(&self) -> String {
        let reply = exchange(self.address, "GET", "/metrics", &[], b"").expect("an answer");
        assert_eq!(reply.status, 200);
        let kind = reply.header("content-type");
        assert_eq!(kind, Some("text/plain; version=0.0.4; charset=utf-8"));
        let text = reply.text().to_owned();
        assert!(!VALUES.iter().any(|value| text.contains(value)), "{text}");
        text
    }

    /// Asks until a number is as it should be.
    pub(crate) fn wait_for(&self, sample: &str, is: impl Fn(f64) -> bool) -> Samples {
        loop {
            let samples = Samples::of(&self.scrape());
            if is(samples.get(sample)) {
                return samples;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}
