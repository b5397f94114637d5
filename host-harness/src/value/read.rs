//! JSON arguments to component values.

use std::cell::RefCell;

use serde_json::{Map, Value};
use wasmtime::component::Val;
use wasmtime::component::types::{ComponentFunc, Record, Type, Variant};

use super::{Arguments, Path, ValueError, nearest};

/// The most bytes in one list that become component values, each of which takes
/// as much as forty bytes. Functions of the WIT take their bytes another way.
const MOST_BYTES: usize = 4 << 20;

/// The values for a function's parameters, from one JSON value for each, in
/// order or by name.
///
/// Trailing parameters that can be absent (options, lists, records of such)
/// may be left out; by name, any such.
///
/// # Errors
///
/// Where a value does not fit, or a parameter is missing, unknown or too many.
pub fn arguments(
    function: &ComponentFunc,
    arguments: &Arguments<'_>,
) -> Result<Vec<Val>, ValueError> {
    let parameters: Vec<(&str, Type)> = function.params().collect();
    let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
    let reader = Reader { arguments, too_many: RefCell::default() };
    if let Some(name) = arguments.unknown(&names) {
        return Err(unknown_parameter(&parameters, name));
    }
    if arguments.count() > parameters.len() {
        let takes = match names.as_slice() {
            [] => "no arguments".to_owned(),
            names => format!("at most {} ({})", names.len(), names.join(", ")),
        };
        return Err(ValueError::new(
            &Path::Root,
            format!("the function takes {takes}, got {} arguments", arguments.count()),
        ));
    }
    let values = parameters.iter().enumerate().map(|(n, (name, ty))| {
        let path = Path::Name(&Path::Root, name);
        match arguments.get(n, name) {
            Some(value) => reader.read(ty, value, &path),
            None => absent(ty).ok_or_else(|| {
                let what = match arguments.are_named() {
                    true => "it".to_owned(),
                    false => format!("argument {}", n + 1),
                };
                ValueError::new(&path, format!("missing; {what} is {}", expected(ty)))
            }),
        }
    });
    let values = values.collect::<Result<_, _>>()?;
    reader.too_many.take().map_or(Ok(values), Err)
}

/// The value of something left out, where its type has one.
fn absent(ty: &Type) -> Option<Val> {
    match ty {
        Type::Option(_) => Some(Val::Option(None)),
        Type::List(_) => Some(Val::List(Vec::new())),
        Type::Record(record) => record
            .fields()
            .map(|field| Some((field.name.to_owned(), absent(&field.ty)?)))
            .collect::<Option<Vec<_>>>()
            .map(Val::Record),
        _ => None,
    }
}

/// Reads values, and remembers bytes that are too many for it: that counts only
/// where nothing else is wrong.
struct Reader<'a> {
    arguments: &'a Arguments<'a>,
    too_many: RefCell<Option<ValueError>>,
}

