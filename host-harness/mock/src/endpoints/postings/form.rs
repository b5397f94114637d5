//! The application form of a posting: personal information, links, question sets, EEO, consent.
//!
//! `apply` reads the answers.

use serde_json::{Value, json};

use crate::account::records::{text, texts};
use crate::account::state::State;
use crate::endpoints::common::access;
use crate::http::call::Call;
use crate::http::reply::{Failure, Reply};

/// The query of the form.
pub(crate) const QUERY: &[&str] = &["location", "distribution"];

/// The personal information of every form: name, text, type.
const PERSONAL: [(&str, &str, &str); 8] = [
    ("fullName", "Full name", "text"),
    ("email", "Email", "text"),
    ("currentCompany", "Current company", "text"),
    ("currentLocation", "Current location", "text"),
    ("phone", "Phone", "text"),
    ("resume", "Resume", "file-upload"),
    ("preferredPostingLocation", "Which location are you applying for?", "dropdown"),
    ("additionalInformation", "Additional information", "textarea"),
];

/// What Lever always requires.
const ALWAYS: [&str; 2] = ["fullName", "email"];

/// The application form of a posting, as far as the account set it up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Questions {
    /// The posting's id.
    pub posting: String,
    /// Question sets, as Lever sends them.
    pub sets: Vec<Value>,
    /// None where the account does not ask for it.
    pub eeo: Option<Value>,
    /// Names of links, and whether each is required.
    pub urls: Vec<(&'static str, bool)>,
    pub consent: Value,
    /// Names of the personal information required beside what always is.
    pub required: Vec<&'static str>,
}

impl Questions {
    /// The fields for personal information.
    pub fn personal(&self, posting: &Value) -> Vec<Value> {
        let fields = PERSONAL.iter().map(|(name, label, kind)| {
            let mut field = json!({
                "text": label,
                "name": name,
                "type": kind,
                "required": ALWAYS.contains(name) || self.required.contains(name),
                "value": null,
            });
            if let ("dropdown", Some(field)) = (*kind, field.as_object_mut()) {
                let locations = posting.get("categories").map(|it| texts(it, "allLocations"));
                let locations = locations.unwrap_or_default().into_iter();
                let options: Value = locations.map(|location| json!({"text": location})).collect();
                field.insert("options".to_owned(), options);
            }
            field
        });
        fields.collect()
    }

    /// The fields for links.
    pub fn links(&self) -> Vec<Value> {
        let links = self.urls.iter().map(|(name, required)| {
            json!({"text": name, "name": name, "type": "text", "required": required, "value": null})
        });
        links.collect()
    }

    /// The sets shown on a channel, or on any.
    pub fn sets(&self, distribution: Option<&str>) -> Vec<&Value> {
        let sets = self.sets.iter();
        sets.filter(|set| distribution.is_none_or(|it| texts(set, "distribution").contains(&it)))
            .collect()
    }

    /// The form of this posting, with the sets shown on a channel, or on any.
    pub fn view(&self, posting: &Value, distribution: Option<&str>) -> Value {
        let mut view = json!({
            "id": posting.get("id"),
            "text": posting.get("text"),
            "customQuestions": self.sets(distribution),
            "personalInformation": self.personal(posting),
            "urls": self.links(),
            "consentDisclosures": self.consent,
        });
        if let (Some(eeo), Some(map)) = (&self.eeo, view.as_object_mut()) {
            map.insert("eeoQuestions".to_owned(), eeo.clone());
        }
        view
    }
}

impl State {
    /// The application form of a posting; one made through the API asks for the person and two
    /// links.
    pub fn questions(&self, posting: &Value) -> Questions {
        let id = text(posting, "id");
        let known = self.all::<Questions>().iter().find(|known| known.posting == id).cloned();
        known.unwrap_or_else(|| Questions {
            urls: vec![("LinkedIn", false), ("Other", false)],
            ..Questions::default()
        })
    }
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let posting = access::posting(state, call)?;
    let distribution = call.one("distribution")?;
    if distribution.is_some_and(|it| !["internal", "external"].contains(&it)) {
        return Err(Failure::Query("Invalid parameter: distribution".to_owned()));
    }
    call.one("location")?;
    Ok(Reply::Data(200, state.questions(posting).view(posting, distribution)))
}
