//! A component with the functions of the WIT that answers what it was told to,
//! and random values to tell it.

use std::fmt::Write as _;

use wasmtime::component::Val;
use wasmtime::component::types::Type;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Resolve, SourceMap, Type as WitType, TypeDefKind, TypeOwner};

use crate::catalog::Catalog;
use crate::mock::random::Random as Bits;

/// The component. Each function keeps its flat parameters where `probe.dump`
/// shows them, and answers the first of the results given to `probe.put<n>`,
/// where n is its place in the catalog.
pub fn component() -> Vec<u8> {
    let (resolve, world) = world();
    let interfaces = &resolve.packages[resolve.worlds[world].package.unwrap()].interfaces;
    let mut functions = String::new();
    for function in Catalog::embedded().functions() {
        let interface = &resolve.interfaces[interfaces[&function.interface]];
        let signature =
            resolve.wasm_signature(AbiVariant::GuestExport, &interface.functions[&function.name]);
        assert!(signature.retptr, "{}", function.id());
        write!(functions, "(func (export \"{}\")", name(&function.interface, &function.name))
            .unwrap();
        let kinds = signature.params.iter().map(|param| match param {
            WasmType::I64 | WasmType::PointerOrI64 => "i64",
            WasmType::F32 => "f32",
            WasmType::F64 => "f64",
            _ => "i32",
        });
        let kinds: Vec<&str> = kinds.collect();
        kinds.iter().for_each(|kind| write!(functions, " (param {kind})").unwrap());
        write!(functions, " (result i32)").unwrap();
        for (place, kind) in kinds.iter().enumerate() {
            let at = 1024 + 8 * place;
            write!(functions, " ({kind}.store (i32.const {at}) (local.get {place}))").unwrap();
        }
        writeln!(functions, " (global.get $result))").unwrap();
    }
    for place in 0..Catalog::embedded().functions().len() {
        writeln!(
            functions,
            "(func (export \"{}\") (param i32 i32) (global.set $result (local.get 0)))",
            name("probe", &format!("put{place}"))
        )
        .unwrap();
    }
    let module = format!(
        r#"(module
            (memory (export "memory") 32)
            (global $top (mut i32) (i32.const 65536))
            (global $result (mut i32) (i32.const 32768))
            (func (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32)
                (param $new i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and
                    (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                    (i32.sub (i32.const 0) (local.get $align))))
                (global.set $top (i32.add (local.get $at) (local.get $new)))
                (local.get $at))
            (func (export "{dump}") (result i32)
                (i32.store (i32.const 2052) (global.get $top))
                (i32.const 2048))
            {functions})"#,
        dump = name("probe", "dump"),
    );
    let mut module = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap()
}

fn name(interface: &str, function: &str) -> String {
    format!("ats:lever/{interface}@0.1.0#{function}")
}

/// The WIT with an interface more.
fn world() -> (Resolve, wit_parser::WorldId) {
    let (resolve, package) = resolve(None);
    let mut uses = Vec::new();
    let mut functions = String::new();
    for (place, function) in Catalog::embedded().functions().iter().enumerate() {
        let interface = resolve.packages[package].interfaces[&function.interface];
        let result = resolve.interfaces[interface].functions[&function.name].result.unwrap();
        let result = written(&resolve, &result, &mut uses);
        writeln!(functions, "put{place}: func(results: list<{result}>);").unwrap();
    }
    let mut text = "interface probe {\n".to_owned();
    for (place, (interface, ty)) in uses.iter().enumerate() {
        writeln!(text, "use {interface}.{{{ty} as t{place}}};").unwrap();
    }
    writeln!(text, "{functions}dump: func() -> list<u8>;\n}}").unwrap();
    text.push_str("world echo { include lever; export probe; }");
    let (resolve, package) = self::resolve(Some(&text));
    let world = resolve.select_world(&[package], Some("echo")).unwrap();
    (resolve, world)
}

fn resolve(more: Option<&str>) -> (Resolve, wit_parser::PackageId) {
    let mut main = SourceMap::new();
    let mut dependencies = std::collections::BTreeMap::<&str, SourceMap>::new();
    for (path, text) in crate::embedded::WIT {
        let package = path.strip_prefix("deps/").and_then(|path| path.split('/').next());
        let map = package.map_or(&mut main, |package| dependencies.entry(package).or_default());
        map.push_str(path, *text);
    }
    if let Some(text) = more {
        main.push_str("probe.wit", text);
    }
    let mut resolve = Resolve::default();
    let parse = |map: SourceMap| map.parse().map_err(|(_, error)| error).unwrap();
    let dependencies = dependencies.into_values().map(parse).collect();
    let package = resolve.push_groups(parse(main), dependencies).unwrap();
    (resolve, package)
}

