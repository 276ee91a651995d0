//! `[metrics]`: where it is counted what runs do.

use std::net::SocketAddr;
use std::path::PathBuf;

use toml::Spanned;

use super::entries::malformed;
use super::reader::{Reader, Table};

/// Keys of `[metrics]`.
pub(super) const METRICS_KEYS: &[&str] = &["listen", "textfile"];

/// What the node exporter looks for in its folder.
const ENDING: &str = ".prom";
/// What the kernel has room for in the address of a socket, beside its last zero: also while the
/// socket is made, under a name that is longer by an ending.
const LONGEST_SOCKET: usize = 107 - ".new".len();

/// `[metrics]`. A manifest without it has nothing counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSettings {
    /// The file that every run adds itself to, relative to the manifest.
    pub textfile: Option<PathBuf>,
    /// Where the parent of a command that is watched answers who asks.
    pub listen: Option<MetricsAddress>,
}

/// Where the parent of a command that is watched answers: on this machine alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricsAddress {
    /// A port of a loopback address.
    Loopback(SocketAddr),
    /// A Unix socket, relative to the manifest.
    Unix(PathBuf),
}

pub(super) fn read(reader: &mut Reader, table: &Table<'_, '_>) -> Option<MetricsSettings> {
    table.only(reader, METRICS_KEYS);
    if METRICS_KEYS.iter().all(|key| table.get(key).is_none()) {
        let advice = "write `textfile = \"...prom\"`, `listen = \"127.0.0.1:9464\"`, or both";
        table.missing(reader, "textfile", advice);
        return None;
    }
    Some(MetricsSettings {
        textfile: textfile(reader, table),
        listen: listen(reader, table),
    })
}

fn textfile(reader: &mut Reader, table: &Table<'_, '_>) -> Option<PathBuf> {
    let text = table.text(reader, "textfile")?;
    let path = text.get_ref();
    let name = path.rsplit('/').next().unwrap_or_default();
    let has_name = name.len() > ENDING.len() && name.ends_with(ENDING);
    if !has_name || path.contains(char::is_control) {
        let wanted = "the path of a file whose name ends in `.prom`, as the node exporter wants it";
        let example = "textfile = \"/var/lib/node_exporter/textfile/shop.prom\"";
        malformed(reader, "textfile", wanted, example, &text.span());
        return None;
    }
    Some(PathBuf::from(path))
}

fn listen(reader: &mut Reader, table: &Table<'_, '_>) -> Option<MetricsAddress> {
    let text: Spanned<String> = table.text(reader, "listen")?;
    let address = match text.get_ref().strip_prefix("unix:") {
        Some(path) => socket(path),
        None => loopback(text.get_ref()),
    };
    if address.is_none() {
        let wanted = "an address of this machine alone (127.0.0.1 or [::1]) with a port, or \
            `unix:` and the path of a socket";
        let example = "listen = \"127.0.0.1:9464\"; for others, let a proxy or an agent of this \
            machine answer";
        malformed(reader, "listen", wanted, example, &text.span());
    }
    address
}

fn loopback(text: &str) -> Option<MetricsAddress> {
    let address: SocketAddr = text.parse().ok()?;
    let is_ours = address.ip().is_loopback() && address.port() != 0;
    is_ours.then_some(MetricsAddress::Loopback(address))
}

fn socket(path: &str) -> Option<MetricsAddress> {
    let has_name = !path.is_empty() && !path.ends_with('/');
    let fits = path.len() <= LONGEST_SOCKET && !path.contains(char::is_control);
    (has_name && fits).then(|| MetricsAddress::Unix(PathBuf::from(path)))
}
