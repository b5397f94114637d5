//! What Lever documents that it refuses, said before a request is spent on it.
//!
//! Each error names the value, the rule and the remedy. Lists of names that
//! Lever may lengthen, such as origins and states, are not rules. A check is a
//! list of rules as data: written out at each place, the code of the component
//! was 50 KiB larger.

use crate::core::error::{Error, shown};
use crate::core::http::base_url::Base;

/// How far the clock of this host may be behind Lever's, in milliseconds.
const SKEW_MS: u64 = 60_000;

/// September 2020: a clock that shows less was never set.
const CLOCK_IS_SET_MS: u64 = 1_600_000_000_000;

/// A day in milliseconds.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A value, by what must be true of it.
#[derive(Clone, Copy, Debug)]
pub enum Rule<'a> {
    /// It is not blank.
    Filled(&'a str),
    /// It is not blank, or left out.
    IfGiven(&'a Option<String>),
    /// There is one at least, and none is blank.
    Some(&'a [String]),
    /// None is blank.
    Each(&'a [String]),
    /// There is one at most, as Lever filters by one.
    One(&'a [String]),
    /// From 1 to 4.
    Score(Option<u32>),
    /// Not in the future of this host's clock, the second value, which may be
    /// behind Lever's by a minute, or not be set at all.
    Past(Option<u64>, u64),
    /// It is one of these words, or left out.
    Word(Option<&'a str>, &'static [&'static str]),
    /// It has an `@`, as every e-mail address, or is left out.
    Email(Option<&'a str>),
    /// It has the form of a time zone's name: which there are, Lever knows.
    Zone(&'a str),
    /// An https URL, or one of this machine.
    Webhook(&'a str),
}

/// Checks values under their names.
///
/// # Errors
///
/// The first one that breaks its rule.
#[inline(never)]
pub fn check(values: &[(&str, Rule<'_>)]) -> Result<(), Error> {
    values.iter().try_for_each(|(name, rule)| match broken(name, *rule) {
        None => Ok(()),
        Some(fault) => Err(Error::invalid(format!("{name}{fault}"))),
    })
}

/// The same for an item of a list, whose values are named behind it.
///
/// # Errors
///
/// As for [`check`].
#[inline(never)]
pub fn check_in(list: &str, place: usize, values: &[(&str, Rule<'_>)]) -> Result<(), Error> {
    check(values).map_err(|error| Error::invalid(format!("{list}[{place}].{}", error.message)))
}

/// What is wrong with a value, behind its name.
fn broken(name: &str, rule: Rule<'_>) -> Option<String> {
    let fault = match rule {
        Rule::Filled(text) => blank(text)?,
        Rule::IfGiven(text) => format!("{} Leave it out for none.", blank(text.as_deref()?)?),
        Rule::Some([]) => " is empty. Give at least one.".to_owned(),
        Rule::Some(texts) | Rule::Each(texts) => {
            let place = texts.iter().position(|text| blank(text).is_some())?;
            format!("[{place}]{}", blank(texts.get(place)?)?)
        }
        Rule::One([] | [_]) => return None,
        Rule::One(texts) => {
            format!(" holds {} values; Lever filters by one. Ask once for each.", texts.len())
        }
        Rule::Score(score) => match score? {
            1..=4 => return None,
            score => format!(" is {score}; Lever takes 1 to 4."),
        },
        Rule::Past(time, now) => {
            let time = time.filter(|time| *time > now.saturating_add(SKEW_MS))?;
            if now < CLOCK_IS_SET_MS {
                return None;
            }
            format!(
                " {time} is in the future: it is now {now}, in milliseconds since 1970. Give a time of the past, or leave it out for now."
            )
        }
        Rule::Word(word, words) => {
            let word = word.filter(|word| !words.contains(word))?;
            format!(" is {}; Lever takes {}.", shown(word), words.join(", "))
        }
        Rule::Email(email) => {
            email.filter(|email| !email.contains('@'))?;
            " is not an e-mail address. Give one such as \"name@example.com\".".to_owned()
        }
        Rule::Zone(zone) => {
            let mut bytes = zone.bytes();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
            if bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
                && bytes.all(is_plain)
                && !zone.ends_with('/')
            {
                return None;
            }
            format!(
                " {} is not the name of a time zone. Give one of the IANA's, such as \"Europe/Lisbon\".",
                shown(zone)
            )
        }
        Rule::Webhook(url) => {
            let mut ends = url.bytes().enumerate().filter(|(_, byte)| b"/?#".contains(byte));
            let end = ends.nth(2).map_or(url.len(), |(end, _)| end);
            let server = Base::parse(name, url.get(..end).unwrap_or_default(), "");
            let is_plain = url.bytes().all(|byte| byte > b' ' && byte != 0x7f);
            if is_plain && server.is_ok_and(|server| server.keeps_secrets()) {
                return None;
            }
            format!(
                " {} is not an https URL, to which alone Lever delivers. Give one such as \"https://events.example.com/lever\".",
                shown(url)
            )
        }
    };
    Some(fault)
}

fn blank(text: &str) -> Option<String> {
    text.trim().is_empty().then(|| format!(" is {}; it must not be blank.", shown(text)))
}

/// Checks the span of time of deleted records for what Lever would refuse.
///
/// # Errors
///
/// One that is longer than 30 days, or ends before it starts.
pub fn check_span(start: u64, end: u64) -> Result<(), Error> {
    match end.checked_sub(start) {
        None => Err(Error::invalid("deleted-at-end is before deleted-at-start.")),
        Some(span) if span > 30 * DAY_MS => Err(Error::invalid(format!(
            "from deleted-at-start to deleted-at-end are {} days; Lever takes 30 at most. Ask for one span after the other.",
            span.div_ceil(DAY_MS)
        ))),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::{ErrorKind, Outcome};

    const NOW: u64 = 1_800_000_000_000;

    #[test]
    fn what_breaks_a_rule_is_refused_by_its_name_and_what_keeps_it_passes() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (absent, blank) = (None, Some(String::from(" \n")));
        let (a, ab, blank_b) = (texts(&["a"]), texts(&["a", "b"]), texts(&["a", ""]));
        let rows = [
            (Rule::Filled("x"), ""),
            (Rule::Filled(""), "it is \"\"; it must not be blank."),
            (Rule::Filled(" \t\n"), "must not be blank"),
            (Rule::Filled("\u{3000}"), "must not be blank"),
            (Rule::IfGiven(&absent), ""),
            (Rule::IfGiven(&blank), "Leave it out"),
            (Rule::Some(&a), ""),
            (Rule::Some(&[]), "it is empty. Give at least one."),
            (Rule::Some(&blank_b), "it[1] is \"\""),
            (Rule::Each(&[]), ""),
            (Rule::Each(&blank_b), "it[1] is \"\""),
            (Rule::Word(None, &["a", "b"]), ""),
            (Rule::Word(Some("b"), &["a", "b"]), ""),
            (Rule::Word(Some("c"), &["a", "b"]), "it is \"c\"; Lever takes a, b."),
            (Rule::Email(Some("a@b")), ""),
            (Rule::Email(Some("a")), "it is not an e-mail address"),
            (Rule::One(&[]), ""),
            (Rule::One(&a), ""),
            (Rule::One(&ab), "it holds 2 values"),
            (Rule::Score(None), ""),
            (Rule::Score(Some(0)), "it is 0; Lever takes 1 to 4"),
            (Rule::Score(Some(1)), ""),
            (Rule::Score(Some(4)), ""),
            (Rule::Score(Some(5)), "1 to 4"),
            (Rule::Past(None, NOW), ""),
            (Rule::Past(Some(NOW), NOW), ""),
            // Lever's clock may be ahead.
            (Rule::Past(Some(NOW + SKEW_MS), NOW), ""),
            (Rule::Past(Some(NOW + SKEW_MS + 1), NOW), "it 1800000060001 is in the future"),
            (Rule::Past(Some(u64::MAX), NOW), "in the future"),
            (Rule::Past(Some(NOW), 0), ""),
            (Rule::Zone("America/Argentina/Buenos_Aires"), ""),
            (Rule::Zone("Etc/GMT+1"), ""),
            (Rule::Zone("UTC"), ""),
            (Rule::Zone(""), "it \"\" is not the name"),
            (Rule::Zone("+01:00"), "Europe/Lisbon"),
            (Rule::Zone("Europe Lisbon"), "Europe/Lisbon"),
            (Rule::Zone("Europe/"), "Europe/Lisbon"),
            (Rule::Webhook("https://x.example/a?b%20c"), ""),
            (Rule::Webhook("https://x.example?b"), ""),
            (Rule::Webhook("http://127.0.0.1:80/"), ""),
            (Rule::Webhook(""), "it \"\" is not an https URL"),
            (Rule::Webhook("http://x.example/"), "https URL"),
            (Rule::Webhook("x.example"), "https URL"),
            (Rule::Webhook("https://"), "https URL"),
            (Rule::Webhook("https:///a"), "https URL"),
            (Rule::Webhook("https://a@x.example/"), "https URL"),
            (Rule::Webhook("https://x.example/a b"), "https URL"),
        ];
        for (rule, named) in rows {
            match check(&[("first", Rule::Filled("x")), ("it", rule)]) {
                Ok(()) => assert_eq!(named, "", "{rule:?}"),
                Err(error) => {
                    let is_named = !named.is_empty() && error.message.contains(named);
                    assert!(is_named, "{rule:?} {error:?}");
                    let told = (error.kind, error.outcome);
                    assert_eq!(told, (ErrorKind::InvalidInput, Outcome::NotSent));
                }
            }
        }
        let error = check_in("values", 3, &[("value", Rule::Filled(""))]).unwrap_err();
        assert!(error.message.starts_with("values[3].value is \"\""), "{}", error.message);
    }

    #[test]
    fn a_span_has_thirty_days_at_most() {
        let rows =
            [(0, 0, true), (5, 5 + 30 * DAY_MS, true), (5, 6 + 30 * DAY_MS, false), (6, 5, false)];
        for (start, end, good) in rows {
            assert_eq!(check_span(start, end).is_ok(), good, "{start} {end}");
        }
    }
}
