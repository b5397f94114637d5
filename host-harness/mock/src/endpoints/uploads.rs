//! Files on their way into an application: each may be named by its address for a day.
//!
//! The account is one, so an address of another is not known here.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::account::documents::only;
use crate::account::state::State;
use crate::http::call::Call;
use crate::http::reply::{Answer, Failure};
use crate::server::storage::segment;

/// How long an upload may be used, in milliseconds: 24 hours.
const LIFETIME: u64 = 86_400_000;

/// A file nobody named yet.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub id: String,
    pub name: String,
    pub bytes: Bytes,
    pub expires_at: u64,
}

impl Upload {
    /// Where it is, as applications name it.
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
    /// The upload at this address, if it may still be used.
    pub fn upload(&self, uri: &str, now: u64) -> Result<&Upload, &'static str> {
        let known = self.uploads.iter().find(|upload| upload.uri() == uri);
        match known {
            None => Err("Upload was not found."),
            Some(upload) if upload.expires_at <= now => Err("Upload has expired."),
            Some(upload) => Ok(upload),
        }
    }
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let (part, name) = only(call.files(), "file")?;
    let upload = Upload {
        id: format!("{}-{name}", state.random.uuid()),
        name: name.to_owned(),
        bytes: part.bytes.clone(),
        expires_at: call.now + LIFETIME,
    };
    let view = upload.view();
    state.uploads.push(upload);
    Ok(Answer::Data(201, view))
}
