//! `no-executable-memory PROGRAM [ARGUMENTS...]`: becomes the program, which may make no memory
//! executable: what `MemoryDenyWriteExecute=yes` of systemd does, by the same means.
//!
//! Code that is mapped from a file without being writable runs, as that of the program itself.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;

use nix::libc;
use nix::unistd::execv;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

fn main() -> Result<Infallible, Box<dyn Error>> {
    let words = env::args_os().skip(1);
    let words: Vec<CString> = words
        .map(|word| CString::new(word.into_vec()).expect("an argument has no NUL"))
        .collect();
    let program = words.first().ok_or("usage: no-executable-memory PROGRAM")?;
    apply_filter(&filter()?)?;
    Ok(execv(program, &words)?)
}

fn filter() -> Result<BpfProgram, Box<dyn Error>> {
    // The third argument of each of them is what the memory may be used for.
    let has = |rights: i32| {
        let rights = u64::try_from(rights).expect("rights are bits");
        let operator = SeccompCmpOp::MaskedEq(rights);
        SeccompCondition::new(2, SeccompCmpArgLen::Dword, operator, rights)
    };
    let rule = |rights| Ok::<_, Box<dyn Error>>(vec![SeccompRule::new(vec![has(rights)?])?]);
    let rules = [
        (libc::SYS_mmap, rule(libc::PROT_WRITE | libc::PROT_EXEC)?),
        (libc::SYS_mprotect, rule(libc::PROT_EXEC)?),
        (libc::SYS_pkey_mprotect, rule(libc::PROT_EXEC)?),
    ];
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(
        rules.into(),
        SeccompAction::Allow,
        denied,
        env::consts::ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}
