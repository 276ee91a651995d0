//! Tells the linker how to make a program that starts fast.
//!
//! The launcher has tens of thousands of pointers in its constant data. In a position-independent
//! program the loader corrects each at every start, and the kernel copies every page that has
//! one: a sixth of a start with five validated secrets. So the program is linked to a fixed
//! address, where its pointers are right from the start. What that gives up is said in
//! SECURITY.md; the feature `position-independent` takes the other side.
//!
//! The unwinder is linked in: a library of its own would be searched for, mapped and initialised
//! at every start, for a program that only ever aborts.

use std::env;
use std::path::Path;
use std::process::Command;

/// The first glibc whose loader understands packed relocations.
const FIRST_GLIBC: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let is_glibc =
        variable("CARGO_CFG_TARGET_OS") == "linux" && variable("CARGO_CFG_TARGET_ENV") == "gnu";
    let is_static = variable("CARGO_CFG_TARGET_FEATURE").contains("crt-static");
    if !is_glibc || is_static {
        return;
    }
    // Of another machine's compiler and glibc nothing is known.
    let is_this_machine = variable("HOST") == variable("TARGET");
    if is_this_machine && has_unwinder() {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    if env::var_os("CARGO_FEATURE_POSITION_INDEPENDENT").is_none() {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    } else if is_this_machine && glibc().is_some_and(|version| version >= FIRST_GLIBC) {
        // A fiftieth of the size, which is read at every start, too.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Whether the compiler that links has the unwinder to link in.
fn has_unwinder() -> bool {
    let output = Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output();
    // Without it, the name comes back as it was given.
    output.is_ok_and(|output| {
        let file = String::from_utf8_lossy(&output.stdout).into_owned();
        Path::new(file.trim()).is_absolute()
    })
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