impl Reader<'_> {
    fn read(&self, ty: &Type, value: &Value, path: &Path<'_>) -> Result<Val, ValueError> {
        let mismatch =
            || ValueError::new(path, format!("expected {}, got {}", expected(ty), got(value)));
        Ok(match ty {
            Type::Bool => Val::Bool(value.as_bool().ok_or_else(mismatch)?),
            Type::S8 => Val::S8(signed(value).ok_or_else(mismatch)?),
            Type::U8 => Val::U8(unsigned(value).ok_or_else(mismatch)?),
            Type::S16 => Val::S16(signed(value).ok_or_else(mismatch)?),
            Type::U16 => Val::U16(unsigned(value).ok_or_else(mismatch)?),
            Type::S32 => Val::S32(signed(value).ok_or_else(mismatch)?),
            Type::U32 => Val::U32(unsigned(value).ok_or_else(mismatch)?),
            Type::S64 => Val::S64(signed(value).ok_or_else(mismatch)?),
            Type::U64 => Val::U64(unsigned(value).ok_or_else(mismatch)?),
            Type::Float32 => Val::Float32(value.as_f64().ok_or_else(mismatch)? as f32),
            Type::Float64 => Val::Float64(value.as_f64().ok_or_else(mismatch)?),
            Type::Char => {
                let mut chars = value.as_str().ok_or_else(mismatch)?.chars();
                match (chars.next(), chars.next()) {
                    (Some(one), None) => Val::Char(one),
                    _ => return Err(mismatch()),
                }
            }
            Type::String => Val::String(value.as_str().ok_or_else(mismatch)?.to_owned()),
            Type::List(list) => match (list.ty(), value) {
                (Type::U8, Value::String(_) | Value::Object(_)) => {
                    self.read_bytes(value, path)?.ok_or_else(mismatch)?
                }
                (ty, Value::Array(items)) => Val::List(self.read_all(items, &ty, path)?),
                _ => return Err(mismatch()),
            },
            Type::FixedLengthList(list) => match value {
                Value::Array(items) if items.len() == list.len() as usize => {
                    Val::FixedLengthList(self.read_all(items, &list.ty(), path)?)
                }
                _ => return Err(mismatch()),
            },
            Type::Tuple(tuple) => match value {
                Value::Array(items) if items.len() == tuple.types().len() => Val::Tuple(
                    tuple
                        .types()
                        .zip(items)
                        .enumerate()
                        .map(|(n, (ty, item))| self.read(&ty, item, &Path::Index(path, n)))
                        .collect::<Result<_, _>>()?,
                ),
                _ => return Err(mismatch()),
            },
            Type::Record(record) => {
                self.read_record(record, value.as_object().ok_or_else(mismatch)?, path)?
            }
            Type::Option(option) => match value {
                Value::Null => Val::Option(None),
                // An error names the inner type alone: null is the exception.
                value => Val::Option(Some(Box::new(self.read(&option.ty(), value, path)?))),
            },
            Type::Enum(names) => {
                let name = value.as_str().ok_or_else(mismatch)?;
                if !names.names().any(|known| known == name) {
                    return Err(mismatch());
                }
                Val::Enum(name.to_owned())
            }
            Type::Flags(flags) => {
                let mut set = Vec::new();
                for (n, item) in value.as_array().ok_or_else(mismatch)?.iter().enumerate() {
                    let known =
                        item.as_str().filter(|name| flags.names().any(|known| known == *name));
                    set.push(
                        known
                            .ok_or_else(|| {
                                let names: Vec<&str> = flags.names().collect();
                                ValueError::new(
                                    &Path::Index(path, n),
                                    format!("expected one of {}", names.join(", ")),
                                )
                            })?
                            .to_owned(),
                    );
                }
                Val::Flags(set)
            }
            Type::Variant(variant) => self.read_variant(variant, value, path)?,
            Type::Result(result) => {
                let (name, inner) = single(value).ok_or_else(mismatch)?;
                let inner_path = Path::Name(path, name);
                let read_case = |ty: Option<Type>| match ty {
                    Some(ty) => self.read(&ty, inner, &inner_path).map(|val| Some(Box::new(val))),
                    None if inner.is_null() => Ok(None),
                    None => Err(ValueError::new(&inner_path, "expected null")),
                };
                match name {
                    "ok" => Val::Result(Ok(read_case(result.ok())?)),
                    "err" => Val::Result(Err(read_case(result.err())?)),
                    _ => return Err(mismatch()),
                }
            }
            Type::Map(_)
            | Type::Own(_)
            | Type::Borrow(_)
            | Type::Future(_)
            | Type::Stream(_)
            | Type::ErrorContext => return Err(mismatch()),
        })
    }

    /// The bytes that a string or an object stands for, if it does.
    fn read_bytes(&self, value: &Value, path: &Path<'_>) -> Result<Option<Val>, ValueError> {
        let Some(bytes) = self.arguments.bytes(value) else { return Ok(None) };
        let bytes = bytes.map_err(|reason| ValueError::new(path, reason))?;
        if bytes.len() > MOST_BYTES {
            let message = format!(
                "{} bytes; a function that this host's WIT does not have takes at most {MOST_BYTES}",
                bytes.len()
            );
            self.too_many.borrow_mut().get_or_insert(ValueError::new(path, message));
            return Ok(Some(Val::List(Vec::new())));
        }
        Ok(Some(Val::List(bytes.iter().copied().map(Val::U8).collect())))
    }

    fn read_all(
        &self,
        items: &[Value],
        ty: &Type,
        path: &Path<'_>,
    ) -> Result<Vec<Val>, ValueError> {
        items
            .iter()
            .enumerate()
            .map(|(n, item)| self.read(ty, item, &Path::Index(path, n)))
            .collect()
    }

    fn read_record(
        &self,
        record: &Record,
        given: &Map<String, Value>,
        path: &Path<'_>,
    ) -> Result<Val, ValueError> {
        for key in given.keys() {
            if !record.fields().any(|field| field.name == key) {
                return Err(unknown_key(record, key, path));
            }
        }
        record
            .fields()
            .map(|field| {
                let path = Path::Name(path, field.name);
                let val = match given.get(field.name) {
                    Some(value) => self.read(&field.ty, value, &path)?,
                    None => absent(&field.ty).ok_or_else(|| {
                        ValueError::new(&path, format!("missing; it is {}", expected(&field.ty)))
                    })?,
                };
                Ok((field.name.to_owned(), val))
            })
            .collect::<Result<_, _>>()
            .map(Val::Record)
    }

    fn read_variant(
        &self,
        variant: &Variant,
        value: &Value,
        path: &Path<'_>,
    ) -> Result<Val, ValueError> {
        let (name, inner) = match value {
            Value::String(name) => (name.as_str(), None),
            other => match single(other) {
                Some((name, inner)) => (name, Some(inner)),
                None => ("", None),
            },
        };
        let Some(case) = variant.cases().find(|case| case.name == name) else {
            let names: Vec<&str> = variant.cases().map(|case| case.name).collect();
            return Err(ValueError::new(
                path,
                format!(
                    "expected one case of {}, as \"case\" or {{\"case\": value}}",
                    names.join(", ")
                ),
            ));
        };
        let path = Path::Name(path, case.name);
        let inner = inner.unwrap_or(&Value::Null);
        let payload = match case.ty {
            Some(ty) => Some(Box::new(self.read(&ty, inner, &path)?)),
            None if inner.is_null() => None,
            None => return Err(ValueError::new(&path, "this case carries no value")),
        };
        Ok(Val::Variant(name.to_owned(), payload))
    }
}

