//! A Unix socket at a path: nobody else's file is replaced for it, and it goes with its process.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};
use nix::unistd::geteuid;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

/// What the mask of the process is while the file is made: the user and its group may connect.
const MASK: u32 = 0o117;

/// A socket of this process, and the file that it is found by.
pub(super) struct Socket {
    listener: UnixListener,
    file: SocketFile,
}

impl Socket {
    /// Listens at `path`. A socket there of this user that nobody listens at any more is replaced.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        let beside = beside(path);
        clear(path)?;
        clear(&beside)?;
        // The mask is that of the process, which has one thread. So nobody else may connect from
        // the first moment on.
        let before = umask(Mode::from_bits_truncate(MASK));
        let listener = UnixListener::bind(&beside);
        umask(before);
        let listener = listener?;
        let mut file = SocketFile::at(beside)?;
        listener.set_nonblocking(true)?;
        file.rename(path)?;
        Ok(Self { listener, file })
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    /// Closes it and leaves the file, which is another process's.
    pub(super) fn leave(self) {
        drop(self.listener);
        std::mem::forget(self.file);
    }
}

/// The file of a socket, which is removed with it.
struct SocketFile {
    path: PathBuf,
    /// Its device and number: another may lie there when this process ends.
    id: (u64, u64),
}

impl SocketFile {
    fn at(path: PathBuf) -> io::Result<Self> {
        let id = id(&path)?;
        Ok(Self { path, id })
    }

    fn rename(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        path.clone_into(&mut self.path);
        Ok(())
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Where the socket is made: what is renamed is never half there.
fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Takes away a socket of this user at which nobody listens.
fn clear(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let is_ours = metadata.file_type().is_socket() && metadata.uid() == geteuid().as_raw();
    if !is_ours {
        return Err(ErrorKind::AlreadyExists.into());
    }
    if is_alive(path)? {
        return Err(ErrorKind::AddrInUse.into());
    }
    fs::remove_file(path)
}

/// Whether somebody listens. One who is too busy to answer does.
fn is_alive(path: &Path) -> io::Result<bool> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let asking = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match connect(&asking, &SocketAddrUnix::new(path)?) {
        Err(Errno::CONNREFUSED) => Ok(false),
        Ok(()) | Err(_) => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixStream;

    use tempfile::TempDir;

    use super::*;

    fn failure(path: &Path) -> ErrorKind {
        let Err(error) = Socket::bind(path) else {
            panic!("it was bound");
        };
        error.kind()
    }

    #[test]
    fn a_socket_is_for_its_user_and_group_and_goes_with_its_process() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("metrics.sock");
        let socket = Socket::bind(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o660);
        UnixStream::connect(&path).unwrap();
        assert_eq!(failure(&path), ErrorKind::AddrInUse, "somebody listens");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(socket);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_socket_that_was_left_is_replaced_and_nothing_else_is() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("metrics.sock");
        for left in [&path, &beside(&path)] {
            drop(UnixListener::bind(left).unwrap());
        }
        let socket = Socket::bind(&path).unwrap();
        socket.leave();
        assert!(path.exists(), "it is the other process's");
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        assert_eq!(failure(&path), ErrorKind::AlreadyExists);
        fs::remove_file(&path).unwrap();
        let target = folder.path().join("target.sock");
        drop(UnixListener::bind(&target).unwrap());
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert_eq!(failure(&path), ErrorKind::AlreadyExists);
        assert!(target.exists());
    }

    #[test]
    fn another_file_that_came_to_lie_there_stays() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("metrics.sock");
        let socket = Socket::bind(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        drop(socket);
        assert!(path.exists());
    }
}
