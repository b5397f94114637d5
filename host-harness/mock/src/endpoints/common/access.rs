//! The record a path names, refused where the credential may not see it.

use serde_json::Value;

use crate::account::postings::is_confidential;
use crate::account::records::Opportunity;
use crate::account::state::State;
use crate::http::call::Call;
use crate::http::reply::Failure;

/// The opportunity.
pub(crate) fn opportunity<'s>(state: &'s State, call: &Call) -> Result<&'s Opportunity, Failure> {
    let row = state.opportunities.get(call.id(0)).ok_or(Failure::NoRecord("Opportunity"))?;
    if row.confidential && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    Ok(row)
}

/// The posting.
pub(crate) fn posting<'s>(state: &'s State, call: &Call) -> Result<&'s Value, Failure> {
    let posting = state.posting(call.id(0)).ok_or(Failure::NoRecord("Posting"))?;
    if is_confidential(posting) && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    Ok(posting)
}
