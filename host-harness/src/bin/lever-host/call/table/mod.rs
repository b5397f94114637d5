//! `--table`: a result for people, one line a record, times as ISO 8601 in UTC.
//!
//! What others wrote is escaped as in the audit, so that no text steers the
//! terminal, moves to another line or hides.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement, Row, Table};
use jiff::Timestamp;
use lever_host::audit::escape;
use lever_host::catalog::Shape;
use serde_json::Value;

use super::fields::Fields;

/// The width where there is no terminal that has one.
const WIDTH: u16 = 100;

/// The widest cells that are shown whole, such as ids, and the width of those
/// that are cut off anyway.
const WHOLE: usize = 40;
const CUT: usize = 24;

/// Between two columns.
const GAP: usize = 2;

/// Fields that stand for a whole record in a cell.
const ESSENCE: [&str; 5] = ["message", "name", "text", "id", "value"];

/// A table, and what is said beside it.
pub struct Shown {
    pub table: String,
    pub notes: Vec<String>,
}

/// Lays out a result of this shape, where it is known; a terminal has a width.
pub fn lay_out(
    result: &Value,
    shape: Option<&Shape>,
    fields: Option<&Fields>,
    terminal: Option<u16>,
) -> Shown {
    let records = shape.map(Shape::records);
    let mut notes = Vec::new();
    let rows = match (result, result.get("items")) {
        (_, Some(Value::Array(items))) => items,
        (Value::Array(items), _) => items,
        _ => {
            let table = one(result, records, fields, terminal);
            return Shown { table, notes };
        }
    };
    if rows.is_empty() {
        notes.push("no records".to_owned());
    }
    let columns = match fields {
        Some(fields) => fields.paths().to_vec(),
        None => {
            let (columns, left_out) = chosen(rows, records, terminal.unwrap_or(WIDTH).into());
            if !left_out.is_empty() {
                notes.push(format!("not shown: {}; --fields a,b,c chooses", left_out.join(", ")));
            }
            columns
        }
    };
    if let Some(next) = result.get("next").and_then(Value::as_str) {
        notes.push(format!("there is more: go on with the cursor {}", escape(next)));
    }
    let mut table = empty(terminal);
    table
        .set_header(row(columns.iter().map(|path| escape(&path.join(".")).into_owned()), terminal));
    for record in rows {
        table.add_row(row(columns.iter().map(|path| at(record, records, path)), terminal));
    }
    let table = if columns.is_empty() { String::new() } else { finished(&mut table) };
    Shown { table, notes }
}

/// One record: a line for each field that is there.
fn one(
    record: &Value,
    shape: Option<&Shape>,
    fields: Option<&Fields>,
    terminal: Option<u16>,
) -> String {
    let paths = match fields {
        Some(fields) => fields.paths().to_vec(),
        None => {
            names(std::slice::from_ref(record), shape).into_iter().map(|name| vec![name]).collect()
        }
    };
    if paths.is_empty() {
        return format!("{}\n", cell(record, shape));
    }
    let mut table = empty(terminal);
    for path in &paths {
        let name = escape(&path.join(".")).into_owned();
        table.add_row([name, at(record, shape, path)]);
    }
    finished(&mut table)
}

/// One line; what a terminal has no room for is cut off.
fn row(cells: impl Iterator<Item = String>, terminal: Option<u16>) -> Row {
    let mut row = Row::from(cells.map(Cell::new).collect::<Vec<_>>());
    if terminal.is_some() {
        row.max_height(1);
    }
    row
}

fn empty(terminal: Option<u16>) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_truncation_indicator("…");
    if let Some(width) = terminal {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

fn finished(table: &mut Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP as u16));
    }
    let mut text = String::new();
    for line in table.lines() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The fields that fit beside each other, the first ones first, and the rest.
fn chosen(rows: &[Value], shape: Option<&Shape>, width: usize) -> (Vec<Vec<String>>, Vec<String>) {
    let mut left = width + GAP;
    let (mut columns, mut left_out) = (Vec::new(), Vec::new());
    for name in names(rows, shape) {
        let path = vec![name];
        let cells =
            rows.iter().map(|record| console::measure_text_width(&at(record, shape, &path)));
        let widest = cells.max().unwrap_or_default();
        let widest = if widest > WHOLE { CUT } else { widest };
        let wanted = widest.max(console::measure_text_width(&path[0])) + GAP;
        // One is better than none, however little of it there is room for.
        if wanted <= left || columns.is_empty() {
            left = left.saturating_sub(wanted);
            columns.push(path);
        } else {
            left_out.extend(path);
        }
    }
    (columns, left_out)
}

/// The fields that any of the records has, in the order of the WIT where that
/// is known, and else the id first.
fn names(rows: &[Value], shape: Option<&Shape>) -> Vec<String> {
    let is_there = |name: &str| rows.iter().any(|record| !cell(&record[name], None).is_empty());
    match shape.map(Shape::fields) {
        Some(fields) => {
            fields.iter().map(|(name, _)| name).filter(|name| is_there(name)).cloned().collect()
        }
        None => {
            let keys = rows.iter().filter_map(Value::as_object).flat_map(|record| record.keys());
            let mut names: Vec<String> = keys.filter(|name| is_there(name)).cloned().collect();
            names.sort_by_key(|name| (name != "id", name.clone()));
            names.dedup();
            names
        }
    }
}

/// The cell of a path.
fn at(value: &Value, shape: Option<&Shape>, path: &[String]) -> String {
    let Some((name, rest)) = path.split_first() else { return cell(value, shape) };
    match value {
        Value::Array(items) => joined(items.iter().map(|item| at(item, shape.map(within), path))),
        _ => at(&value[name.as_str()], shape.and_then(|shape| shape.field(name)), rest),
    }
}

fn cell(value: &Value, shape: Option<&Shape>) -> String {
    match (value, shape) {
        (Value::Null, _) => String::new(),
        (Value::Number(number), Some(Shape::Time)) => {
            let time = number.as_i64().and_then(|ms| Timestamp::from_millisecond(ms).ok());
            time.map_or_else(
                || number.to_string(),
                |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            )
        }
        (Value::String(text), _) => escape(text).into_owned(),
        (Value::Array(items), _) => joined(items.iter().map(|item| cell(item, shape.map(within)))),
        (Value::Object(fields), _) => match ESSENCE.iter().find_map(|name| fields.get(*name)) {
            Some(essence) => cell(essence, None),
            None => escape(&value.to_string()).into_owned(),
        },
        (value, _) => value.to_string(),
    }
}

fn within(shape: &Shape) -> &Shape {
    match shape {
        Shape::List(item) => item,
        other => other,
    }
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
