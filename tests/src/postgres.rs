//! PostgreSQL on a folder of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::unistd::{User, geteuid};

use crate::binary::built_server;
use crate::daemon::Daemon;
use crate::port::free_port;

/// Who may do everything.
const ADMIN: &str = "dummy-admin";
const PASSWORD: &str = "dummy-password";

/// A running PostgreSQL that lets nobody in without a password.
#[derive(Debug)]
pub struct Postgres {
    _daemon: Daemon,
    port: u16,
}

impl Postgres {
    /// Starts it, and waits until it lets its administrator in.
    ///
    /// # Panics
    /// When it is not installed, or does not answer: the text shows what it wrote.
    #[must_use]
    pub fn start() -> Self {
        let (daemon, port) = Daemon::start(
            "postgresql/postgres",
            |program, folder| {
                give_away(folder);
                prepare(folder);
                let port = free_port();
                let mut command = as_its_user(program);
                command.args(["-D", "data", "-p", &port.to_string()]);
                command.args(["-c", "listen_addresses=127.0.0.1"]);
                command.args(["-c", "unix_socket_directories="]);
                (command, port)
            },
            |port| query(*port, ADMIN, PASSWORD, "select 1").status.success(),
        );
        Self {
            _daemon: daemon,
            port,
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The user who may make other users, and the password.
    #[must_use]
    pub fn administrator(&self) -> (&'static str, &'static str) {
        (ADMIN, PASSWORD)
    }

    /// Logs in, and answers as whom; `None` if that is refused.
    ///
    /// # Panics
    /// When the client is missing.
    #[must_use]
    pub fn login(&self, user: &str, password: &str) -> Option<String> {
        let output = query(self.port, user, password, "select current_user");
        let answer = String::from_utf8(output.stdout).expect("it answers in text");
        output.status.success().then(|| answer.trim().to_owned())
    }

    /// Connects to a URL as apps get one, and answers who has logged in, and whose rights count;
    /// `None` if that is refused.
    ///
    /// # Panics
    /// When the client is missing.
    #[must_use]
    pub fn login_to(&self, url: &str) -> Option<(String, String)> {
        let mut psql = client();
        psql.args([url, "-c", "select session_user || ' ' || current_user"]);
        let output = psql.output().expect("psql can be started");
        let answer = String::from_utf8(output.stdout).expect("it answers in text");
        let (user, rights) = answer.trim().split_once(' ')?;
        Some((user.to_owned(), rights.to_owned()))
    }

    /// The users that Vault has made and not removed.
    ///
    /// # Panics
    /// When they can't be listed.
    #[must_use]
    pub fn made_users(&self) -> Vec<String> {
        let made = "select rolname from pg_roles where rolname like 'v-%' order by 1";
        let output = query(self.port, ADMIN, PASSWORD, made);
        assert!(output.status.success(), "{output:?}");
        let answer = String::from_utf8(output.stdout).expect("it answers in text");
        answer.lines().map(str::to_owned).collect()
    }

    /// Lets the administrator run a file of statements, with these variables in the environment.
    ///
    /// # Panics
    /// When one of them fails.
    pub fn run_file(&self, file: &Path, environment: &[(&str, &str)]) {
        let mut psql = client();
        psql.env("PGPASSWORD", PASSWORD)
            .env("PATH", "/usr/bin:/bin");
        psql.envs(environment.iter().copied());
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        psql.args(["-U", ADMIN, "-d", "postgres", "-f"]).arg(file);
        let output = psql.output().expect("psql can be started");
        assert!(output.status.success(), "{}: {output:?}", file.display());
    }
}

/// Makes an empty database in `folder`.
fn prepare(folder: &Path) {
    let password = folder.join("password");
    fs::write(&password, PASSWORD).expect("a file can be written");
    give_away(&password);
    let mut initdb = as_its_user(&program("initdb"));
    initdb.current_dir(folder);
    initdb.args([
        "-D",
        "data",
        "-U",
        ADMIN,
        "--no-sync",
        "--no-locale",
        "-E",
        "UTF8",
    ]);
    initdb.args(["--auth=scram-sha-256", "--pwfile=password"]);
    let output = initdb.output().expect("initdb can be started");
    assert!(
        output.status.success(),
        "initdb makes no database: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn query(port: u16, user: &str, password: &str, query: &str) -> Output {
    let mut psql = client();
    psql.env("PGPASSWORD", password);
    psql.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    psql.args(["-U", user, "-d", "postgres", "-c", query]);
    psql.output().expect("psql can be started")
}

/// Its client, which asks for nothing and prints answers bare.
fn client() -> Command {
    let mut psql = Command::new(program("psql"));
    psql.env_clear();
    psql.args([
        "--no-psqlrc",
        "--tuples-only",
        "--no-align",
        "--no-password",
    ]);
    psql
}

/// A program of it, as the user that it runs as: it refuses to run as root.
fn as_its_user(program: &Path) -> Command {
    // By its own path: that user can't go through folders of root, such as what cargo builds into.
    let program = fs::canonicalize(program).expect("a program that was found is there");
    let mut command = Command::new(program);
    command.env_clear();
    if geteuid().is_root() {
        let user = its_user();
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

/// Lets the user that it runs as write a file or folder.
fn give_away(path: &Path) {
    if geteuid().is_root() {
        let user = its_user();
        let given = chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw()));
        given.expect("root can give a file away");
    }
}

fn its_user() -> User {
    let user = User::from_name("postgres").expect("users can be looked up");
    user.expect("Debian's package makes a user `postgres`")
}

fn program(name: &str) -> PathBuf {
    let built = built_server(&format!("postgresql/{name}"));
    built.unwrap_or_else(|| panic!("{name} is missing: `cargo xtask test --setup-only` sets it up"))
}
