//! The account as tests inspect it: past every route, so that no read can hide the fault of a
//! write.

use serde_json::Value;

use crate::account::records::text;
use crate::endpoints::feedback::Feedback;
use crate::endpoints::feedback_templates::{Group, Template};
use crate::endpoints::file_actions::FileAction;
use crate::endpoints::files::File;
use crate::endpoints::offers::Offer;
use crate::endpoints::opportunities::deleted::Deleted;
use crate::endpoints::requisitions::Requisition;
use crate::endpoints::resumes::Resume;
use crate::endpoints::uploads::Upload;
use crate::endpoints::webhooks::Webhook;
use crate::endpoints::{RESOURCES, applications, opportunities, postings};
use crate::server::service::Service;

/// The account's records, as GET would show them now to a credential that may see everything.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use lever_mock::{Config, Mock};
///
/// let mock = Mock::start(Config::default()).await?;
/// assert_eq!(mock.store().stages().len(), 12);
/// let reasons = mock.store().records("archive_reasons").expect("a kind of record");
/// assert_eq!(reasons, mock.store().archive_reasons());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct StoreView<'m>(&'m Service);

impl<'m> StoreView<'m> {
    pub(crate) fn new(service: &'m Service) -> Self {
        Self(service)
    }

    fn ids(&self, with_confidential: bool) -> Vec<String> {
        let state = &self.0.lock().state;
        let rows =
            state.opportunities.values().filter(|row| with_confidential || !row.confidential);
        let mut keys: Vec<_> = rows.map(|row| (opportunities::key(state, row), &row.id)).collect();
        keys.sort();
        keys.into_iter().map(|(_, id)| id.clone()).collect()
    }

    /// Ids of the opportunities the list shows without filters, in its order.
    #[must_use]
    pub fn opportunity_ids(&self) -> Vec<String> {
        self.ids(false)
    }

    /// Ids of all opportunities, confidential ones too, in the order of the list.
    #[must_use]
    pub fn all_opportunity_ids(&self) -> Vec<String> {
        self.ids(true)
    }

    /// An opportunity, nothing expanded.
    #[must_use]
    pub fn opportunity(&self, id: &str) -> Option<Value> {
        let state = &self.0.lock().state;
        state.opportunities.get(id).map(|row| state.view(row))
    }

    /// How many opportunities belong to contacts with this name.
    #[must_use]
    pub fn opportunities_of(&self, name: &str) -> usize {
        let state = &self.0.lock().state;
        let is_theirs = |contact: &String| {
            state.contacts.get(contact).is_some_and(|contact| contact.view()["name"] == name)
        };
        state.opportunities.values().filter(|row| is_theirs(&row.contact)).count()
    }

    /// Every webhook, without what its deliveries are signed with.
    #[must_use]
    pub fn webhooks(&self) -> Vec<Value> {
        self.0.lock().state.all::<Webhook>().iter().map(|webhook| webhook.view()).collect()
    }

    /// A contact.
    #[must_use]
    pub fn contact(&self, id: &str) -> Option<Value> {
        self.0.lock().state.contacts.get(id).map(|contact| contact.view())
    }

    /// An application.
    #[must_use]
    pub fn application(&self, id: &str) -> Option<Value> {
        self.0.lock().state.applications.get(id).map(|application| application.view())
    }

    /// The notes of an opportunity, in the order they were made.
    #[must_use]
    pub fn notes(&self, opportunity: &str) -> Vec<Value> {
        self.0.lock().state.notes_of(opportunity).map(|note| note.view()).collect()
    }

    /// Every stage, in pipeline order.
    #[must_use]
    pub fn stages(&self) -> Vec<Value> {
        self.0.lock().state.stages.iter().map(|stage| stage.view()).collect()
    }

    /// Every archive reason.
    #[must_use]
    pub fn archive_reasons(&self) -> Vec<Value> {
        self.0.lock().state.reasons.iter().map(|reason| reason.view()).collect()
    }

    /// Every user, deactivated ones too.
    #[must_use]
    pub fn users(&self) -> Vec<Value> {
        self.0.lock().state.users.clone()
    }

    /// Every posting.
    #[must_use]
    pub fn postings(&self) -> Vec<Value> {
        self.0.lock().state.postings.clone()
    }

    /// Ids of the requisitions: open ones first, then the others.
    #[must_use]
    pub fn requisitions(&self) -> (Vec<String>, Vec<String>) {
        let state = &self.0.lock().state;
        let (open, others): (Vec<_>, Vec<_>) = state
            .all::<Requisition>()
            .iter()
            .map(|it| &it.0)
            .partition(|row| text(row, "status") == "open");
        let ids = |rows: Vec<&Value>| rows.iter().map(|row| text(row, "id").to_owned()).collect();
        (ids(open), ids(others))
    }

    /// The application form of a posting, as every applicant gets it.
    #[must_use]
    pub fn apply_questions(&self, posting: &str) -> Option<Value> {
        let state = &self.0.lock().state;
        let posting = state.posting(posting)?;
        Some(state.questions(posting).view(posting, None))
    }

    /// The panels of an opportunity.
    #[must_use]
    pub fn panels(&self, opportunity: &str) -> Vec<Value> {
        let state = &self.0.lock().state;
        state.panels_of(opportunity).map(|panel| panel.view(state)).collect()
    }

