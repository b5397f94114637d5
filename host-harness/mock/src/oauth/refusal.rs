//! Refusals in OAuth's form.

/// A refused request: status, error and description.
pub(crate) type Refusal = (u16, &'static str, String);

pub(crate) fn invalid_request(description: impl Into<String>) -> Refusal {
    (400, "invalid_request", description.into())
}

/// The value of a parameter that must be there once.
pub(crate) fn one<'p>(pairs: &'p [(String, String)], name: &str) -> Result<&'p str, Refusal> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        (Some(_), Some(_)) => {
            Err(invalid_request(format!("Parameter given more than once: {name}")))
        }
        _ => Err(invalid_request(format!("Missing required parameter: {name}"))),
    }
}
