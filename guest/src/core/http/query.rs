//! Query records as the names and values Lever reads.
//!
//! Lists repeat their name and each of their values stands once, absent options
//! leave no trace, and the names are in alphabetical order.

use serde_json::Value;

use crate::core::error::{Error, shown};
use crate::core::http::request::Route;
use crate::core::json::record::{self, Fields, Part, Write};

/// Names and values, not encoded.
pub type Pairs = Vec<(String, String)>;

/// The most records Lever puts on one page.
pub const PAGE: u32 = 100;

/// Values that go into a query under these names.
pub struct Parameters<'a>(pub &'a [(&'static str, &'a dyn Write)]);

/// None.
pub const NO_PARAMETERS: Parameters<'static> = Parameters(&[]);

impl Write for Parameters<'_> {
    fn part(&self) -> Part<'_> {
        Part::Object(self)
    }
}

impl Fields for Parameters<'_> {
    fn field_at(&self, place: usize) -> Option<(&'static str, Part<'_>)> {
        self.0.get(place).map(|(name, value)| (*name, value.part()))
    }
}

/// The pairs of a query record.
///
/// # Errors
///
/// A `limit` or an `expand` that Lever would refuse, or a value that is no
/// text, number or boolean.
pub fn pairs(route: &Route, query: &dyn Write) -> Result<Pairs, Error> {
    let pairs = written(record::value(query))?;
    let expanded = pairs.iter().filter(|(name, _)| name == "expand");
    for (_, value) in expanded {
        if !route.expand.contains(&value.as_str()) {
            let known = match route.expand {
                [] => "nothing".to_owned(),
                names => names.join(", "),
            };
            return Err(Error::invalid(format!(
                "expand {} is not among what {} can expand, which is {known}.",
                shown(value),
                route.name
            )));
        }
    }
    check_filters(&pairs)?;
    Ok(pairs)
}

fn written(query: Value) -> Result<Pairs, Error> {
    let broken = || Error::invalid("the query cannot be written as names and values.");
    let Value::Object(fields) = query else {
        return Err(broken());
    };
    let mut pairs = Pairs::new();
    for (name, value) in fields {
        match value {
            Value::Array(values) => {
                for value in &values {
                    add(&mut pairs, &name, text(value).ok_or_else(broken)?);
                }
            }
            Value::Null => {}
            value => pairs.push((name, text(&value).ok_or_else(broken)?)),
        }
    }
    match limit(&pairs) {
        Some(limit) if !(1..=PAGE).contains(&limit) => Err(Error::invalid(format!(
            "limit {} is outside 1 to 100, which is what Lever puts on one page. For more records, follow the cursor.",
            shown(&limit.to_string())
        ))),
        _ => Ok(pairs),
    }
}

/// Checks what holds for every filter: none is blank, and no span of time runs backwards.
fn check_filters(pairs: &Pairs) -> Result<(), Error> {
    if let Some((name, value)) = pairs.iter().find(|(_, value)| value.trim().is_empty()) {
        let name = name.replace('_', "-");
        return Err(Error::invalid(format!(
            "{name} holds {}; it must not be blank. Leave it out for all.",
            shown(value)
        )));
    }
    let time = |name: &str| {
        let (_, value) = pairs.iter().find(|(other, _)| other == name)?;
        value.parse::<u64>().ok()
    };
    for (name, _) in pairs {
        let Some(span) = name.strip_suffix("_start") else { continue };
        if let (Some(start), Some(end)) = (time(name), time(&format!("{span}_end")))
            && end < start
        {
            let span = span.replace('_', "-");
            return Err(Error::invalid(format!("{span}-end is before {span}-start.")));
        }
    }
    Ok(())
}

