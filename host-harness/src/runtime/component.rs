//! A component: compiled once, for the first call that is allowed, and linked to
//! what every component gets and to nothing else.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{self, ComponentExportIndex, InstancePre};

use super::compiler::Compiler;
use super::outline::{self, Outline};
use super::state::State;
use super::typed::{self, Typed};
use super::wasi::IMPORTS;
use super::{CallError, HostError};

/// A component ready to be called.
pub struct Component {
    digest: String,
    size: usize,
    by_values: bool,
    /// Its names, where it is not ours.
    outline: Option<Outline>,
    /// What is still to be compiled.
    bytes: Arc<[u8]>,
    pre: OnceCell<InstancePre<State>>,
    /// Functions that were called before, by interface and name: finding one
    /// among all exports takes longer than making an instance.
    found: RwLock<HashMap<String, HashMap<String, Arc<Export>>>>,
}

/// One exported function.
pub(super) struct Export {
    pub index: ComponentExportIndex,
    pub ty: ComponentFunc,
    /// The function of the WIT that it is, by its name and type.
    pub typed: Option<&'static dyn Typed>,
}

/// The component's SHA-256 in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Component {
    /// Reads a component and compiles it only if it is ours: others are compiled
    /// for the first call that is allowed.
    pub(super) fn load(
        compiler: &Compiler,
        bytes: &[u8],
        by_values: bool,
    ) -> Result<Self, HostError> {
        let (digest, size) = (digest(bytes), bytes.len());
        let mut component = Self {
            digest,
            size,
            by_values,
            outline: None,
            bytes: Arc::default(),
            pre: OnceCell::new(),
            found: RwLock::default(),
        };
        if bytes == crate::embedded::COMPONENT {
            component.pre = OnceCell::new_with(Some(compiler.trusted(bytes)?));
            return Ok(component);
        }
        let outline = Outline::read(bytes)?;
        let is_foreign = |name: &&String| !IMPORTS.contains(&unversioned(name));
        let foreign: Vec<String> = outline
            .imports
            .iter()
            .filter(is_foreign)
            .map(|name| crate::audit::escape(name).into_owned())
            .collect();
        if !foreign.is_empty() {
            return Err(HostError::Import { imports: foreign.join(", ") });
        }
        component.outline = Some(outline);
        component.bytes = Arc::from(bytes);
        Ok(component)
    }

    /// Whether it has this function, compiled or not.
    pub(super) fn check_name(&self, interface: &str, function: &str) -> Result<(), CallError> {
        match &self.outline {
            Some(outline) => outline.check_name(interface, function),
            None => self.export(interface, function).map(drop),
        }
    }

    /// Compiles it, unless that was done before.
    pub(super) async fn compile(&self, compiler: &Compiler) -> Result<(), HostError> {
        let compiled = self.pre.get_or_try_init(|| async {
            let (compiler, bytes) = (compiler.clone(), Arc::clone(&self.bytes));
            let compiling = tokio::task::spawn_blocking(move || compiler.bounded(&bytes));
            compiling.await.map_err(|_| HostError::Invalid("the compiler broke down".to_owned()))?
        });
        compiled.await.map(drop)
    }

    /// The SHA-256 of the component's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The component's size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// What instances are made of, once it is compiled.
    pub(super) fn pre(&self) -> Result<&InstancePre<State>, CallError> {
        self.pre.get().ok_or_else(|| CallError::Usage("the component is not compiled".to_owned()))
    }

    /// The function of that name, whatever the package and version of its
    /// interface.
    pub(super) fn export(&self, interface: &str, function: &str) -> Result<Arc<Export>, CallError> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(export) = found.get(interface).and_then(|functions| functions.get(function)) {
            return Ok(Arc::clone(export));
        }
        drop(found);
        let export = Arc::new(self.find(interface, function)?);
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        let functions = found.entry(interface.to_owned()).or_default();
        functions.insert(function.to_owned(), Arc::clone(&export));
        Ok(export)
    }

    fn find(&self, interface: &str, function: &str) -> Result<Export, CallError> {
        let pre = self.pre()?;
        let (engine, component) = (pre.engine(), pre.component());
        let ty = component.component_type();
        let found: Vec<(&str, component::types::ComponentInstance)> = ty
            .exports(engine)
            .filter_map(|(name, item)| match item.ty {
                ComponentItem::ComponentInstance(instance)
                    if name == interface || interface_of(name) == interface =>
                {
                    Some((name, instance))
                }
                _ => None,
            })
            .collect();
        let (name, instance) = match found.as_slice() {
            [(name, instance)] => (*name, instance),
            [] => {
                let names: Vec<&str> =
                    ty.exports(engine).map(|(name, _)| interface_of(name)).collect();
                return Err(outline::no_interface(interface, &names.join(", ")));
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
                return Err(outline::several_interfaces(&names.join(", ")));
            }
        };
        let Some(ComponentItem::ComponentFunc(ty)) =
            instance.get_export(engine, function).map(|item| item.ty)
        else {
            let names: Vec<&str> = instance
                .exports(engine)
                .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
                .map(|(name, _)| name)
                .collect();
            return Err(outline::no_function(name, function, &names.join(", ")));
        };
        let typed = typed::find(interface_of(name), function);
        let typed = typed.filter(|typed| !self.by_values && typed.fits(&ty, pre));
        component
            .get_export_index(None, name)
            .and_then(|instance| component.get_export_index(Some(&instance), function))
            .map(|index| Export { index, ty, typed })
            .ok_or_else(|| CallError::Usage(format!("{interface}.{function} cannot be called")))
    }
}

/// The engine's reason on one line; it quotes names of the component's making.
pub(super) fn invalid(reason: &str) -> HostError {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    HostError::Invalid(crate::audit::escape(&reason).into_owned())
}

/// `wasi:io/poll` of `wasi:io/poll@0.2.12`.
fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// `opportunities` of `ats:lever/opportunities@0.1.0`.
pub(super) fn interface_of(name: &str) -> &str {
    let name = unversioned(name);
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}
