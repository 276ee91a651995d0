//! One line of the text: a name, labels, a number.

use super::label::unescape;

/// One line of the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sample<'t> {
    pub(super) name: &'t str,
    labels: Vec<(&'t str, String)>,
    number: &'t str,
}

impl<'t> Sample<'t> {
    /// The sample of a line, if it is one as we write them.
    pub(super) fn parse(line: &'t str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = Vec::new();
        if let Some(listed) = rest.strip_prefix('{') {
            rest = listed;
            loop {
                let (label, value) = rest.split_once("=\"")?;
                let (value, behind) = unescape(value)?;
                labels.push((label, value));
                rest = behind;
                match rest.strip_prefix(',') {
                    Some(next) => rest = next,
                    None => break,
                }
            }
            rest = rest.strip_prefix('}')?;
        }
        let number = rest.strip_prefix(' ')?;
        Some(Self {
            name,
            labels,
            number,
        })
    }

    /// Takes the first label, if it is this one.
    pub(super) fn take(&mut self, label: &str) -> Option<String> {
        let (first, _) = self.labels.first()?;
        (*first == label).then(|| self.labels.remove(0).1)
    }

    /// The number, if it is a whole one and no label is left that nobody has asked for.
    pub(super) fn whole(&self) -> Option<u64> {
        let number = self.number.parse().ok();
        number.filter(|_| self.labels.is_empty())
    }

    /// The number, if no label is left that nobody has asked for.
    pub(super) fn number(&self) -> Option<f64> {
        let number = self.number.parse().ok();
        number.filter(|_| self.labels.is_empty())
    }
}
