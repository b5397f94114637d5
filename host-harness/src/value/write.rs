//! Component values to JSON.

use super::{Path, ValueError};
use serde_json::{Map, Value};
use wasmtime::component::Val;

/// The JSON of a component value, whose texts and names move into it. Absent
/// options are left out of records.
///
/// # Errors
///
/// Where a value has no JSON form: handles, streams, numbers that are not
/// finite.
pub fn to_json(val: Val) -> Result<Value, ValueError> {
    write(val, &Path::Root)
}

fn write(val: Val, path: &Path<'_>) -> Result<Value, ValueError> {
    Ok(match val {
        Val::Bool(value) => Value::from(value),
        Val::S8(value) => Value::from(value),
        Val::U8(value) => Value::from(value),
        Val::S16(value) => Value::from(value),
        Val::U16(value) => Value::from(value),
        Val::S32(value) => Value::from(value),
        Val::U32(value) => Value::from(value),
        Val::S64(value) => Value::from(value),
        Val::U64(value) => Value::from(value),
        Val::Float32(value) => finite(f64::from(value), path)?,
        Val::Float64(value) => finite(value, path)?,
        Val::Char(value) => Value::from(value.to_string()),
        Val::String(value) | Val::Enum(value) => Value::String(value),
        Val::List(items) | Val::Tuple(items) | Val::FixedLengthList(items) => {
            let items = items.into_iter().enumerate();
            Value::Array(
                items
                    .map(|(n, item)| write(item, &Path::Index(path, n)))
                    .collect::<Result<_, _>>()?,
            )
        }
        Val::Record(fields) => {
            let mut object = Map::new();
            for (name, val) in fields {
                if !matches!(val, Val::Option(None)) {
                    let value = write(val, &Path::Name(path, &name))?;
                    object.insert(name, value);
                }
            }
            Value::Object(object)
        }
        Val::Variant(name, None) => Value::String(name),
        Val::Variant(name, Some(val)) => case(name, Some(val), path)?,
        Val::Option(None) => Value::Null,
        Val::Option(Some(val)) => write(*val, path)?,
        Val::Result(Ok(val)) => case("ok".to_owned(), val, path)?,
        Val::Result(Err(val)) => case("err".to_owned(), val, path)?,
        Val::Flags(names) => Value::from(names),
        Val::Map(_) | Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => {
            return Err(ValueError::new(path, "this kind of value has no JSON form"));
        }
    })
}

fn case(name: String, val: Option<Box<Val>>, path: &Path<'_>) -> Result<Value, ValueError> {
    let value = match val {
        Some(val) => write(*val, &Path::Name(path, &name))?,
        None => Value::Null,
    };
    let mut object = Map::new();
    object.insert(name, value);
    Ok(Value::Object(object))
}

fn finite(value: f64, path: &Path<'_>) -> Result<Value, ValueError> {
    serde_json::Number::from_f64(value)
        .map(Value::Number)
        .ok_or_else(|| ValueError::new(path, "JSON has no form for a number that is not finite"))
}
