//! A call's arguments on their way in.

use wasmtime::component::Val;

use super::component::Export;
use super::typed::Prepared;

/// A call's arguments, in the form in which they go in.
pub(super) enum Work {
    /// As records of the WIT.
    Typed(Box<dyn Prepared>),
    /// As values of the component's own types.
    Values(Vec<Val>),
}

impl Work {
    /// What the arguments ask to expand: in a parameter of that name, or in a record's field of it.
    pub fn expand(&self, export: &Export) -> Vec<&str> {
        match self {
            Work::Typed(call) => call.expand().iter().map(String::as_str).collect(),
            Work::Values(values) => {
                let names = export.ty.params().map(|(name, _)| name.to_owned());
                let fields = names.zip(values).flat_map(|(name, value)| match value {
                    Val::Record(fields) => {
                        fields.iter().map(|(name, value)| (name.clone(), value)).collect()
                    }
                    value => vec![(name, value)],
                });
                let expand = fields.filter(|(name, _)| name == "expand").map(|(_, value)| value);
                expand.flat_map(texts).collect()
            }
        }
    }
}

/// The texts of a list.
fn texts(value: &Val) -> Vec<&str> {
    let Val::List(items) = value else { return Vec::new() };
    items
        .iter()
        .filter_map(|item| match item {
            Val::String(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}
