//! What programs have in common that serve dummies to benches, near and over a [`Link`].

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Link;

/// How many round trips are measured.
const COUNT: usize = 41;

/// Prints the origin of a server, that of a link to it, and how many seconds a round trip over such
/// a link takes on this machine, which has to wake up four times for it. Comes back when standard
/// input ends, so that a server does not outlive who started it.
///
/// # Errors
/// When nobody reads that, or it can't be measured.
pub fn serve_until_left(near: &str, far: &str, round_trip: Duration) -> io::Result<()> {
    let measured = measured(round_trip)?.as_secs_f64();
    let mut output = io::stdout();
    writeln!(output, "{near}\n{far}\n{measured}")?;
    output.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// The median of some round trips of one byte over a link that is said to take so long.
fn measured(said: Duration) -> io::Result<Duration> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let link = Link::to(listener.local_addr()?).round_trip(said);
    let echo = thread::spawn(move || -> io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut byte = [0];
        while stream.read(&mut byte)? > 0 {
            stream.write_all(&byte)?;
        }
        Ok(())
    });
    let mut stream = TcpStream::connect(link.address())?;
    let mut turn = || {
        let begun = Instant::now();
        stream.write_all(b".")?;
        stream.read_exact(&mut [0])?;
        Ok(begun.elapsed())
    };
    // The first has the handshake in it.
    turn()?;
    let mut taken = (0..COUNT).map(|_| turn()).collect::<io::Result<Vec<_>>>()?;
    drop(stream);
    let _ = echo.join();
    taken.sort();
    Ok(taken[COUNT / 2])
}
