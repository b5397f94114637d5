//! Reading a resume, in the simplest way that can be relied on: lines such as `Email: ana@example.com`.
//!
//! Known words are Name, Headline, Location, Email, Phone, Link and `Position: TITLE at FIRM`; anything else, and any
//! file that is not text, says nothing.

use serde_json::{Value, json};

/// What a resume says of a person.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub name: Option<String>,
    pub headline: Option<String>,
    pub location: Option<String>,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub links: Vec<String>,
    /// Title and firm.
    pub positions: Vec<(String, String)>,
}

/// Reads a resume.
pub(crate) fn read(bytes: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    for line in std::str::from_utf8(bytes).unwrap_or_default().lines() {
        let Some((word, said)) = line.split_once(':') else {
            continue;
        };
        let said = said.trim().to_owned();
        match word.trim() {
            "Name" => parsed.name = Some(said),
            "Headline" => parsed.headline = Some(said),
            "Location" => parsed.location = Some(said),
            "Email" => parsed.emails.push(said),
            "Phone" => parsed.phones.push(said),
            "Link" => parsed.links.push(said),
            "Position" => {
                let (title, firm) = said.split_once(" at ").unwrap_or((&said, ""));
                parsed.positions.push((title.to_owned(), firm.to_owned()));
            }
            _ => {}
        }
    }
    parsed
}

impl Parsed {
    /// The `parsedData` of the resume.
    pub fn view(&self) -> Value {
        let positions = self.positions.iter().map(|(title, firm)| {
            json!({
                "org": firm, "title": title, "summary": "", "location": null, "start": null, "end": null,
            })
        });
        json!({"positions": positions.collect::<Vec<_>>(), "schools": []})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resume_says_what_its_lines_say() {
        let text = "Ana's resume\nName: Ana Lindgren\r\nEmail: ana@example.com\nEmail: a@example.org\n\
            Position: Engineer at Tidewater Labs\nPosition: Student\nHobby: boats\n";
        let parsed = read(text.as_bytes());
        assert_eq!(parsed.name.as_deref(), Some("Ana Lindgren"));
        assert_eq!(parsed.emails, ["ana@example.com", "a@example.org"]);
        let view = parsed.view();
        assert_eq!(view["positions"][0]["org"], "Tidewater Labs");
        assert_eq!(view["positions"][1]["title"], "Student");
        assert_eq!(read(b"\xff\xfeName: x"), Parsed::default());
    }
}
