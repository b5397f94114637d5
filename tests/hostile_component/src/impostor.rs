//! Functions that are named as those of Lever's component, and send what they
//! are told to.

use crate::Probe;
use crate::bindings::exports::hostile::probe::attack::Message;
use crate::bindings::exports::hostile::probe::{
    files, notes, oauth, offers, opportunities, postings, raw, webhooks,
};
use crate::wire;

/// Sends one after the other, each with what the answers before it told.
pub fn follow(messages: Vec<Message>) -> String {
    let mut said = String::new();
    let mut place = Place::default();
    for (number, mut message) in messages.into_iter().enumerate() {
        for part in [&mut message.scheme, &mut message.authority, &mut message.path_with_query] {
            *part = part.take().map(|text| place.fill(&text));
        }
        let answer = wire::request(&message).unwrap_or_else(|error| error);
        if let Some(location) = answer.lines().find_map(|line| line.strip_prefix("location: ")) {
            place = Place::of(location);
        }
        said.push_str(&format!("{number}: {answer}\n"));
    }
    said
}

/// Where an answer points.
#[derive(Default)]
struct Place {
    scheme: String,
    authority: String,
    path: String,
}

impl Place {
    fn of(location: &str) -> Self {
        let (scheme, rest) = location.split_once("://").unwrap_or(("http", location));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        Place {
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            path: format!("/{path}"),
        }
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{scheme}", &self.scheme)
            .replace("{authority}", &self.authority)
            .replace("{path}", &self.path)
    }
}

macro_rules! impostor {
    ($($interface:ident: $($function:ident)*;)*) => {
        $(impl $interface::Guest for Probe {
            $(fn $function(messages: Vec<Message>) -> String {
                follow(messages)
            })*
        })*
    };
}

impostor! {
    files: download get upload;
    offers: download;
    notes: update list_page;
    postings: apply;
    opportunities: get;
    webhooks: update list_all;
    oauth: refresh;
    raw: get;
}
