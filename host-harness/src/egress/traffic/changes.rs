//! What the host itself knows of a call's changes, whatever its component says.
//!
//! It goes by requests, statuses and the WIT's route lines, and reads no body.

use std::collections::BTreeSet;

use http::StatusCode;

use crate::catalog::{Function, Route};

/// What a request may do to Lever's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Read,
    /// It prepares the change that its function is for, such as an upload
    /// before an application; alone it changes no record.
    Aside,
    /// A change.
    Change,
}

impl Effect {
    /// The effect of a request on this route, sent for this function.
    pub fn of(route: &Route, function: Option<&Function>) -> Self {
        if route.method.is_safe() {
            return Effect::Read;
        }
        // The first request of a route line is the one that the function is for.
        let main = function.and_then(|function| function.routes.first());
        match main {
            Some(main) if main.is_write() && !main.is_same_as(route) => Effect::Aside,
            _ => Effect::Change,
        }
    }
}

/// What became of the requests of one call that may change something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Requests that are not reads, as far as they may have been sent.
    sent: u32,
    /// Changes that may have been sent, and that no answer has turned down.
    open: u32,
    /// Changes that were answered with a success.
    accepted: u32,
    /// The status of the last answer to a request that is not a read.
    status: Option<u16>,
    /// The statuses of all answers.
    statuses: BTreeSet<u16>,
}

impl Changes {
    /// Takes note of a request that may be on its way from now on.
    pub fn sending(&mut self, effect: Effect) {
        self.sent += u32::from(effect != Effect::Read);
        self.open += u32::from(effect == Effect::Change);
    }

    /// Takes that back: it was proven that the request never left.
    pub fn not_sent(&mut self, effect: Effect) {
        self.sent -= u32::from(effect != Effect::Read);
        self.open -= u32::from(effect == Effect::Change);
    }