/// The pairs of those parameters that are given.
pub fn chosen<const N: usize>(parameters: [(&str, Option<String>); N]) -> Pairs {
    let given = parameters.into_iter();
    given.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// The `limit` among the pairs.
pub fn limit(pairs: &Pairs) -> Option<u32> {
    let (_, value) = pairs.iter().find(|(name, _)| name == "limit")?;
    value.parse().ok()
}

/// Adds a value to a name, unless it is there: Lever takes the values of a name
/// together.
pub fn add(pairs: &mut Pairs, name: &str, value: String) {
    if !pairs.iter().any(|(other, there)| other == name && *there == value) {
        pairs.push((name.to_owned(), value));
    }
}

/// Sets a name to one value.
pub fn set(pairs: &mut Pairs, name: &str, value: String) {
    pairs.retain(|(other, _)| other != name);
    pairs.push((name.to_owned(), value));
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::opportunities::OpportunityQuery;
    use crate::bindings::exports::ats::lever::users::UserQuery;
    use crate::routes::{opportunities as route, users};

    fn empty() -> OpportunityQuery {
        OpportunityQuery::default()
    }

    #[test]
    fn an_empty_query_asks_for_nothing() {
        assert_eq!(pairs(&route::LIST_PAGE, &empty()).unwrap(), Pairs::new());
    }

    #[test]
    fn a_blank_filter_and_a_span_that_runs_backwards_are_refused() {
        let blank = vec![String::from("a"), String::from(" ")];
        let rows = [
            (OpportunityQuery { tag: blank.clone(), ..empty() }, "tag holds \" \""),
            (OpportunityQuery { include: blank, ..empty() }, "include holds"),
            (
                OpportunityQuery { created_at_start: Some(2), created_at_end: Some(1), ..empty() },
                "created-at-end is before created-at-start.",
            ),
        ];
        for (query, said) in rows {
            let error = pairs(&route::LIST_PAGE, &query).unwrap_err();
            assert!(error.message.contains(said), "{}", error.message);
        }
        let (created_at_start, created_at_end) = (Some(1), Some(1));
        let open = OpportunityQuery { created_at_start, created_at_end, ..empty() };
        assert!(pairs(&route::LIST_PAGE, &open).is_ok());
    }

    #[test]
    fn names_are_levers_and_lists_repeat() {
        let query = OpportunityQuery {
            expand: vec!["stage".into(), "owner".into(), "stage".into()],
            stage_id: vec!["offer".into(), "offer".into()],
            created_at_start: Some(5),
            archived: Some(false),
            ..empty()
        };
        let expected = [
            ("archived", "false"),
            ("created_at_start", "5"),
            ("expand", "stage"),
            ("expand", "owner"),
            ("stage_id", "offer"),
        ];
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        assert_eq!(
            pairs(&route::LIST_PAGE, &query).unwrap(),
            expected.iter().map(own).collect::<Pairs>()
        );
    }

    #[test]
    fn the_users_filters_have_names_of_their_own() {
        let query = UserQuery {
            limit: None,
            include: vec![],
            email: vec![],
            access_role: vec!["super admin".into()],
            include_deactivated: Some(true),
            external_directory_id: vec!["x".into()],
        };
        let names: Vec<String> =
            pairs(&users::LIST_PAGE, &query).unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["accessRole[]", "external_directory_id", "includeDeactivated"]);
    }

    #[test]
    fn a_limit_outside_1_to_100_is_refused() {
        for (limit, good) in [(0, false), (1, true), (100, true), (101, false)] {
            let query = OpportunityQuery { limit: Some(limit), ..empty() };
            assert_eq!(pairs(&route::LIST_PAGE, &query).is_ok(), good, "{limit}");
        }
    }

    #[test]
    fn an_expansion_that_lever_does_not_know_is_refused_by_its_name() {
        let query = |expand: &str| serde_json::json!({ "expand": [expand] });
        assert!(pairs(&route::GET, &query("sourcedBy")).is_ok());
        for expand in ["sourced-by", "Stage", "", "stage,owner"] {
            let error = pairs(&route::GET, &query(expand)).unwrap_err();
            assert!(error.message.contains("applications, stage, owner"), "{}", error.message);
        }
        let error = pairs(&users::GET, &query("manager")).unwrap_err();
        assert!(error.message.contains("users.get"), "{}", error.message);
    }
}