fn unknown_key(record: &Record, key: &str, path: &Path<'_>) -> ValueError {
    let names: Vec<&str> = record.fields().map(|field| field.name).collect();
    ValueError::new(&Path::Name(path, &shown(key)), not_among(key, &names))
}

fn unknown_parameter(parameters: &[(&str, Type)], key: &str) -> ValueError {
    let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
    let holder = parameters.iter().find(|(_, ty)| match ty {
        Type::Record(record) => record.fields().any(|field| field.name == key),
        _ => false,
    });
    let message = match (names.as_slice(), holder) {
        ([], _) => "unknown parameter; the function takes none".to_owned(),
        (_, Some((holder, _))) => {
            format!(
                "unknown parameter; it is a key of {holder}: {{\"{holder}\": {{\"{key}\": ...}}}}"
            )
        }
        (names, None) => not_among(key, names),
    };
    ValueError::new(&Path::Name(&Path::Root, &shown(key)), message)
}

/// What is wrong with a key that is none of these, and which is meant.
fn not_among(key: &str, names: &[&str]) -> String {
    match nearest(key, names) {
        Some(name) => format!("unknown key; it is written {name:?}"),
        None => format!("unknown key; known are {}", names.join(", ")),
    }
}

fn shown(key: &str) -> String {
    key.escape_debug().take(60).collect()
}

fn single(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    let mut entries = object.iter();
    match (entries.next(), entries.next()) {
        (Some((name, inner)), None) => Some((name, inner)),
        _ => None,
    }
}

fn unsigned<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_u64()?).ok()
}

fn signed<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    T::try_from(value.as_i64()?).ok()
}

/// What a type takes, in words.
fn expected(ty: &Type) -> String {
    let words = match ty {
        Type::Bool => "true or false",
        Type::U8 => "a whole number from 0 to 255",
        Type::U16 => "a whole number from 0 to 65535",
        Type::U32 => "a whole number from 0 to 4294967295",
        Type::U64 => "a whole number from 0 up",
        Type::S8 => "a whole number from -128 to 127",
        Type::S16 => "a whole number from -32768 to 32767",
        Type::S32 | Type::S64 => "a whole number",
        Type::Float32 | Type::Float64 => "a number",
        Type::Char => "a string of one character",
        Type::String => "a string",
        Type::List(list) if matches!(list.ty(), Type::U8) => {
            "a string, {\"base64\": \"...\"} or a list of numbers from 0 to 255"
        }
        Type::List(_) | Type::Tuple(_) | Type::FixedLengthList(_) | Type::Flags(_) => "a list",
        Type::Record(record) => {
            let names: Vec<&str> = record
                .fields()
                .filter(|field| absent(&field.ty).is_none())
                .map(|field| field.name)
                .collect();
            return match names.as_slice() {
                [] => "an object".to_owned(),
                names => format!("an object with {}", names.join(", ")),
            };
        }
        Type::Option(option) => return format!("{} or null", expected(&option.ty())),
        Type::Enum(names) => {
            let names: Vec<&str> = names.names().collect();
            return format!("one of {}", names.join(", "));
        }
        Type::Variant(_) => "a case",
        Type::Result(_) => "{\"ok\": ...} or {\"err\": ...}",
        Type::Map(_)
        | Type::Own(_)
        | Type::Borrow(_)
        | Type::Future(_)
        | Type::Stream(_)
        | Type::ErrorContext => "something JSON cannot carry",
    };
    words.to_owned()
}

/// What a JSON value is, without what it says.
fn got(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        // A longer one may be a telephone number.
        Value::Number(number) if number.to_string().len() <= 6 => number.to_string(),
        Value::Number(_) => "another number".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
