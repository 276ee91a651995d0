//! The example services, of which one runs under the launcher.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::launcher::{clone, content, output_file, wait};
use crate::{End, Launcher, Outcome, binary};

/// How long a start, an answer or a stop may take.
const LIMIT: Duration = Duration::from_secs(30);
const GREETING: &str = "listening on http://";

/// A gateway that listens. It is killed when it is dropped.
#[derive(Debug)]
pub struct Gateway {
    child: Child,
    address: SocketAddr,
    first_line: String,
    stderr: File,
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers as they came.
    pub headers: String,
    /// The body.
    pub body: String,
}

impl Gateway {
    /// Starts the gateway under `launcher` on a free port, and waits until it listens.
    ///
    /// # Panics
    /// When it does not: the text shows what it wrote instead.
    #[must_use]
    pub fn start(launcher: Launcher<'_>) -> Self {
        let launcher = launcher.env("LISTEN", "127.0.0.1:0");
        Self::spawn(launcher.command([binary("api-gateway")]).into_command())
    }

    /// Starts a service that needs no launcher, which is given as one, and waits until it says that
    /// it listens on a free port.
    ///
    /// # Panics
    /// When it does not: the text shows what it wrote instead.
    #[must_use]
    pub fn alone(service: Launcher<'_>) -> Self {
        Self::spawn(service.env("LISTEN", "127.0.0.1:0").into_command())
    }

    /// A file of the process in `/proc`.
    #[must_use]
    pub fn proc(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.id()))
    }

    fn spawn(mut command: Command) -> Self {
        let stderr = output_file();
        command.stdout(Stdio::piped()).stderr(clone(&stderr));
        let mut child = command.spawn().expect("the launcher can be started");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let first_line = first_line(stdout);
        let address = first_line.strip_prefix(GREETING).map(str::trim);
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            // Either may have happened already; the text below says what matters.
            let _ = child.kill();
            let _ = child.wait();
            let stderr = content(stderr);
            panic!(
                "no gateway listens: {first_line:?}\n--- stderr\n{}",
                String::from_utf8_lossy(&stderr)
            );
        };
        Self {
            child,
            address,
            first_line,
            stderr,
        }
    }

    /// The process that was started: the launcher, and since exec the gateway.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks for a path.
    ///
    /// # Panics
    /// When there is no HTTP answer in time.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).expect("the gateway listens");
        stream
            .set_read_timeout(Some(LIMIT))
            .expect("the limit is not zero");
        let request = format!("GET {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .expect("the gateway takes a request");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("the gateway answers in text");
        Answer::parse(&answer).unwrap_or_else(|| panic!("no HTTP answer: {answer:?}"))
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When the gateway goes on.
    #[must_use]
    pub fn stop(mut self) -> Outcome {
        let id = i32::try_from(self.child.id()).expect("process ids are small");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("a child can be signalled");
        let status = wait(&mut self.child, LIMIT).expect("the gateway ends on SIGTERM");
        Outcome {
            end: End::from(status),
            stdout: self.first_line.clone().into_bytes(),
            stderr: content(clone(&self.stderr)),
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself: then both say so, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    fn parse(answer: &str) -> Option<Self> {
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let (status, headers) = head.split_once("\r\n")?;
        Some(Self {
            status: status.split(' ').nth(1)?.parse().ok()?,
            headers: headers.to_owned(),
            body: body.to_owned(),
        })
    }
}

/// The first line, or what there is of it after [`LIMIT`] or at the end.
fn first_line(stdout: ChildStdout) -> String {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut line = String::new();
        // What could not be read is shown as the empty line that it is.
        let _ = BufReader::new(stdout).read_line(&mut line);
        sender.send(line)
    });
    receiver.recv_timeout(LIMIT).unwrap_or_default()
}
