//! Masks values in a stream that comes in pieces.
//!
//! All places of all values are found, also where they overlap. Nothing is held back but the
//! end of what came, as far as it could be the beginning of a value.

use std::sync::Arc;

use aho_corasick::{AhoCorasick, BuildError};
use zeroize::Zeroizing;

use super::spellings::{self, SHORTEST, Values};

/// What stands in place of a value, whatever its length.
const MASK: &[u8] = b"***";

/// What is looked for.
pub(super) struct Patterns {
    automaton: AhoCorasick,
    /// The same, in order.
    sorted: Vec<Zeroizing<Vec<u8>>>,
    longest: usize,
}

impl Patterns {
    pub(super) fn of<'a>(
        values: impl Iterator<Item = &'a Values>,
    ) -> Result<Arc<Self>, BuildError> {
        let values = values.flatten();
        let mut sorted: Vec<_> = values
            .flat_map(|value| spellings::of(value.expose()))
            .collect();
        sorted.sort_by(|one, other| one.as_slice().cmp(other.as_slice()));
        sorted.dedup();
        Ok(Arc::new(Self {
            automaton: AhoCorasick::new(sorted.iter().map(|spelling| spelling.as_slice()))?,
            longest: sorted
                .iter()
                .map(|spelling| spelling.len())
                .max()
                .unwrap_or(0),
            sorted,
        }))
    }

    /// Where the longest end of `text` begins that a value could begin with.
    fn undecided(&self, text: &[u8]) -> usize {
        let first = (text.len() + 1).saturating_sub(self.longest);
        let begins = |at: &usize| self.begins(&text[*at..]);
        (first..text.len()).find(begins).unwrap_or(text.len())
    }

    /// Whether a longer spelling begins with `text`.
    fn begins(&self, text: &[u8]) -> bool {
        let next = self
            .sorted
            .partition_point(|spelling| spelling.as_slice() <= text);
        let next = self.sorted.get(next);
        next.is_some_and(|spelling| spelling.starts_with(text))
    }
}

/// One stream.
pub(super) struct Masker {
    patterns: Arc<Patterns>,
    /// What is not decided yet.
    held: Zeroizing<Vec<u8>>,
    /// How much of that is written already, masked or not.
    done: usize,
    /// Whether the last thing written was a mask for what ends at `done`.
    in_mask: bool,
}

impl Masker {
    pub(super) fn new(patterns: Arc<Patterns>) -> Self {
        Self {
            patterns,
            held: Zeroizing::default(),
            done: 0,
            in_mask: false,
        }
    }

    /// Looks for other values from now on.
    pub(super) fn look_for(&mut self, patterns: Arc<Patterns>) {
        self.patterns = patterns;
    }

