//! The name that is meant by one that is not known.

/// The known name that a given one means: the same letters in Lever's own
/// spelling (`maxItems`, `max_items`), or a slip of the finger in a third of
/// them at most.
pub fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |name: &str| {
        let letters = name.chars().filter(char::is_ascii_alphanumeric).take(80);
        letters.map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let given = plain(given);
    let most = (given.len() / 3).max(1);
    let distances = known.iter().map(|name| (strsim::osa_distance(&plain(name), &given), *name));
    distances.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
        let known = ["query", "max-items", "created-at-start"];
        let rows = [
            ("qeury", Some("query")),
            ("maxItems", Some("max-items")),
            ("createdAtStart", Some("created-at-start")),
            ("created_at_strat", Some("created-at-start")),
            ("colour", None),
            ("", None),
        ];
        for (given, expected) in rows {
            assert_eq!(nearest(given, &known), expected, "{given}");
        }
    }
}
