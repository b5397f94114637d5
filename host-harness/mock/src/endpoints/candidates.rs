//! Candidates: the name opportunities had until 2020, under which every path below them still
//! works.

use std::borrow::Cow;

/// The old name, as a path below the version.
const CANDIDATES: &str = "/candidates";

/// The current path of a raw path below `base`.
pub(crate) fn canonical<'p>(path: &'p str, base: &str) -> Cow<'p, str> {
    let rest = path.strip_prefix(base).and_then(|path| path.strip_prefix(CANDIDATES));
    match rest.filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => format!("{base}/opportunities{rest}").into(),
        None => path.into(),
    }
}
