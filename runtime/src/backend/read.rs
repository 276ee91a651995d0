//! Reading a file that holds values: bounded, and into memory that is wiped.
//!
//! The size that the file system reports is a hint. A file that grows while it is read,
//! or that lies about its size as those of `/proc` do, costs another buffer and nothing
//! worse.

use std::io::{self, Read};

use zeroize::Zeroizing;

/// Reads to the end. `Ok(None)` if there are more than `limit` bytes.
///
/// # Errors
/// What reading gives, but for interruptions.
pub(super) fn bounded(
    mut source: impl Read,
    size: u64,
    limit: usize,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let most = limit.saturating_add(1);
    // One byte more than expected, so that the end is seen without growing.
    let expected = usize::try_from(size).unwrap_or(limit).min(limit) + 1;
    let mut buffer = Zeroizing::new(vec![0; expected]);
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            if filled == most {
                return Ok(None);
            }
            let roomier = filled.saturating_mul(2).max(4096).min(most);
            let mut next = Zeroizing::new(vec![0; roomier]);
            next[..filled].copy_from_slice(&buffer);
            buffer = next;
        }
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(Some(buffer))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use super::*;

    #[test]
    fn all_is_read_whatever_size_was_told() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for told in [0, 1, 4095, 9_999, 10_000, 10_001, u64::MAX] {
            let read = bounded(&bytes[..], told, 10_000).unwrap().unwrap();
            assert_eq!(*read, bytes, "{told}");
        }
    }

    #[test]
    fn a_byte_over_the_limit_is_too_much_whatever_size_was_told() {
        for told in [0, 7, 8, 100] {
            assert!(bounded(&[0; 8][..], told, 7).unwrap().is_none());
            assert!(bounded(&[0; 7][..], told, 7).unwrap().is_some());
        }
    }
}
