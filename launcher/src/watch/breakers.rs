//! Which backends have failed several times in a row, as a candidate tells its parent: the next one
//! is told, and leaves them alone. Times are told as what is left of them.

use std::time::Instant;

use secret_runtime::resilience::{Breaker, Breakers};

use super::wire::{bytes, length, take, take_time, time};

/// Behind a first byte.
pub(super) fn encode(breakers: &Breakers, kind: u8, now: Instant) -> Vec<u8> {
    let mut content = vec![kind];
    for (backend, breaker) in breakers.iter() {
        content.extend_from_slice(&length(backend.len()));
        content.extend_from_slice(backend.as_bytes());
        content.extend_from_slice(&breaker.failures.to_le_bytes());
        content.push(u8::from(breaker.open_until.is_some()));
        let left = breaker.open_until.unwrap_or(now);
        content.extend_from_slice(&time(left.saturating_duration_since(now)));
    }
    content
}

/// What was encoded, without its first byte.
pub(super) fn decode(mut rest: &[u8], now: Instant) -> Option<Breakers> {
    let mut breakers = Vec::new();
    while !rest.is_empty() {
        let backend = String::from_utf8(bytes(&mut rest)?.to_vec()).ok()?;
        let failures = u32::from_le_bytes(take(&mut rest)?);
        let is_open = take::<1>(&mut rest)? == [1];
        let left = take_time(&mut rest)?;
        let breaker = Breaker {
            failures,
            open_until: is_open.then(|| now + left),
        };
        breakers.push((backend, breaker));
    }
    Some(breakers.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn they_arrive_as_they_were_told() {
        let now = Instant::now();
        let mut breakers = Breakers::default();
        breakers.failed("aws", now, Duration::from_secs(30));
        (0..3).for_each(|_| breakers.failed("vault", now, Duration::from_secs(30)));
        let content = encode(&breakers, b'b', now);
        assert_eq!(decode(&content[1..], now), Some(breakers));
        for end in 2..content.len() {
            let cut = decode(&content[1..end], now);
            assert!(cut.is_none_or(|cut| cut.iter().count() < 2), "{end}");
        }
    }
}
