//! JSON Schema of the functions' parameters, from their WIT types.
//!
//! It describes what a call accepts as JSON; it does not check values. Keys are kebab-case as in
//! the WIT, nothing unknown is allowed, absence is a missing key or null.

use serde_json::{Map, Value, json};
use wit_parser::{Docs, Resolve, Type, TypeDefKind};

use crate::catalog::Function;

/// The schema of a function's parameters as one object, the form in which tool callers want it.
pub fn parameters(function: &Function) -> Value {
    let properties: Map<String, Value> =
        function.params.iter().map(|param| (param.name.clone(), param.schema.clone())).collect();
    let required: Vec<&str> = function
        .params
        .iter()
        .filter(|param| param.required)
        .map(|param| param.name.as_str())
        .collect();
    object(properties, &required)
}

/// Whether a value of this type must be given: options, lists and records made of such may be left
/// out.
pub fn is_required(resolve: &Resolve, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return true };
    match &resolve.types[*id].kind {
        TypeDefKind::Option(_) | TypeDefKind::List(_) | TypeDefKind::Map(..) => false,
        TypeDefKind::Type(inner) => is_required(resolve, inner),
        TypeDefKind::Record(record) => {
            record.fields.iter().any(|field| is_required(resolve, &field.ty))
        }
        _ => true,
    }
}

/// Whether a schema accepts some object.
pub fn takes_object(schema: &Value) -> bool {
    let is_object = |ty: &Value| ty == "object";
    let ty = &schema["type"];
    is_object(ty)
        || ty.as_array().is_some_and(|types| types.iter().any(is_object))
        || ["anyOf", "oneOf"]
            .iter()
            .any(|key| schema[key].as_array().is_some_and(|parts| parts.iter().any(takes_object)))
}

/// The schema of one type.
pub fn of(resolve: &Resolve, ty: &Type) -> Value {
    match ty {
        Type::Bool => json!({"type": "boolean"}),
        Type::U8 => integer(0, u64::from(u8::MAX)),
        Type::U16 => integer(0, u64::from(u16::MAX)),
        Type::U32 => integer(0, u64::from(u32::MAX)),
        Type::U64 => json!({"type": "integer", "minimum": 0}),
        Type::S8 => integer(i8::MIN.into(), i8::MAX as u64),
        Type::S16 => integer(i16::MIN.into(), i16::MAX as u64),
        Type::S32 => integer(i32::MIN.into(), i32::MAX as u64),
        Type::S64 => json!({"type": "integer"}),
        Type::F32 | Type::F64 => json!({"type": "number"}),
        Type::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        Type::String => json!({"type": "string"}),
        // Handles of no JSON form: `false` accepts nothing.
        Type::ErrorContext => Value::Bool(false),
        Type::Id(id) => {
            let definition = &resolve.types[*id];
            describe(of_kind(resolve, &definition.kind), &definition.docs)
        }
    }
}

fn of_kind(resolve: &Resolve, kind: &TypeDefKind) -> Value {
    match kind {
        TypeDefKind::Type(inner) => of(resolve, inner),
        TypeDefKind::Option(inner) => {
            let mut schema = of(resolve, inner);
            nullable(&mut schema);
            schema
        }
        TypeDefKind::List(Type::U8) => bytes(),
        TypeDefKind::List(item) => {
            json!({"type": "array", "items": of(resolve, item), "default": []})
        }
        TypeDefKind::FixedLengthList(item, length) => {
            json!({"type": "array", "items": of(resolve, item), "minItems": length, "maxItems": length})
        }
        TypeDefKind::Tuple(tuple) => json!({
            "type": "array",
            "prefixItems": tuple.types.iter().map(|item| of(resolve, item)).collect::<Vec<_>>(),
            "minItems": tuple.types.len(),
            "maxItems": tuple.types.len(),
        }),
        TypeDefKind::Record(record) => {
            let properties = record
                .fields
                .iter()
                .map(|field| (field.name.clone(), describe(of(resolve, &field.ty), &field.docs)))
                .collect();
            let required: Vec<&str> = record
                .fields
                .iter()
                .filter(|field| is_required(resolve, &field.ty))
                .map(|field| field.name.as_str())
                .collect();
            object(properties, &required)
        }
        TypeDefKind::Enum(cases) => {
            json!({"type": "string", "enum": cases.cases.iter().map(|case| &case.name).collect::<Vec<_>>()})
        }
        TypeDefKind::Flags(flags) => json!({
            "type": "array",
            "items": {"type": "string", "enum": flags.flags.iter().map(|flag| &flag.name).collect::<Vec<_>>()},
            "uniqueItems": true,
        }),
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| match &case.ty {
                None => json!({"const": case.name}),
                Some(ty) => one_key(&case.name, of(resolve, ty)),
            });
            json!({"oneOf": cases.collect::<Vec<_>>()})
        }
        TypeDefKind::Result(result) => {
            let side = |name: &str, ty: &Option<Type>| {
                one_key(name, ty.as_ref().map_or(json!({"type": "null"}), |ty| of(resolve, ty)))
            };
            json!({"oneOf": [side("ok", &result.ok), side("err", &result.err)]})
        }
        TypeDefKind::Map(_, value) => {
            json!({"type": "object", "additionalProperties": of(resolve, value)})
        }
        TypeDefKind::Resource
        | TypeDefKind::Handle(_)
        | TypeDefKind::Future(_)
        | TypeDefKind::Stream(_)
        | TypeDefKind::Unknown => Value::Bool(false),
    }
}

