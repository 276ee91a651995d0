//! `raw-environment [NAME=value ...] -- PROGRAM [ARGUMENTS...]`: becomes the program, with
//! exactly these strings as its environment, in this order. No shell and no `Command` can
//! give a name twice, or a string without `=`.

use std::convert::Infallible;
use std::env;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;

use nix::unistd::execve;

fn main() -> Result<Infallible, String> {
    let words = env::args_os().skip(1);
    let words: Vec<CString> = words
        .map(|word| CString::new(word.into_vec()).expect("an argument has no NUL"))
        .collect();
    let separator = words.iter().position(|word| word.as_bytes() == b"--");
    let (strings, command) = words.split_at(separator.unwrap_or(words.len()));
    let [_, program, ..] = command else {
        return Err("usage: raw-environment [NAME=value ...] -- PROGRAM [ARGUMENTS...]".into());
    };
    execve(program, &command[1..], strings).map_err(|errno| errno.to_string())
}
