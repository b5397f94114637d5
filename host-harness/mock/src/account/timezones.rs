//! Whether a text can be the name of an IANA time zone.
//!
//! By its form and its first word: the list of places changes with each release and is not kept
//! here.

/// The areas of the tz database, and its links by country.
const AREAS: [&str; 17] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
    "Etc",
    "US",
    "Canada",
    "Mexico",
    "Brazil",
    "Chile",
    "SystemV",
];

/// Names without an area that are in use.
const ALONE: [&str; 15] = [
    "UTC",
    "GMT",
    "CET",
    "EET",
    "MET",
    "WET",
    "EST",
    "HST",
    "MST",
    "EST5EDT",
    "CST6CDT",
    "MST7MDT",
    "PST8PDT",
    "Japan",
    "Singapore",
];

/// Whether the text can be the name of a time zone.
pub(crate) fn is_timezone(text: &str) -> bool {
    let Some((area, places)) = text.split_once('/') else {
        return ALONE.contains(&text);
    };
    let is_place = |place: &str| {
        place.starts_with(|letter: char| letter.is_ascii_uppercase())
            && place.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
    };
    AREAS.contains(&area) && places.split('/').count() <= 2 && places.split('/').all(is_place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_like_zones_or_not() {
        let rows = [
            ("America/Los_Angeles", true),
            ("America/Argentina/Buenos_Aires", true),
            ("Etc/GMT+3", true),
            ("America/Port-au-Prince", true),
            ("UTC", true),
            ("PST", false),
            ("Pacific Time", false),
            ("america/los_angeles", false),
            ("Mars/Olympus", false),
            ("Europe/", false),
            ("Europe/A/B/C", false),
            ("UTC+2", false),
            ("", false),
        ];
        for (text, expected) in rows {
            assert_eq!(is_timezone(text), expected, "{text}");
        }
    }
}