    /// Takes note of an answer.
    pub fn answered(&mut self, effect: Effect, status: StatusCode) {
        self.statuses.insert(status.as_u16());
        if effect == Effect::Read {
            return;
        }
        self.status = Some(status.as_u16());
        if effect != Effect::Change {
            return;
        }
        if status.is_success() {
            self.accepted += 1;
        }
        // Lever turned it down. A 408 may come from a server that acted.
        if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
            self.open -= 1;
        }
    }

    /// How many changes may have been made.
    pub fn open(&self) -> u32 {
        self.open
    }

    /// Whether a change may have been made.
    pub fn may_have_changed(&self) -> bool {
        self.open > 0
    }

    /// The outcome of a failed call, of which the component says this.
    ///
    /// Only what contradicts what was sent and answered is corrected: the
    /// component has read the answers, and knows better where it knows less
    /// than it could.
    pub fn outcome<'a>(&self, said: Option<&'a str>) -> Option<&'a str> {
        match said {
            Some("applied") if self.open > 0 && self.accepted == 0 => Some("unknown"),
            Some("applied") if self.accepted == 0 => {
                let is_silent = self.sent == 0 && self.statuses.is_empty();
                Some(if is_silent { "not-sent" } else { "not-applied" })
            }
            Some("applied" | "unknown") => said,
            _ if self.open > 0 => Some("unknown"),
            Some("not-sent") if self.sent > 0 => Some("not-applied"),
            said => said,
        }
    }

    /// The status of a failed call, of which the component says this.
    /// `corrected` says that its outcome was.
    ///
    /// Where something was sent that is not a read, a status that no answer had is
    /// not passed on, nor is any status of a component that was wrong about its
    /// change.
    pub fn status(&self, said: Option<u16>, corrected: bool) -> Option<u16> {
        match said {
            said if self.sent == 0 && !corrected => said,
            Some(said) if !corrected && self.statuses.contains(&said) => Some(said),
            Some(_) => self.status,
            None if corrected => self.status,
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn changes(steps: &[(Effect, Option<u16>)]) -> Changes {
        let mut changes = Changes::default();
        for (effect, status) in steps {
            changes.sending(*effect);
            if let Some(status) = status {
                changes.answered(*effect, StatusCode::from_u16(*status).unwrap());
            }
        }
        changes
    }

    #[test]
    fn a_claim_that_contradicts_what_was_sent_and_answered_is_corrected() {
        use Effect::{Aside, Change, Read};
        let made = changes(&[(Change, Some(201))]);
        let lost = changes(&[(Change, None)]);
        let failed = changes(&[(Change, Some(503))]);
        let refused = changes(&[(Change, Some(422))]);
        let late = changes(&[(Change, Some(408))]);
        let again = changes(&[(Change, None), (Change, Some(404))]);
        let read = changes(&[(Read, Some(200))]);
        let uploaded = changes(&[(Aside, Some(200)), (Change, Some(400))]);
        let rows = [
            (&made, "not-sent", "unknown"),
            (&made, "not-applied", "unknown"),
            // A success that is not Lever's: the component has read it.
            (&made, "unknown", "unknown"),
            (&made, "applied", "applied"),
            (&lost, "not-sent", "unknown"),
            (&lost, "not-applied", "unknown"),
            (&lost, "applied", "unknown"),
            (&failed, "not-applied", "unknown"),
            (&failed, "applied", "unknown"),
            (&late, "not-applied", "unknown"),
            (&again, "not-applied", "unknown"),
            (&refused, "not-applied", "not-applied"),
            (&refused, "not-sent", "not-applied"),
            (&refused, "applied", "not-applied"),
            (&refused, "unknown", "unknown"),
            (&uploaded, "not-applied", "not-applied"),
            (&uploaded, "not-sent", "not-applied"),
            (&uploaded, "applied", "not-applied"),
            // Of a read it says how far it got.
            (&read, "not-sent", "not-sent"),
            (&read, "not-applied", "not-applied"),
            (&read, "applied", "not-applied"),
            (&Changes::default(), "applied", "not-sent"),
        ];
        for (changes, said, expected) in rows {
            assert_eq!(changes.outcome(Some(said)), Some(expected), "{said} of {changes:?}");
        }
        assert_eq!(made.outcome(None), Some("unknown"));
        assert_eq!(made.outcome(Some("harmless")), Some("unknown"));
        assert_eq!(refused.outcome(None), None);
    }

    #[test]
    fn a_status_that_no_answer_had_is_not_passed_on() {
        use Effect::{Change, Read};
        let made = changes(&[(Change, Some(200)), (Read, Some(500))]);
        let rows = [
            (Some(200), false, Some(200)),
            // The record could not be read again.
            (Some(500), false, Some(500)),
            (Some(500), true, Some(200)),
            (Some(418), false, Some(200)),
            (None, false, None),
            (None, true, Some(200)),
        ];
        for (said, corrected, expected) in rows {
            assert_eq!(made.status(said, corrected), expected, "{said:?} {corrected}");
        }
        assert_eq!(changes(&[(Change, None)]).status(Some(200), false), None);
        assert_eq!(Changes::default().status(Some(504), false), Some(504));
        assert_eq!(Changes::default().status(Some(200), true), None);
    }

    #[test]
    fn what_never_left_counts_for_nothing() {
        let mut changes = changes(&[(Effect::Change, None)]);
        changes.not_sent(Effect::Change);
        assert_eq!(changes, Changes::default());
    }

    #[test]
    fn an_upload_before_an_application_is_aside_and_an_upload_alone_a_change() {
        let catalog = Catalog::embedded();
        let apply = catalog.function_by_id("postings.apply").unwrap();
        let upload = catalog.function_by_id("uploads.upload").unwrap();
        let rows = [
            (&apply.routes[0], Some(apply), Effect::Change),
            (&apply.routes[1], Some(apply), Effect::Read),
            (&upload.routes[0], Some(apply), Effect::Aside),
            (&upload.routes[0], Some(upload), Effect::Change),
            (&upload.routes[0], None, Effect::Change),
        ];
        for (route, function, expected) in rows {
            assert_eq!(Effect::of(route, function), expected, "{route}");
        }
    }

    #[test]
    fn every_function_that_changes_something_has_its_change_first() {
        for function in Catalog::embedded().functions().iter().filter(|it| it.is_write()) {
            let main = function.routes.first().map(|route| Effect::of(route, Some(function)));
            assert_eq!(main, Some(Effect::Change), "{}", function.id());
        }
    }
}
