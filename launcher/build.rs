//! Tells the linker how to pack relocations.
//!
//! The launcher is a position-independent program with tens of thousands of pointers in its
//! constant data, and the loader corrects each at every start. Packed (`DT_RELR`) they are a
//! fiftieth of the size, which is read at every start, too.

use std::env;
use std::process::Command;

/// The first glibc whose loader understands packed relocations.
const FIRST_GLIBC: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let is_glibc =
        variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    // Of another machine's glibc nothing is known.
    let is_this_machine = variable("HOST") == variable("TARGET");
    if is_glibc && is_this_machine && glibc().is_some_and(|version| version >= FIRST_GLIBC) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf")
        .arg("GNU_LIBC_VERSION")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    // A release of corrections may have a third number.
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
