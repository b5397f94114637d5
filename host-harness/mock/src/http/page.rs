//! Pages of a list: where one starts and ends.

use serde_json::Value;

use crate::http::call::Call;
use crate::http::cursor::{Key, Part, fingerprint};
use crate::http::reply::Failure;

/// Largest and default page, in rows.
const MAX_LIMIT: usize = 100;

/// The sort key of records that come oldest first.
pub(crate) fn by_creation(row: &Value) -> Key {
    let created = row.get("createdAt").and_then(Value::as_u64).unwrap_or(0);
    let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
    by_time(created, id)
}

/// The sort key of a record with this time and id, earliest first.
pub(crate) fn by_time(time: u64, id: &str) -> Key {
    vec![Part::Earliest(time), Part::Text(id.to_owned())]
}

/// The rows of one page and where the next one starts.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Key>,
}

/// Sorts the rows and cuts the requested page.
pub(crate) fn cut<T>(call: &Call, mut rows: Vec<(Key, T)>) -> Result<Page<T>, Failure> {
    let limit = match call.one("limit")?.map(str::parse::<usize>) {
        None => MAX_LIMIT,
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
        Some(_) => return Err(Failure::Query("limit must be between 1 and 100".to_owned())),
    };
    if let Some(offset) = call.one("offset")? {
        let bound = fingerprint(call.path, call.query);
        let Some(start) = call.cursors.find(bound, offset) else {
            return Err(Failure::Query("Invalid offset token".to_owned()));
        };
        rows.retain(|(key, _)| key >= start);
    }
    if rows.len() > limit {
        // Of a large account only the page is sorted. No two keys are the same.
        rows.select_nth_unstable_by(limit, |(left, _), (right, _)| left.cmp(right));
        rows.truncate(limit + 1);
    }
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let next = rows.get(limit).map(|(key, _)| key.clone());
    rows.truncate(limit);
    Ok(Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::call::tests::{call, pairs};
    use crate::http::cursor::Cursors;

    #[test]
    fn a_page_is_cut_by_limit_and_token() {
        let rows = || (1..=5).map(|n| (vec![Part::Earliest(n)], n)).collect::<Vec<_>>();
        let mut cursors = Cursors::default();
        let start = vec![Part::Earliest(3)];
        let token = cursors.issue(fingerprint("/v1/test", &pairs("tag=a")), start);
        type Cut = Option<(&'static [u64], Option<u64>)>;
        let table: [(&str, Cut); 9] = [
            ("", Some((&[1, 2, 3, 4, 5], None))),
            ("limit=2", Some((&[1, 2], Some(3)))),
            ("limit=5", Some((&[1, 2, 3, 4, 5], None))),
            ("limit=0", None),
            ("limit=101", None),
            ("limit=x", None),
            (&format!("tag=a&limit=2&offset={token}"), Some((&[3, 4], Some(5)))),
            (&format!("tag=b&offset={token}"), None),
            ("offset=made-up", None),
        ];
        for (query, expected) in table {
            let pairs = pairs(query);
            let page = cut(&Call { cursors: &cursors, ..call(&pairs) }, rows()).ok();
            let found = page.map(|page| (page.rows, page.next));
            let expected = expected
                .map(|(rows, next)| (rows.to_vec(), next.map(|time| vec![Part::Earliest(time)])));
            assert_eq!(found, expected, "{query}");
        }
    }
}
