//! What somebody probably meant.

/// Longer texts are no slips; the distance of long texts costs time and memory.
const LONGEST: usize = 64;

/// The candidate nearest to `text`, if one is near enough to be a slip of the fingers.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    // Transpositions count as one slip; a short name must not match everything.
    if text.len() > LONGEST {
        return None;
    }
    let budget = (text.chars().count() / 3).clamp(1, 3);
    let text = text.to_lowercase();
    let length = text.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 2 * LONGEST)
        .filter_map(|candidate| {
            let lower = candidate.to_lowercase();
            // A difference of length is a distance, and costs less.
            (lower.chars().count().abs_diff(length) <= budget)
                .then(|| (strsim::damerau_levenshtein(&text, &lower), candidate))
        })
        .filter(|(distance, _)| *distance <= budget)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_find_their_name_and_strangers_do_not() {
        let known = ["validate", "description", "required", "from"];
        assert_eq!(nearest("validat", known).as_deref(), Some("validate"));
        assert_eq!(nearest("Requierd", known).as_deref(), Some("required"));
        assert_eq!(nearest("form", known).as_deref(), Some("from"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(nearest("", known), None);
    }
}