    /// What of the stream can be written once `piece` came.
    pub(super) fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut text = Zeroizing::new(Vec::with_capacity(self.held.len() + piece.len()));
        text.extend_from_slice(&self.held);
        text.extend_from_slice(piece);
        let decided = self.patterns.undecided(&text);
        self.write(&text, decided, out);
        self.held = Zeroizing::new(text[decided..].to_vec());
        self.done = self.done.saturating_sub(decided);
    }

    /// Nothing came for a while. Who waits for an answer must not wait for the end of their
    /// question: a few bytes are shown, and what is more of a value is masked although it
    /// could be something else.
    pub(super) fn idle(&mut self, out: &mut Vec<u8>) {
        if self.held.len() < SHORTEST {
            self.show(&self.held.clone(), self.held.len(), out);
        } else {
            self.mask(self.held.len(), out);
        }
    }

    /// Whether something is held back.
    pub(super) fn holds(&self) -> bool {
        self.done < self.held.len()
    }

    /// The rest, which nothing follows.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        let text = std::mem::take(&mut self.held);
        self.write(&text, text.len(), out);
        self.done = 0;
    }

    /// Writes `text` up to `decided`, with masks; a mask may reach further.
    fn write(&mut self, text: &[u8], decided: usize, out: &mut Vec<u8>) {
        let mut found: Vec<(usize, usize)> = self
            .patterns
            .automaton
            .find_overlapping_iter(text)
            .map(|found| (found.start(), found.end()))
            .collect();
        found.sort_unstable();
        for (start, end) in found {
            self.show(text, start.min(decided), out);
            if start < decided {
                self.mask(end, out);
            }
        }
        self.show(text, decided, out);
    }

    fn show(&mut self, text: &[u8], end: usize, out: &mut Vec<u8>) {
        if end > self.done {
            out.extend_from_slice(&text[self.done..end]);
            self.done = end;
            self.in_mask = false;
        }
    }

    fn mask(&mut self, end: usize, out: &mut Vec<u8>) {
        if end > self.done {
            if !self.in_mask {
                out.extend_from_slice(MASK);
            }
            self.done = end;
            self.in_mask = true;
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that fails says where")]

    use proptest::prelude::*;
    use secret_runtime::secret::SecretValue;

    use super::*;

    fn masker(values: &[&[u8]]) -> Masker {
        let values: Values = values
            .iter()
            .map(|value| SecretValue::copy_of(value))
            .collect();
        Masker::new(Patterns::of([values].iter()).unwrap())
    }

    fn masked(values: &[&[u8]], pieces: &[&[u8]]) -> String {
        let (mut masker, mut out) = (masker(values), Vec::new());
        for piece in pieces {
            masker.feed(piece, &mut out);
        }
        masker.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_value_is_masked_in_one_piece_and_in_many() {
        let value: &[&[u8]] = &[b"hunter22"];
        assert_eq!(masked(value, &[b"it is hunter22!"]), "it is ***!");
        assert_eq!(masked(value, &[b"it is hun", b"ter2", b"2!"]), "it is ***!");
        assert_eq!(masked(value, &[b"hunter22hunter22"]), "***");
        assert_eq!(masked(value, &[b"hunter2", b"3 hunt"]), "hunter23 hunt");
    }

    #[test]
    fn values_that_overlap_or_contain_each_other_leave_no_rest() {
        let values: &[&[u8]] = &[b"abcdef", b"defghi", b"abcdefxyz"];
        assert_eq!(masked(values, &[b"-abcdefghi-"]), "-***-");
        assert_eq!(masked(values, &[b"-abcdef", b"ghi-"]), "-***-");
        assert_eq!(masked(values, &[b"-abcdef", b"xyz-"]), "-***-");
        assert_eq!(masked(values, &[b"-abcdef", b"xyy-"]), "-***xyy-");
    }

    #[test]
    fn only_what_could_be_a_value_is_held_back() {
        let (mut masker, mut out) = (masker(&[b"hunter22"]), Vec::new());
        masker.feed(b"Name: ", &mut out);
        assert_eq!(out, b"Name: ");
        masker.feed(b"he", &mut out);
        assert_eq!(out, b"Name: he");
        masker.feed(b"hu", &mut out);
        assert_eq!(out, b"Name: he");
        assert!(masker.holds());
        masker.feed(b"!", &mut out);
        assert_eq!(out, b"Name: hehu!");
        assert!(!masker.holds());
    }

    #[test]
    fn who_writes_slowly_shows_no_more_than_the_first_bytes() {
        let (mut masker, mut out) = (masker(&[b"hunter22"]), Vec::new());
        for byte in b"hunter22." {
            masker.feed(&[*byte], &mut out);
            masker.idle(&mut out);
            assert!(!masker.holds());
        }
        assert_eq!(String::from_utf8_lossy(&out), "hun***.");
    }

    proptest! {
        #[test]
        fn pieces_change_nothing(
            text in "[abc]{0,60}",
            values in prop::collection::vec("[abc]{4,6}", 0..4),
            cuts in prop::collection::vec(0_usize..60, 0..8),
        ) {
            let values: Vec<&[u8]> = values.iter().map(String::as_bytes).collect();
            let whole = masked(&values, &[text.as_bytes()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts
                .windows(2)
                .map(|pair| &text.as_bytes()[pair[0]..pair[1]])
                .collect();
            prop_assert_eq!(masked(&values, &pieces), whole.clone());
            for value in values {
                prop_assert!(!whole.contains(std::str::from_utf8(value).unwrap()));
            }
        }
    }
}