/// A type as WIT, named types by the place of their use.
fn written(resolve: &Resolve, ty: &WitType, uses: &mut Vec<(String, String)>) -> String {
    let id = match ty {
        WitType::Id(id) => *id,
        WitType::Bool => return "bool".to_owned(),
        WitType::U8 => return "u8".to_owned(),
        WitType::U16 => return "u16".to_owned(),
        WitType::U32 => return "u32".to_owned(),
        WitType::U64 => return "u64".to_owned(),
        WitType::String => return "string".to_owned(),
        other => panic!("{other:?} is not used in results"),
    };
    let definition = &resolve.types[id];
    if let (TypeOwner::Interface(owner), Some(name)) = (definition.owner, &definition.name) {
        let used = (resolve.interfaces[owner].name.clone().unwrap(), name.clone());
        let place = uses.iter().position(|known| *known == used).unwrap_or_else(|| {
            uses.push(used);
            uses.len() - 1
        });
        return format!("t{place}");
    }
    match &definition.kind {
        TypeDefKind::Option(some) => format!("option<{}>", written(resolve, some, uses)),
        TypeDefKind::List(item) => format!("list<{}>", written(resolve, item, uses)),
        TypeDefKind::Result(result) => {
            let mut side = |ty: &Option<WitType>| {
                ty.as_ref().map_or("_".to_owned(), |ty| written(resolve, ty, uses))
            };
            format!("result<{}, {}>", side(&result.ok), side(&result.err))
        }
        other => panic!("{} is not used in results", other.as_str()),
    }
}

/// Random values from a seed.
pub struct Random(Bits);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(Bits::new(seed))
    }

    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound as u64) as usize
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 12] = [
            "a",
            "",
            "\"",
            "\\",
            "\n",
            "\u{0}",
            "\u{7f}",
            "é",
            "\u{202e}",
            "👩‍🔬",
            "</script>",
            " x ",
        ];
        (0..self.below(5)).map(|_| PARTS[self.below(PARTS.len())]).collect()
    }

    fn number(&mut self, bits: u32) -> u64 {
        let number = match self.below(4) {
            0 => u64::MAX,
            1 => self.below(3) as u64,
            _ => self.0.bits(),
        };
        number & (u64::MAX >> (64 - bits))
    }

    /// A value of this type; lists are the shorter the deeper they are.
    pub fn value(&mut self, ty: &Type, depth: usize) -> Val {
        let length = |random: &mut Self| random.below(4_usize.saturating_sub(depth / 2));
        match ty {
            Type::Bool => Val::Bool(self.below(2) == 0),
            Type::U8 => Val::U8(self.number(8) as u8),
            Type::U16 => Val::U16(self.number(16) as u16),
            Type::U32 => Val::U32(self.number(32) as u32),
            Type::U64 => Val::U64(self.number(64)),
            Type::S8 => Val::S8(self.number(8) as i8),
            Type::S16 => Val::S16(self.number(16) as i16),
            Type::S32 => Val::S32(self.number(32) as i32),
            Type::S64 => Val::S64(self.number(64) as i64),
            Type::Float64 => Val::Float64(self.0.bits() as f64 / 3.0),
            Type::Float32 => Val::Float32(self.0.bits() as f32 / 3.0),
            Type::String => Val::String(self.text()),
            Type::List(list) => {
                Val::List((0..length(self)).map(|_| self.value(&list.ty(), depth + 1)).collect())
            }
            Type::Record(record) => {
                let field = |field: wasmtime::component::types::Field<'_>| {
                    (field.name.to_owned(), self.value(&field.ty, depth + 1))
                };
                Val::Record(record.fields().map(field).collect())
            }
            Type::Option(option) => match self.below(2) {
                0 => Val::Option(None),
                _ => Val::Option(Some(Box::new(self.value(&option.ty(), depth)))),
            },
            Type::Enum(cases) => {
                let names: Vec<&str> = cases.names().collect();
                Val::Enum(names[self.below(names.len())].to_owned())
            }
            Type::Variant(variant) => {
                let cases: Vec<_> = variant.cases().collect();
                let case = &cases[self.below(cases.len())];
                let payload = case.ty.as_ref().map(|ty| Box::new(self.value(ty, depth + 1)));
                Val::Variant(case.name.to_owned(), payload)
            }
            Type::Result(result) => {
                let fails = self.below(4) == 0;
                let mut side = |ty: Option<Type>| ty.map(|ty| Box::new(self.value(&ty, depth)));
                Val::Result(if fails { Err(side(result.err())) } else { Ok(side(result.ok())) })
            }
            other => panic!("{other:?} is not used in the WIT"),
        }
    }
}
