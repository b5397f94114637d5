//! `--fields`: which fields of the records of a result are shown.

use anyhow::bail;
use lever_host::catalog::Shape;
use lever_host::value::nearest;
use serde_json::{Map, Value};

/// Paths of fields within a record, such as `stage.id`; a path goes through
/// lists.
#[derive(Debug)]
pub struct Fields(Vec<Vec<String>>);

impl Fields {
    /// Reads the paths; each must be one of the record's, where its shape is known.
    pub fn new(paths: &[String], record: Option<&Shape>) -> anyhow::Result<Self> {
        let paths = paths.iter().map(|text| {
            let path: Vec<String> = text.trim().split('.').map(str::to_owned).collect();
            let mut shape = record;
            for name in &path {
                let Some(holder) = shape else { break };
                shape = Some(match holder.field(name) {
                    Some(inner) => inner,
                    None => bail!("--fields: {}", unknown(text.trim(), name, holder)),
                });
            }
            Ok(path)
        });
        Ok(Fields(paths.collect::<anyhow::Result<_>>()?))
    }

    /// The paths.
    pub fn paths(&self) -> &[Vec<String>] {
        &self.0
    }

    /// The result with these fields of its records alone.
    pub fn of_result(&self, result: Value) -> Value {
        match result {
            Value::Object(mut page) if page.get("items").is_some_and(Value::is_array) => {
                let items = page.remove("items").map(|items| self.of_record(items));
                page.extend(items.map(|items| ("items".to_owned(), items)));
                Value::Object(page)
            }
            other => self.of_record(other),
        }
    }

    /// A record, or each of a list, with these fields alone.
    pub fn of_record(&self, record: Value) -> Value {
        let paths: Vec<&[String]> = self.0.iter().map(Vec::as_slice).collect();
        keep(record, &paths)
    }
}

fn keep(value: Value, paths: &[&[String]]) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| keep(item, paths)).collect(),
        Value::Object(fields) => {
            let kept = fields.into_iter().filter_map(|(name, value)| {
                let of_it = paths.iter().filter_map(|path| path.split_first());
                let of_it = of_it.filter(|(first, _)| **first == name).map(|(_, rest)| rest);
                let rests: Vec<&[String]> = of_it.collect();
                let is_whole = rests.iter().any(|rest| rest.is_empty());
                match (rests.is_empty(), is_whole) {
                    (true, _) => None,
                    (false, true) => Some((name, value)),
                    (false, false) => Some((name, keep(value, &rests))),
                }
            });
            Value::Object(kept.collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn unknown(path: &str, name: &str, holder: &Shape) -> String {
    let names: Vec<&str> = holder.fields().iter().map(|(name, _)| name.as_str()).collect();
    let field = match path == name {
        true => format!("no field `{path}`"),
        false => format!("no field `{name}` in `{path}`"),
    };
    match (names.is_empty(), nearest(name, &names)) {
        (true, _) => format!("{field}: what stands before it holds no fields"),
        (false, Some(meant)) => format!("{field}; did you mean `{meant}`?"),
        (false, None) => format!("{field}; there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lever_host::catalog::Catalog;
    use serde_json::json;

    fn fields(text: &str) -> anyhow::Result<Fields> {
        let function = Catalog::embedded().function("notes", "list-page").unwrap();
        let paths: Vec<String> = text.split(',').map(str::to_owned).collect();
        Fields::new(&paths, function.result.as_ref().map(Shape::records))
    }

    #[test]
    fn records_keep_what_was_named() {
        let note = json!({"id": "a", "text": "x", "user": {"id": "u", "user": {"name": "y"}},
            "fields": [{"value": "v", "score": 1}, {"value": "w"}]});
        let page = json!({"items": [note], "next": "n"});
        let rows = [
            ("id", json!({"id": "a"})),
            ("id, user.id", json!({"id": "a", "user": {"id": "u"}})),
            ("fields.value", json!({"fields": [{"value": "v"}, {"value": "w"}]})),
            ("user.id,user", json!({"user": {"id": "u", "user": {"name": "y"}}})),
            ("secret", json!({})),
        ];
        for (text, expected) in rows {
            let fields = fields(text).unwrap();
            assert_eq!(fields.of_record(note.clone()), expected, "{text}");
            let page = fields.of_result(page.clone());
            assert_eq!(page, json!({"items": [expected], "next": "n"}), "{text}");
        }
    }

    #[test]
    fn an_unknown_field_is_refused_with_the_nearest_one() {
        let rows = [
            ("txt", "no field `txt`; did you mean `text`?"),
            ("createdAt", "did you mean `created-at`?"),
            ("user.nme", "no field `nme` in `user.nme`; there are id, user"),
            ("text.size", "holds no fields"),
            ("", "no field ``; there are id, text"),
        ];
        for (text, expected) in rows {
            let error = fields(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert!(Fields::new(&["anything.at.all".into()], None).is_ok(), "of an unknown function");
    }
}
