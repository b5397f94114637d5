//! `/authorize`: the way of the browser, which is sent back with a code or an error.

use super::{CODE, Code, Desk, Refusal, invalid_request, one, scopes};

impl Desk {
    /// Where the browser is sent, as whoever is asked says yes or, if so configured, no.
    ///
    /// # Errors
    /// Where it must not be sent back at all: the application or the address is not known.
    pub(crate) fn authorize(
        &mut self,
        pairs: &[(String, String)],
        now: u64,
    ) -> Result<String, Refusal> {
        if one(pairs, "client_id")? != self.config.client_id {
            return Err((403, "invalid_request", "Unknown client".to_owned()));
        }
        let redirect_uri = one(pairs, "redirect_uri")?;
        if !self.config.redirect_uris.iter().any(|known| known == redirect_uri) {
            return Err((403, "invalid_request", "Callback URL mismatch".to_owned()));
        }
        let state = one(pairs, "state");
        let back = |answer: &[(&str, &str)]| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(answer);
            if let Ok(state) = &state {
                query.append_pair("state", state);
            }
            let mark = if redirect_uri.contains('?') { '&' } else { '?' };
            format!("{redirect_uri}{mark}{}", query.finish())
        };
        let outcome = state.clone().and_then(|_| self.check(pairs));
        match (outcome, &self.config.refusal) {
            (Err((_, error, description)), _) => {
                Ok(back(&[("error", error), ("error_description", &description)]))
            }
            (Ok(_), Some((error, description))) => {
                Ok(back(&[("error", error), ("error_description", description)]))
            }
            (Ok(scopes), None) => {
                let code = format!("mock-code.{}", self.random.uuid());
                let lifetime = u64::try_from(CODE.as_millis()).unwrap_or(u64::MAX);
                self.codes.insert(
                    code.clone(),
                    Code {
                        redirect_uri: redirect_uri.to_owned(),
                        scopes,
                        expires_at: now.saturating_add(lifetime),
                        family: None,
                    },
                );
                Ok(back(&[("code", &code)]))
            }
        }
    }

    /// The scopes that are asked for, if all else is right.
    fn check(&self, pairs: &[(String, String)]) -> Result<Vec<String>, Refusal> {
        if one(pairs, "response_type")? != "code" {
            let description = "The response_type must be code".to_owned();
            return Err((400, "unsupported_response_type", description));
        }
        let audience = one(pairs, "audience")?;
        if audience != self.config.audience {
            return Err((403, "access_denied", format!("Service not found: {audience}")));
        }
        let asked: Vec<String> = one(pairs, "scope")?
            .split(' ')
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .collect();
        if asked.is_empty() {
            return Err(invalid_request("Missing required parameter: scope"));
        }
        let invalid = |description: String| (400, "invalid_scope", description);
        if asked.len() > scopes::MOST {
            return Err(invalid(format!("More than {} scopes", scopes::MOST)));
        }
        match asked.iter().find(|scope| !scopes::is_known(scope)) {
            Some(unknown) => Err(invalid(format!("Unknown scope: {unknown}"))),
            None => Ok(asked),
        }
    }
}
