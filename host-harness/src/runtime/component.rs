//! Loading a component: compiled once, linked to what every component gets and
//! to nothing else.

use super::state::State;
use super::typed::{self, Typed};
use super::wasi::IMPORTS;
use super::{CallError, HostError};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{self, ComponentExportIndex, InstancePre, Linker};

/// A component ready to be called.
pub struct Component {
    digest: String,
    size: usize,
    pre: InstancePre<State>,
    by_values: bool,
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
    pub(super) fn load(
        engine: &Engine,
        linker: &Linker<State>,
        bytes: &[u8],
        by_values: bool,
    ) -> Result<Self, HostError> {
        // `from_binary` takes no text and no precompiled code.
        let compiled =
            component::Component::from_binary(engine, bytes).map_err(|error| invalid(&error))?;
        let foreign: Vec<String> = compiled
            .component_type()
            .imports(engine)
            .map(|(name, _)| name)
            .filter(|name| !IMPORTS.contains(&unversioned(name)))
            .map(|name| crate::audit::escape(name).into_owned())
            .collect();
        if !foreign.is_empty() {
            return Err(HostError::Import { imports: foreign.join(", ") });
        }
        let pre = linker.instantiate_pre(&compiled).map_err(|error| invalid(&error))?;
        let (digest, size) = (digest(bytes), bytes.len());
        Ok(Self { digest, size, pre, by_values, found: RwLock::default() })
    }

    /// The SHA-256 of the component's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The component's size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(super) fn pre(&self) -> &InstancePre<State> {
        &self.pre
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
        let engine = self.pre.engine();
        let component = self.pre.component();
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
                return Err(CallError::Usage(format!(
                    "the component has no interface {:?}; it has {}",
                    crate::audit::escape(interface),
                    names.join(", ")
                )));
            }
            several => {
                let names: Vec<&str> = several.iter().map(|(name, _)| *name).collect();
                return Err(CallError::Usage(format!(
                    "the component has several interfaces of that name; write one of {} in full",
                    names.join(", ")
                )));
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
            return Err(CallError::Usage(format!(
                "{} has no function {:?}; it has {}",
                interface_of(name),
                crate::audit::escape(function),
                names.join(", ")
            )));
        };
        let typed = typed::find(interface_of(name), function);
        let typed = typed.filter(|typed| !self.by_values && typed.fits(&ty, &self.pre));
        component
            .get_export_index(None, name)
            .and_then(|instance| component.get_export_index(Some(&instance), function))
            .map(|index| Export { index, ty, typed })
            .ok_or_else(|| CallError::Usage(format!("{interface}.{function} cannot be called")))
    }
}

/// The engine's reason on one line; it quotes names of the component's making.
fn invalid(error: &wasmtime::Error) -> HostError {
    let reason = format!("{error:#}");
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    HostError::Invalid(crate::audit::escape(&reason).into_owned())
}

/// `wasi:io/poll` of `wasi:io/poll@0.2.12`.
fn unversioned(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// `opportunities` of `ats:lever/opportunities@0.1.0`.
fn interface_of(name: &str) -> &str {
    let name = unversioned(name);
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}
