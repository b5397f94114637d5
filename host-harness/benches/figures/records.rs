//! The records of a page of candidates, as a native client derives them.
//!
//! The same fields as in the WIT, open JSON as text. Written by hand and not
//! shared with the component, so that the comparison is with what someone
//! without the component would write.

#![allow(dead_code, reason = "decoded, counted and dropped")]

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// What every list is wrapped in.
#[derive(Deserialize)]
pub struct Page {
    pub data: Vec<Opportunity>,
    pub next: Option<String>,
}

macro_rules! records {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $name {
                $(#[serde(default, deserialize_with = "nullable")] pub $field: $type,)*
            }
        )*
    };
}

type Text = Option<String>;
type Time = Option<u64>;

records! {
    Opportunity {
        id: String, name: Text, headline: Text, contact: Option<Ref<Contact>>, emails: Vec<String>,
        phones: Vec<Phone>, confidentiality: Text, location: Text, links: Vec<String>,
        archived: Option<Archived>, created_at: Time, updated_at: Time,
        last_interaction_at: Time, last_advanced_at: Time, snoozed_until: Time,
        stage: Option<Ref<Stage>>, stage_changes: Vec<StageChange>, owner: Option<Ref<User>>,
        followers: Vec<Ref<User>>, tags: Vec<String>, sources: Vec<String>, origin: Text,
        sourced_by: Option<Ref<User>>, applications: Vec<Ref<Application>>, urls: Option<Urls>,
        is_anonymized: Option<bool>, data_protection: Option<DataProtection>,
        opportunity_location: Text,
    }
    Contact {
        id: String, name: Text, headline: Text, is_anonymized: Option<bool>,
        location: Option<Place>, emails: Vec<String>, phones: Vec<Phone>,
        data_protection: Option<DataProtection>,
    }
    Place { name: Text, }
    Phone { r#type: Text, value: String, }
    Archived { reason: String, archived_at: Time, }
    Stage { id: String, text: Text, }
    StageChange { to_stage_id: Text, to_stage_index: Option<u32>, updated_at: Time, user_id: Text, }
    User {
        id: String, name: Text, username: Text, email: Text, access_role: Text, photo: Text,
        created_at: Time, deactivated_at: Time, external_directory_id: Text,
        linked_contact_ids: Vec<String>, job_title: Text, manager_id: Text,
    }
    Urls { list: Text, show: Text, }
    DataProtection {
        store: Option<Consent>, contact: Option<Consent>,
        interview_intelligence: Option<Consent>,
    }
    Consent { allowed: bool, expires_at: Time, }
    Application {
        id: String, candidate_id: Text, opportunity_id: Text, r#type: Text, posting: Text,
        posting_owner: Text, posting_hiring_manager: Text, user: Text, name: Text, email: Text,
        phone: Option<Phone>, company: Text, links: Vec<String>, comments: Text,
        custom_questions: Vec<Form>, created_at: Time, archived: Option<Archived>,
        requisition_for_hire: Option<Requisition>, ip_address: Text, referer: Text,
        user_agent: Text, accept_language: Text, timezone: Text,
    }
    Requisition { id: Text, requisition_code: Text, hiring_manager_on_hire: Text, }
    Form {
        id: Text, r#type: Text, text: Text, instructions: Text, fields: Vec<Field>,
        base_template_id: Text, user: Text, stage: Text, created_at: Time, completed_at: Time,
    }
    Field {
        id: Text, r#type: Text, text: Text, description: Text, required: Option<bool>,
        prompt: Text, options: Vec<Choice>, scores: Vec<Score>, language: Text, currency: Text,
        user: Text, stage: Text, created_at: Time, score: Option<u32>,
        value: Option<Box<RawValue>>,
    }
    Choice { text: Text, option_id: Text, description: Text, }
    Score { text: Text, description: Text, }
}

/// Lever writes null where a list or a text is empty.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// An id, or the whole object in its place.
pub enum Ref<T> {
    Id(String),
    Whole(Box<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ref<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Ref<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id or an object")
            }

            fn visit_str<E>(self, id: &str) -> Result<Ref<T>, E> {
                Ok(Ref::Id(id.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ref<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Box::new).map(Ref::Whole)
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
