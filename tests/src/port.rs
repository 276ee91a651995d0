//! Ports to listen on.

use std::net::{Ipv4Addr, TcpListener};

/// A port of 127.0.0.1 that nobody listens on. Another process may take it meanwhile, so let
/// a server choose for itself where it can tell its port.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.expect("a port is free").port()
}