/// Bytes: a string is its UTF-8. A list of numbers, which is taken as well, is
/// not advertised: it takes four times the room.
fn bytes() -> Value {
    let encoded = json!({"type": "string", "contentEncoding": "base64"});
    json!({"anyOf": [{"type": "string"}, one_key("base64", encoded)], "default": ""})
}

fn integer(minimum: i64, maximum: u64) -> Value {
    json!({"type": "integer", "minimum": minimum, "maximum": maximum})
}

fn one_key(name: &str, schema: Value) -> Value {
    object(Map::from_iter([(name.to_owned(), schema)]), &[name])
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut schema =
        json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Lets null stand for absence, in the form that needs no nesting where the schema has a plain
/// `type`.
fn nullable(schema: &mut Value) {
    match schema.get("type") {
        Some(Value::String(one)) => schema["type"] = json!([one, "null"]),
        _ => *schema = json!({"anyOf": [schema.take(), {"type": "null"}]}),
    }
    // An enum lists every value it accepts, so null has to be one of them.
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
}

fn describe(mut schema: Value, docs: &Docs) -> Value {
    if let (Some(text), Some(schema)) = (&docs.contents, schema.as_object_mut()) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        schema.insert("description".to_owned(), Value::String(text));
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    fn schema_of(parameters: &str) -> Value {
        let wit = format!(
            "package a:b; world w {{ export t; }} interface t {{
               record point {{ /// In metres.\n x: u32, y: option<s8> }}
               record loose {{ tags: list<string>, at: option<u64> }}
               enum colour {{ red, green }}
               variant set {{ none, to(string) }}
               /// F.\n///\n/// `local` `t:read`\n f: func({parameters}); }}"
        );
        super::parameters(
            Catalog::from_wit(&[("w.wit", &wit)]).unwrap().function("t", "f").unwrap(),
        )
    }

    #[test]
    fn each_type_has_its_schema() {
        let rows = [
            ("bool", json!({"type": "boolean"})),
            ("u64", json!({"type": "integer", "minimum": 0})),
            ("u8", json!({"type": "integer", "minimum": 0, "maximum": 255})),
            ("s32", json!({"type": "integer", "minimum": -2147483648i64, "maximum": 2147483647})),
            ("f64", json!({"type": "number"})),
            ("string", json!({"type": "string"})),
            ("option<string>", json!({"type": ["string", "null"]})),
            ("list<string>", json!({"type": "array", "items": {"type": "string"}, "default": []})),
            (
                "list<u8>",
                json!({"default": "", "anyOf": [{"type": "string"}, {"type": "object",
                    "additionalProperties": false, "required": ["base64"],
                    "properties": {"base64": {"type": "string", "contentEncoding": "base64"}}}]}),
            ),
            ("colour", json!({"type": "string", "enum": ["red", "green"]})),
            ("option<colour>", json!({"type": ["string", "null"], "enum": ["red", "green", null]})),
            (
                "point",
                json!({"type": "object", "additionalProperties": false, "required": ["x"], "properties": {
                    "x": {"type": "integer", "minimum": 0, "maximum": 4294967295u64, "description": "In metres."},
                    "y": {"type": ["integer", "null"], "minimum": -128, "maximum": 127}}}),
            ),
            (
                "set",
                json!({"oneOf": [{"const": "none"}, {"type": "object", "additionalProperties": false,
                    "required": ["to"], "properties": {"to": {"type": "string"}}}]}),
            ),
        ];
        for (ty, expected) in rows {
            assert_eq!(schema_of(&format!("value: {ty}"))["properties"]["value"], expected, "{ty}");
        }
    }

    #[test]
    fn only_what_cannot_be_left_out_is_required() {
        let schema = schema_of("a: string, b: option<u32>, c: list<string>, d: loose, e: point");
        assert_eq!(schema["required"], json!(["a", "e"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema_of("b: option<u32>").get("required"), None);
    }

    #[test]
    fn every_function_of_the_component_has_a_schema_without_holes() {
        for function in Catalog::embedded().functions() {
            let text = parameters(function).to_string();
            assert!(
                !text.contains(":false}") || text.contains("additionalProperties"),
                "{}: {text}",
                function.id()
            );
            for param in &function.params {
                assert_ne!(param.schema, Value::Bool(false), "{}: {}", function.id(), param.name);
            }
        }
    }

    /// What draft 2020-12 says of the keywords that are used here.
    fn check(schema: &Value, place: &str) {
        const TYPES: [&str; 7] =
            ["array", "boolean", "integer", "null", "number", "object", "string"];
        let Some(keywords) = schema.as_object() else {
            return assert!(schema.is_boolean(), "{place}: {schema}");
        };
        let parts = |value: &Value| value.as_array().filter(|parts| !parts.is_empty()).cloned();
        for (keyword, value) in keywords {
            let place = format!("{place}/{keyword}");
            match keyword.as_str() {
                "type" => {
                    let types = parts(value).unwrap_or_else(|| vec![value.clone()]);
                    let known = |ty: &Value| ty.as_str().is_some_and(|ty| TYPES.contains(&ty));
                    assert!(types.iter().all(known), "{place}: {value}");
                    assert!((1..types.len()).all(|n| !types[..n].contains(&types[n])), "{place}");
                }
                "properties" => {
                    for (name, schema) in value.as_object().expect(&place) {
                        check(schema, &format!("{place}/{name}"));
                    }
                }
                "required" => {
                    let names = value.as_array().expect(&place);
                    let is_one = |name: &Value| {
                        name.as_str().is_some_and(|name| schema["properties"].get(name).is_some())
                    };
                    assert!(names.iter().all(is_one), "{place}: {value}");
                }
                "items" | "additionalProperties" => check(value, &place),
                "anyOf" | "oneOf" | "prefixItems" => {
                    let parts = parts(value).expect(&place);
                    parts
                        .iter()
                        .enumerate()
                        .for_each(|(n, part)| check(part, &format!("{place}/{n}")));
                }
                "enum" => assert!(parts(value).is_some(), "{place}"),
                "minItems" | "maxItems" | "minLength" | "maxLength" => {
                    assert!(value.is_u64(), "{place}");
                }
                "minimum" | "maximum" => assert!(value.is_number(), "{place}"),
                "uniqueItems" => assert!(value.is_boolean(), "{place}"),
                "description" | "contentEncoding" => assert!(value.is_string(), "{place}"),
                "const" | "default" => {}
                _ => panic!("{place}: not a keyword of draft 2020-12 that is used here"),
            }
        }
    }

    #[test]
    fn every_schema_is_one_of_draft_2020_12() {
        for function in Catalog::embedded().functions() {
            let schema = parameters(function);
            assert_eq!(schema["type"], "object", "{}", function.id());
            check(&schema, &function.id());
        }
        check(&schema_of("a: colour, b: set, c: list<u8>, d: option<point>, e: loose"), "t.f");
    }

    #[test]
    fn what_takes_an_object_is_seen_in_its_schema() {
        for (ty, takes) in [
            ("point", true),
            ("option<loose>", true),
            ("set", true),
            ("list<u8>", true),
            ("string", false),
            ("list<string>", false),
            ("option<u32>", false),
        ] {
            let schema = &schema_of(&format!("value: {ty}"))["properties"]["value"];
            assert_eq!(takes_object(schema), takes, "{ty}");
        }
    }
}
