//! Who it was: the user, the machine, the container.
//!
//! All of it is read of files of the kernel and `/etc/passwd`. No name service is asked: it may
//! wait for a network, and the command would wait with it.

use std::fs::File;
use std::io::Read;

use nix::unistd::geteuid;

/// More of a file is not looked at.
const READ: u64 = 1 << 20;
/// So much of a file is read at once.
const USUAL: usize = 4096;

/// Who starts something, as far as it can be found.
#[derive(Debug, Clone, Default)]
pub(super) struct Who {
    pub(super) uid: u32,
    pub(super) user: Option<String>,
    pub(super) host: Option<String>,
    pub(super) container: Option<String>,
}

impl Who {
    pub(super) fn here() -> Self {
        let uid = geteuid().as_raw();
        let host = text("/proc/sys/kernel/hostname");
        let host = host.map(|host| host.trim().to_owned());
        let groups = text("/proc/self/cgroup").unwrap_or_default();
        let container = container(&groups, host.as_deref());
        Self {
            uid,
            user: text("/etc/passwd").and_then(|users| user(&users, uid)),
            host: host.filter(|host| !host.is_empty()),
            container,
        }
    }
}

fn text(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(USUAL);
    let file = File::open(path).ok()?;
    file.take(READ).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The name in a line `name:password:uid:...`.
fn user(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        let found: u32 = parts.nth(1)?.parse().ok()?;
        (found == uid && !name.is_empty()).then(|| name.to_owned())
    })
}

/// A container's identifier has 64 hexadecimal digits in the names of control groups. Where the
/// container sees none of those, its host's name is the first 12 of them unless somebody gave
/// it another.
fn container(groups: &str, host: Option<&str>) -> Option<String> {
    let is_hex = |text: &&str, digits| {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == digits && text.bytes().all(hex)
    };
    let named = groups
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|part| is_hex(part, 64));
    named
        .or_else(|| host.filter(|host| is_hex(host, 12)))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken\n:x:7:7::/:\napp:x:1000:1000::/:\n";
        assert_eq!(user(users, 1000).as_deref(), Some("app"));
        assert_eq!(user(users, 0).as_deref(), Some("root"));
        assert_eq!(user(users, 100), None);
        assert_eq!(user(users, 7), None);
    }

    #[test]
    fn a_container_is_found_in_its_groups_or_in_its_hosts_name() {
        let id = "4f".repeat(32);
        for groups in [
            format!("12:pids:/docker/{id}\n0::/\n"),
            format!("0::/system.slice/docker-{id}.scope\n"),
            format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope\n"),
        ] {
            assert_eq!(container(&groups, Some("web")), Some(id.clone()));
        }
        let short = container("0::/\n", Some("3f4e5d6c7b8a"));
        assert_eq!(short.as_deref(), Some("3f4e5d6c7b8a"));
        assert_eq!(
            container("0::/user.slice/user-1000.slice\n", Some("laptop")),
            None
        );
        assert_eq!(container("", None), None);
    }

    #[test]
    fn somebody_is_always_here() {
        let who = Who::here();
        assert_eq!(who.uid, nix::unistd::geteuid().as_raw());
        assert!(who.host.is_some(), "{who:?}");
    }
}
