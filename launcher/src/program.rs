//! What a file that the kernel would not execute is: read only after `execve` failed,
//! to say which part is missing or wrong.
//!
//! It reads one page of the file at most. It must not decide whether something starts,
//! beyond telling a script from what no shell could read.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// What the first bytes of a file say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Program {
    /// Begins with `#!` and the name of an interpreter.
    Script {
        /// As it stands there, with a carriage return if the line ends in one.
        interpreter: PathBuf,
    },
    /// An ELF file.
    Elf {
        /// The processor that it is for.
        machine: Machine,
        /// The loader that it asks for, if it is linked dynamically and says so in its
        /// first page.
        loader: Option<PathBuf>,
    },
    /// Text, or nothing: a script for the shell.
    Text,
    /// Neither ELF nor text.
    Data,
    /// Could not be read.
    Unknown,
}

/// A processor, by its number in ELF files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine(u16);

impl Machine {
    /// Its usual name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            3 => "x86 (32 bits)",
            8 => "MIPS",
            20 => "PowerPC (32 bits)",
            21 => "PowerPC (64 bits)",
            22 => "s390x",
            40 => "ARM (32 bits)",
            62 => "x86_64",
            183 => "aarch64",
            243 => "RISC-V",
            258 => "LoongArch",
            _ => "another processor",
        }
    }
}

impl Program {
    /// Looks at the file.
    pub(crate) fn at(path: &Path) -> Self {
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| file.take(4096).read_to_end(&mut head));
        if read.is_err() {
            Self::Unknown
        } else {
            Self::of(&head)
        }
    }

    /// Whether it is for `/bin/sh` when the kernel knows no format for it. A file that
    /// cannot be read is: the shell then says so itself.
    pub(crate) fn is_for_the_shell(&self) -> bool {
        matches!(self, Self::Text | Self::Script { .. } | Self::Unknown)
    }

    fn of(head: &[u8]) -> Self {
        let first_line = head.split(|byte| *byte == b'\n').next().unwrap_or(&[]);
        if let Some(line) = first_line.strip_prefix(b"#!") {
            return interpreter(line)
                .map_or(Self::Text, |interpreter| Self::Script { interpreter });
        }
        if head.starts_with(b"\x7fELF") {
            return elf(head).unwrap_or(Self::Data);
        }
        if first_line.contains(&0) {
            Self::Data
        } else {
            Self::Text
        }
    }
}

/// The first word after `#!`, split where the kernel splits: at blanks and tabs alone.
fn interpreter(line: &[u8]) -> Option<PathBuf> {
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t'));
    let word = words.find(|word| !word.is_empty())?;
    Some(OsString::from_vec(word.to_vec()).into())
}

fn elf(head: &[u8]) -> Option<Program> {
    let reader = Reader {
        bytes: head,
        wide: *head.get(4)? == 2,
        big_endian: *head.get(5)? == 2,
    };
    Some(Program::Elf {
        machine: Machine(reader.half(18)?),
        loader: reader.loader(),
    })
}

/// Reads the fields of an ELF header, each at its place for the file's word size.
struct Reader<'a> {
    bytes: &'a [u8],
    wide: bool,
    big_endian: bool,
}

impl Reader<'_> {
    fn number(&self, at: usize, length: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(length)?)?;
        let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big_endian {
            bytes.iter().fold(0, append)
        } else {
            bytes.iter().rev().fold(0, append)
        })
    }

    fn half(&self, at: usize) -> Option<u16> {
        self.number(at, 2)
            .and_then(|number| u16::try_from(number).ok())
    }

    /// A field of the file's word size, at its place in files of 64 or 32 bits.
    fn word(&self, wide_at: usize, narrow_at: usize) -> Option<usize> {
        let number = if self.wide {
            self.number(wide_at, 8)
        } else {
            self.number(narrow_at, 4)
        };
        number.and_then(|number| usize::try_from(number).ok())
    }

    fn loader(&self) -> Option<PathBuf> {
        const PT_INTERP: u64 = 3;
        let table = self.word(32, 28)?;
        let size = usize::from(self.half(if self.wide { 54 } else { 42 })?);
        let count = usize::from(self.half(if self.wide { 56 } else { 44 })?);
        for index in 0..count {
            let header = table.checked_add(index.checked_mul(size)?)?;
            // A header beyond what was read ends the search: later ones are too.
            if self.number(header, 4)? == PT_INTERP {
                let start = self.word(header.checked_add(8)?, header.checked_add(4)?)?;
                let path = self.bytes.get(start..)?.split(|byte| *byte == 0).next()?;
                return Some(OsString::from_vec(path.to_vec()).into());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_its_interpreter_without_its_arguments() {
        let interpreter = |line: &[u8]| match Program::of(line) {
            Program::Script { interpreter } => interpreter.into_os_string().into_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(interpreter(b"#!/usr/bin/env -S node\nx"), b"/usr/bin/env");
        assert_eq!(interpreter(b"#! \t/bin/sh"), b"/bin/sh");
        assert_eq!(interpreter(b"#!/bin/sh\r\nx"), b"/bin/sh\r");
        assert_eq!(Program::of(b"#!\necho"), Program::Text);
    }

    #[test]
    fn text_is_for_the_shell_and_data_is_not() {
        assert!(Program::of(b"").is_for_the_shell());
        assert!(Program::of(b"echo hello\n\0\0").is_for_the_shell());
        assert!(!Program::of(b"\x89PNG\0\0\n").is_for_the_shell());
        assert!(!Program::of(b"\x7fELF").is_for_the_shell());
    }

    #[test]
    fn a_program_says_its_machine_and_loader() {
        let Program::Elf { machine, loader } = Program::at(Path::new("/bin/sh")) else {
            panic!("/bin/sh is not an ELF file");
        };
        assert_eq!(machine.name(), std::env::consts::ARCH);
        assert!(loader.is_none_or(|loader| loader.exists()));
    }

    #[test]
    fn big_endian_programs_are_read_too() {
        let mut head = b"\x7fELF\x02\x02\x01".to_vec();
        head.resize(64, 0);
        head[18..20].copy_from_slice(&22_u16.to_be_bytes());
        assert_eq!(
            Program::of(&head),
            Program::Elf {
                machine: Machine(22),
                loader: None
            }
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(
            start in proptest::sample::select(vec![&b""[..], b"#!", b"\x7fELF\x02\x01", b"\x7fELF\x01\x02"]),
            rest in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
        ) {
            Program::of(&[start, &rest].concat());
        }
    }
}
