//! Numbers, times and bytes as processes of one launcher write them to each other.

use std::time::Duration;

use secret_runtime::plan::DocumentId;

pub(super) fn length(of: usize) -> [u8; 4] {
    // More than fits is more than the parent reads.
    u32::try_from(of).unwrap_or(u32::MAX).to_le_bytes()
}

pub(super) fn time(time: Duration) -> [u8; 8] {
    let millis = u64::try_from(time.as_millis());
    millis.unwrap_or(u64::MAX).to_le_bytes()
}

pub(super) fn take_time(rest: &mut &[u8]) -> Option<Duration> {
    take(rest).map(|bytes| Duration::from_millis(u64::from_le_bytes(bytes)))
}

pub(super) fn document(rest: &mut &[u8]) -> Option<DocumentId> {
    Some(DocumentId {
        backend: number(rest)?,
        request: number(rest)?,
    })
}

pub(super) fn number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(rest)?)).ok()
}

pub(super) fn bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = number(rest)?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}
