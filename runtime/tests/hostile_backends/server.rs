//! A server of this machine that answers as it is told, or not at all.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// It runs until the end of the tests.
pub(crate) struct Server {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

/// Says what is answered to a request with this head; `None` for silence.
type Reply = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Server {
    pub(crate) fn start(reply: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::default();
        let (reply, seen): (Arc<Reply>, _) = (Arc::new(reply), Arc::clone(&heads));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (reply, seen) = (Arc::clone(&reply), Arc::clone(&seen));
                thread::spawn(move || converse(&stream.unwrap(), &*reply, &seen));
            }
        });
        Self { address, heads }
    }

    /// One that answers everything with a short text.
    pub(crate) fn friendly() -> Self {
        Self::start(|_| Some(answer("200 OK", "", "fine")))
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The heads of all requests that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// An answer with these lines among its headers, each with its end.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn converse(mut stream: &TcpStream, reply: &Reply, seen: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(reader.read_line(&mut head), Ok(1..)) {
                return;
            }
        }
        seen.lock().unwrap().push(head.clone());
        if let Some(answer) = reply(&head)
            && stream.write_all(answer.as_bytes()).is_err()
        {
            return;
        }
    }
}
