//! Component values to JSON, led by their types.

use bytes::Bytes;
use serde_json::Value;
use wasmtime::component::Val;
use wasmtime::component::types::Type;

use super::data::{Data, Fields, View};
use super::{Path, ValueError};

/// A value of a type that was not known before.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// An option that is none.
    Absent,
    /// A boolean.
    Flag(bool),
    /// A whole number that is not negative.
    Whole(u64),
    /// A whole number.
    Signed(i64),
    /// Any number.
    Float(f64),
    /// A character.
    Letter(char),
    /// A string.
    Text(String),
    /// A list of bytes.
    Bytes(Bytes),
    /// Any other list, or a tuple.
    List(Vec<Tree>),
    /// A record, its fields in the order of their names.
    Record(Vec<(String, Tree)>),
    /// A case by its name, and what it carries.
    Case(String, Option<Box<Tree>>),
}

impl Data for Tree {
    fn view(&self) -> View<'_> {
        match self {
            Tree::Absent => View::Absent,
            Tree::Flag(value) => View::Flag(*value),
            Tree::Whole(value) => View::Whole(*value),
            Tree::Signed(value) => View::Signed(*value),
            Tree::Float(value) => View::Float(*value),
            Tree::Letter(value) => View::Letter(*value),
            Tree::Text(text) => View::Text(text),
            Tree::Bytes(bytes) => View::Bytes(bytes),
            Tree::List(items) => View::List(items),
            Tree::Record(fields) => View::Record(fields),
            Tree::Case(name, payload) => {
                View::Case(name, payload.as_deref().map(|payload| payload as &dyn Data))
            }
        }
    }
}

impl Fields for Vec<(String, Tree)> {
    fn count(&self) -> usize {
        self.len()
    }

    fn name(&self, place: usize) -> &str {
        self.get(place).map_or("", |(name, _)| name)
    }

    fn field(&self, place: usize) -> View<'_> {
        self.get(place).map_or(View::Absent, |(_, value)| value.view())
    }
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Tree::Absent,
            Value::Bool(value) => Tree::Flag(value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => Tree::Whole(whole),
                (None, Some(signed)) => Tree::Signed(signed),
                (None, None) => Tree::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Tree::Text(text),
            Value::Array(items) => Tree::List(items.into_iter().map(Tree::from).collect()),
            Value::Object(fields) => Tree::Record(
                fields.into_iter().map(|(name, value)| (name, Tree::from(value))).collect(),
            ),
        }
    }
}

/// What a component value says, whose texts and names move into it.
///
/// # Errors
///
/// Where a value has no JSON form: handles, streams, maps.
pub fn tree(val: Val, ty: &Type) -> Result<Tree, ValueError> {
    write(val, ty, &Path::Root)
}

fn write(val: Val, ty: &Type, path: &Path<'_>) -> Result<Tree, ValueError> {
    let unfit = || ValueError::new(path, "this kind of value has no JSON form");
    let case = |name: String, val: Box<Val>, ty: Option<Type>| {
        let inner = write(*val, &ty.ok_or_else(unfit)?, &Path::Name(path, &name))?;
        Ok(Tree::Case(name, Some(Box::new(inner))))
    };
    Ok(match (val, ty) {
        (Val::Bool(value), _) => Tree::Flag(value),
        (Val::U8(value), _) => Tree::Whole(value.into()),
        (Val::U16(value), _) => Tree::Whole(value.into()),
        (Val::U32(value), _) => Tree::Whole(value.into()),
        (Val::U64(value), _) => Tree::Whole(value),
        (Val::S8(value), _) => Tree::Signed(value.into()),
        (Val::S16(value), _) => Tree::Signed(value.into()),
        (Val::S32(value), _) => Tree::Signed(value.into()),
        (Val::S64(value), _) => Tree::Signed(value),
        (Val::Float32(value), _) => Tree::Float(value.into()),
        (Val::Float64(value), _) => Tree::Float(value),
        (Val::Char(value), _) => Tree::Letter(value),
        (Val::String(text), _) => Tree::Text(text),
        (Val::Enum(name), _) => Tree::Case(name, None),
        (Val::List(items), Type::List(list)) if list.ty() == Type::U8 => {
            let byte = |item| match item {
                Val::U8(byte) => Ok(byte),
                _ => Err(unfit()),
            };
            Tree::Bytes(items.into_iter().map(byte).collect::<Result<Vec<u8>, _>>()?.into())
        }
        (Val::List(items), Type::List(list)) => all(items, std::iter::repeat(list.ty()), path)?,
        (Val::FixedLengthList(items), Type::FixedLengthList(list)) => {
            all(items, std::iter::repeat(list.ty()), path)?
        }
        (Val::Tuple(items), Type::Tuple(tuple)) => all(items, tuple.types(), path)?,
        (Val::Record(values), Type::Record(record)) => {
            let mut fields = Vec::with_capacity(values.len());
            for ((name, val), field) in values.into_iter().zip(record.fields()) {
                let value = write(val, &field.ty, &Path::Name(path, &name))?;
                fields.push((name, value));
            }
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            Tree::Record(fields)
        }
        (Val::Variant(name, None), _) => Tree::Case(name, None),
        (Val::Variant(name, Some(val)), Type::Variant(variant)) => {
            let ty = variant.cases().find(|case| case.name == name).and_then(|case| case.ty);
            case(name, val, ty)?
        }
        (Val::Option(None), _) => Tree::Absent,
        (Val::Option(Some(val)), Type::Option(option)) => write(*val, &option.ty(), path)?,
        (Val::Result(result), Type::Result(ty)) => match result {
            Ok(Some(val)) => case("ok".to_owned(), val, ty.ok())?,
            Err(Some(val)) => case("err".to_owned(), val, ty.err())?,
            Ok(None) => Tree::Case("ok".to_owned(), Some(Box::new(Tree::Absent))),
            Err(None) => Tree::Case("err".to_owned(), Some(Box::new(Tree::Absent))),
        },
        (Val::Flags(names), _) => Tree::List(names.into_iter().map(Tree::Text).collect()),
        _ => return Err(unfit()),
    })
}

fn all(
    items: Vec<Val>,
    types: impl Iterator<Item = Type>,
    path: &Path<'_>,
) -> Result<Tree, ValueError> {
    let items = items.into_iter().zip(types).enumerate();
    let items = items.map(|(n, (item, ty))| write(item, &ty, &Path::Index(path, n)));
    Ok(Tree::List(items.collect::<Result<_, _>>()?))
}

/// What a function answered: the value in a `result`, or its error, or the
/// value as it is.
///
/// # Errors
///
/// As [`tree`].
pub fn answer(val: Val, ty: &Type) -> Result<Result<Tree, Tree>, ValueError> {
    let side = |val: Option<Box<Val>>, ty: Option<Type>| match (val, ty) {
        (Some(val), Some(ty)) => tree(*val, &ty),
        _ => Ok(Tree::Absent),
    };
    match (val, ty) {
        (Val::Result(Ok(val)), Type::Result(ty)) => side(val, ty.ok()).map(Ok),
        (Val::Result(Err(val)), Type::Result(ty)) => side(val, ty.err()).map(Err),
        (val, ty) => tree(val, ty).map(Ok),
    }
}
