//! How each record reads as Lever's JSON.
//!
//! Nothing expanded and nothing left out; both depend on the request.

use serde_json::{Value, json};

use crate::account::records::{
    Application, Archived, Contact, Opportunity, Reason, Stage, StageChange,
};
use crate::account::state::State;

/// An archive mark; null while active.
pub(crate) fn archived(mark: Option<&Archived>) -> Value {
    mark.map_or(Value::Null, |mark| json!({"reason": mark.reason, "archivedAt": mark.at}))
}

impl Stage {
    pub fn view(&self) -> Value {
        json!({"id": self.id, "text": self.text})
    }
}

impl Reason {
    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "text": self.text,
            "status": if self.active { "active" } else { "inactive" },
            "type": if self.hired { "hired" } else { "non-hired" },
        })
    }
}

impl StageChange {
    fn view(&self) -> Value {
        let mut view = json!({
            "toStageId": self.stage,
            "toStageIndex": self.index,
            "updatedAt": self.at,
        });
        if let (Some(user), Some(map)) = (&self.user, view.as_object_mut()) {
            map.insert("userId".to_owned(), json!(user));
        }
        view
    }
}

impl Contact {
    fn phones_view(&self) -> Value {
        let phones = self.phones.iter();
        phones.map(|(kind, value)| json!({"type": kind, "value": value})).collect()
    }

    pub fn view(&self) -> Value {
        let mut protection = self.data_protection.clone();
        if let Some(map) = protection.as_object_mut() {
            map.insert(
                "interviewIntelligence".to_owned(),
                json!({"allowed": true, "expiresAt": null}),
            );
        }
        json!({
            "id": self.id,
            "name": self.name,
            "headline": self.headline,
            "isAnonymized": self.is_anonymized,
            "location": match self.location.as_str() {
                "" => Value::Null,
                name => json!({"name": name}),
            },
            "emails": self.emails,
            "phones": self.phones_view(),
            "dataProtection": protection,
        })
    }
}

impl Application {
    pub fn view(&self) -> Value {
        let mut view = self.fields.clone();
        view.insert("posting".to_owned(), json!(self.posting));
        view.insert("archived".to_owned(), archived(self.archived.as_ref()));
        view.insert("requisitionForHire".to_owned(), self.requisition.clone().unwrap_or_default());
        Value::Object(view)
    }
}

impl State {
    /// An opportunity as GET shows it, nothing expanded.
    pub fn view(&self, row: &Opportunity) -> Value {
        let unknown = Contact::default();
        let contact = self.contacts.get(&row.contact).unwrap_or(&unknown);
        let mut view = json!({
            "id": row.id,
            "name": contact.name,
            "contact": row.contact,
            "headline": contact.headline,
            "stage": row.stage,
            "confidentiality": if row.confidential { "confidential" } else { "non-confidential" },
            "location": contact.location,
            "phones": contact.phones_view(),
            "emails": contact.emails,
            "links": contact.links,
            "archived": archived(row.archived.as_ref()),
            "tags": row.tags,
            "sources": row.sources,
            "stageChanges": row.stage_changes.iter().map(StageChange::view).collect::<Vec<_>>(),
            "origin": row.origin,
            "sourcedBy": row.sourced_by,
            "owner": row.owner,
            "followers": row.followers,
            "applications": row.application.iter().collect::<Vec<_>>(),
            "createdAt": row.created_at,
            "updatedAt": row.updated_at,
            "lastInteractionAt": row.last_interaction_at,
            "lastAdvancedAt": row.last_advanced_at,
            "snoozedUntil": row.snoozed_until,
            "urls": {
                "list": "https://hire.lever.co/candidates",
                "show": format!("https://hire.lever.co/candidates/{}", row.id),
            },
            "isAnonymized": contact.is_anonymized,
            "dataProtection": contact.data_protection,
        });
        if let Some(map) = view.as_object_mut() {
            if let Some(location) = &row.location {
                map.insert("opportunityLocation".to_owned(), json!(location));
            }
            map.extend(row.extra.clone());
        }
        view
    }
}
