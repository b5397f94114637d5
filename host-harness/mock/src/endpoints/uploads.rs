//! Files uploaded for an application, which may name each by its URI for a day.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::account::state::State;
use crate::endpoints::common::resource::Actor::Unused;
use crate::endpoints::common::resource::{Resource, write};
use crate::endpoints::common::transfer;
use crate::http::call::Call;
use crate::http::payload::Takes::Form;
use crate::http::reply::{Failure, Reply};
use crate::http::response::segment;

pub(crate) const RESOURCE: Resource = Resource {
    kind: "uploads",
    rows: &[write("POST", &["uploads"], "/uploads", Unused, &[], Form(&["file"]), create)],
    records: Some(|state| state.all().iter().map(Upload::view).collect()),
    ..Resource::EMPTY
};

/// How long an upload may be used, in milliseconds: 24 hours.
const LIFETIME: u64 = 86_400_000;

/// An uploaded file.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub id: String,
    pub name: String,
    pub bytes: Bytes,
    pub expires_at: u64,
}

impl Upload {
    /// Its URI, as applications name it.
    pub fn uri(&self) -> String {
        format!("https://api.lever.co/v1/uploads/{}", segment(&self.id))
    }

    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "filename": self.name,
            "size": self.bytes.len(),
            "uri": self.uri(),
            "expiresAt": self.expires_at,
        })
    }
}

impl State {
    /// The upload of this URI, if it has not expired.
    pub fn upload(&self, uri: &str, now: u64) -> Result<&Upload, &'static str> {
        let known = self.all::<Upload>().iter().find(|upload| upload.uri() == uri);
        match known {
            None => Err("Upload was not found."),
            Some(upload) if upload.expires_at <= now => Err("Upload has expired."),
            Some(upload) => Ok(upload),
        }
    }
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let (part, name) = transfer::only(call.files(), "file")?;
    let upload = Upload {
        id: format!("{}-{name}", state.random.uuid()),
        name: name.to_owned(),
        bytes: part.bytes.clone(),
        expires_at: call.now + LIFETIME,
    };
    let view = upload.view();
    state.all_mut::<Upload>().push(upload);
    Ok(Reply::Data(201, view))
}
