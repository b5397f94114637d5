//! A request as handlers see it: captured ids, decoded query, body taken apart.
//!
//! Checks shapes only; what a value means is up to the handler.

use serde_json::Value;

use crate::http::body::Fields;
use crate::http::cursor::Cursors;
use crate::http::form::Part;
use crate::http::payload::Payload;
use crate::http::reply::Failure;

/// One authenticated request that matched a route.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    /// Raw path, as received.
    pub path: &'a str,
    /// Values of the `:name` segments, in order, percent-decoded.
    pub ids: Vec<String>,
    /// Decoded query pairs, in order.
    pub query: &'a [(String, String)],
    pub payload: Payload,
    /// The user the write is attributed to, already known to exist in strict mode.
    pub actor: Option<String>,
    /// Wall clock in milliseconds since 1970 UTC.
    pub now: u64,
    /// Whether the credential may see confidential records.
    pub confidential_access: bool,
    /// The paging tokens issued so far.
    pub cursors: &'a Cursors,
}

impl Call<'_> {
    /// The n-th captured id; empty when the route captures fewer.
    pub fn id(&self, n: usize) -> &str {
        self.ids.get(n).map_or("", String::as_str)
    }

    /// Every value of a repeatable parameter; `name[]` counts as `name`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of a parameter that may be given once.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.all(name).as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Failure::Query(format!("Parameter given more than once: {name}"))),
        }
    }

    /// A `true` or `false` parameter, capitalised or not: Airbyte's source sends Python's `True`,
    /// so Lever takes it.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.one(name)? {
            None => Ok(None),
            Some("true" | "True") => Ok(Some(true)),
            Some("false" | "False") => Ok(Some(false)),
            Some(_) => Err(Failure::Query(format!("Invalid parameter: {name}"))),
        }
    }

    /// A time parameter, in milliseconds since 1970 UTC.
    pub fn time(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.one(name)?
            .map(|text| {
                text.parse().map_err(|_| Failure::Query(format!("Invalid parameter: {name}")))
            })
            .transpose()
    }

    /// The record with the fields named by `include`, those named by `expand`, and the id.
    pub fn select(&self, mut record: Value) -> Value {
        let include = self.all("include");
        if let (false, Some(map)) = (include.is_empty(), record.as_object_mut()) {
            let expand = self.all("expand");
            map.retain(|key, _| {
                key == "id" || [&include, &expand].iter().any(|names| names.contains(&key.as_str()))
            });
        }
        record
    }

    /// The object in the body: JSON, or the fields of a form.
    pub fn body(&self) -> Result<Fields<'_>, Failure> {
        match &self.payload {
            Payload::Json(map) => Ok(Fields::new(map, false)),
            Payload::Form(form) => Ok(Fields::new(&form.fields, true)),
            Payload::Nothing => {
                Err(Failure::Query("The request body must be a JSON object.".to_owned()))
            }
        }
    }

    /// The files in the body.
    pub fn files(&self) -> &[Part] {
        match &self.payload {
            Payload::Form(form) => &form.files,
            Payload::Json(_) | Payload::Nothing => &[],
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::OnceLock;

    use super::*;

    static NONE: OnceLock<Cursors> = OnceLock::new();

    /// A read of `/v1/test` with this query, by a credential with access to everything.
    pub fn call(query: &[(String, String)]) -> Call<'_> {
        Call {
            path: "/v1/test",
            ids: Vec::new(),
            query,
            payload: Payload::Nothing,
            actor: None,
            now: 1_800_000_000_000,
            confidential_access: true,
            cursors: NONE.get_or_init(Cursors::default),
        }
    }

    /// A query string as decoded pairs.
    pub fn pairs(query: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    #[test]
    fn a_parameter_that_does_not_fit_is_refused() {
        let rows = [
            ("archived=true", true),
            ("archived=True", true),
            ("archived=False", true),
            ("archived=TRUE", false),
            ("archived=yes", false),
            ("archived=true&archived=false", false),
            ("", true),
        ];
        for (query, fits) in rows {
            let pairs = pairs(query);
            assert_eq!(call(&pairs).flag("archived").is_ok(), fits, "{query}");
        }
        for (query, expected) in [("at=12", Ok(Some(12))), ("at=-1", Err(())), ("at=1.5", Err(()))]
        {
            let pairs = pairs(query);
            assert_eq!(call(&pairs).time("at").map_err(drop), expected, "{query}");
        }
    }
}
