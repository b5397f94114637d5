//! Which functions can be read in parts, so that a result of any size needs the
//! memory and the time of one part.
//!
//! Found by the shape of functions and routes; no function is listed here.

use super::{Catalog, Function, Param};

/// How a function's result can be had in parts.
#[derive(Debug, Clone, Copy)]
pub enum Parts<'a> {
    /// Page by page, by this function of the same list: `list-page` for
    /// `list-all`. Their parameters are the same but for the last, `cursor` in
    /// place of `max-items`.
    Pages(&'a Function),
    /// By the same function, with some of the ids in this parameter at a time.
    Ids(&'a Param),
}

impl Catalog {
    /// How this function's result can be had in parts, if it can.
    pub fn parts(&self, function: &Function) -> Option<Parts<'_>> {
        let found = self.function(&function.interface, &function.name)?;
        if let Some(ids) = found.ids() {
            return Some(Parts::Ids(ids));
        }
        let list = found.before("max-items")?;
        let is_page_of = |page: &&Function| {
            page.interface == found.interface
                && page.routes == found.routes
                && page.before("cursor").is_some_and(|page| names(page).eq(names(list)))
        };
        self.functions().iter().find(is_page_of).map(Parts::Pages)
    }
}

impl Function {
    /// The parameters before the last, where that has this name.
    fn before(&self, last: &str) -> Option<&[Param]> {
        let (found, before) = self.params.split_last()?;
        (found.name == last).then_some(before)
    }

    /// The list of ids that its requests are made for, one by one: its route
    /// has an id that is not a parameter.
    fn ids(&self) -> Option<&Param> {
        let first = self.params.first().filter(|first| first.is_list_of_texts())?;
        let template = &self.routes.first()?.template;
        let mut ids = template.split('/').filter_map(|segment| segment.strip_prefix('{'));
        let missing = ids.any(|id| {
            let id = id.trim_end_matches('}');
            self.params.iter().all(|param| param.name != id)
        });
        (missing && !self.is_write()).then_some(first)
    }
}

fn names(params: &[Param]) -> impl Iterator<Item = &str> {
    params.iter().map(|param| param.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_whole_list_and_every_function_for_many_has_parts() {
        let catalog = Catalog::embedded();
        for function in catalog.functions() {
            let parts = catalog.parts(function);
            let (id, name) = (function.id(), function.name.as_str());
            match &parts {
                Some(Parts::Pages(page)) => {
                    assert!(name.starts_with("list-all"), "{id}");
                    let page_name = name.replacen("all", "page", 1);
                    let short = name.replacen("all-", "", 1);
                    assert!([page_name, short].contains(&page.name), "{id}: {}", page.id());
                }
                Some(Parts::Ids(ids)) => {
                    assert!(name.ends_with("-many"), "{id}");
                    assert_eq!(ids.name, "opportunities", "{id}");
                }
                None => {
                    let is_whole = name.starts_with("list-all") || name.ends_with("-many");
                    assert!(!is_whole, "{id} has no parts");
                }
            }
        }
    }
}