    /// The interviews of an opportunity, panel by panel.
    #[must_use]
    pub fn interviews(&self, opportunity: &str) -> Vec<Value> {
        let state = &self.0.lock().state;
        let panels = state.panels_of(opportunity);
        let interviews = panels.flat_map(|panel| {
            panel.interviews.iter().map(|interview| panel.interview_view(interview, state))
        });
        interviews.collect()
    }

    /// The feedback of an opportunity, deleted forms too.
    #[must_use]
    pub fn feedback(&self, opportunity: &str) -> Vec<Value> {
        let state = &self.0.lock().state;
        let forms = state.all::<Feedback>().iter().filter(|form| form.opportunity == opportunity);
        forms.map(|form| form.view()).collect()
    }

    /// Every feedback template.
    #[must_use]
    pub fn feedback_templates(&self) -> Vec<Value> {
        self.0.lock().state.all::<Template>().iter().map(|template| template.view()).collect()
    }

    /// Ids of the feedback templates that were made through the API.
    #[must_use]
    pub fn own_feedback_templates(&self) -> Vec<String> {
        let state = &self.0.lock().state;
        let own = state.all::<Template>().iter().filter(|template| template.made_by_api);
        own.map(|template| template.id.clone()).collect()
    }

    /// What templates can be grouped by: id and name.
    #[must_use]
    pub fn groups(&self) -> Vec<Value> {
        self.0.lock().state.all::<Group>().iter().map(|group| group.0.clone()).collect()
    }

    /// The files of an opportunity.
    #[must_use]
    pub fn files(&self, opportunity: &str) -> Vec<Value> {
        self.0.lock().state.files_of(opportunity).map(|file| file.view()).collect()
    }

    /// The bytes of a file.
    #[must_use]
    pub fn file_bytes(&self, id: &str) -> Option<Vec<u8>> {
        let state = &self.0.lock().state;
        let file = state.all::<File>().iter().find(|file| file.id == id)?;
        Some(file.stored.document.bytes.to_vec())
    }

    /// What happened to the files of an opportunity.
    #[must_use]
    pub fn file_actions(&self, opportunity: &str) -> Vec<Value> {
        let state = &self.0.lock().state;
        let actions = state.all::<FileAction>().iter().filter(|it| it.opportunity == opportunity);
        actions.map(|action| action.view()).collect()
    }

    /// The resumes of an opportunity.
    #[must_use]
    pub fn resumes(&self, opportunity: &str) -> Vec<Value> {
        self.0.lock().state.resumes_of(opportunity).map(|resume| resume.view()).collect()
    }

    /// The bytes of a resume's file.
    #[must_use]
    pub fn resume_bytes(&self, id: &str) -> Option<Vec<u8>> {
        let state = &self.0.lock().state;
        let resume = state.all::<Resume>().iter().find(|resume| resume.id == id)?;
        Some(resume.file.as_ref()?.document.bytes.to_vec())
    }

    /// The offers of an opportunity.
    #[must_use]
    pub fn offers(&self, opportunity: &str) -> Vec<Value> {
        self.0.lock().state.offers_of(opportunity).map(|offer| offer.view()).collect()
    }

    /// The bytes of an offer's document, sent or signed.
    #[must_use]
    pub fn offer_bytes(&self, id: &str, is_signed: bool) -> Option<Vec<u8>> {
        let state = &self.0.lock().state;
        let offer = state.all::<Offer>().iter().find(|offer| offer.id == id)?;
        let stored = if is_signed { &offer.signed } else { &offer.sent };
        Some(stored.as_ref()?.document.bytes.to_vec())
    }

    /// Every upload, expired ones too.
    #[must_use]
    pub fn uploads(&self) -> Vec<Value> {
        self.0.lock().state.all::<Upload>().iter().map(|upload| upload.view()).collect()
    }

    /// The bytes of an upload.
    #[must_use]
    pub fn upload_bytes(&self, id: &str) -> Option<Vec<u8>> {
        let state = &self.0.lock().state;
        let upload = state.all::<Upload>().iter().find(|upload| upload.id == id)?;
        Some(upload.bytes.to_vec())
    }

    /// Every deleted opportunity, confidential ones too.
    #[must_use]
    pub fn deleted_opportunities(&self) -> Vec<Value> {
        let state = &self.0.lock().state;
        state.all::<Deleted>().iter().map(|it| state.deleted_view(it)).collect()
    }

    /// Every deleted application.
    #[must_use]
    pub fn deleted_applications(&self) -> Vec<Value> {
        self.deleted::<applications::Deleted>(|it| &it.0)
    }

    /// Every deleted posting.
    #[must_use]
    pub fn deleted_postings(&self) -> Vec<Value> {
        self.deleted::<postings::Deleted>(|it| &it.0)
    }

    fn deleted<T: Send + 'static>(&self, record: fn(&T) -> &Value) -> Vec<Value> {
        self.0.lock().state.all::<T>().iter().map(|it| record(it).clone()).collect()
    }

    /// Every record of a kind, such as `notes` or `archive_reasons`; None where there is no such
    /// kind.
    #[must_use]
    pub fn records(&self, kind: &str) -> Option<Vec<Value>> {
        let resource = RESOURCES.iter().find(|resource| resource.kind == kind)?;
        Some(resource.records?(&self.0.lock().state))
    }
}
