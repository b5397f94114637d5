//! The parts of the components that are compiled for speed, not for size:
//! reading JSON into records, and the allocator, where almost all the time of a
//! page goes. The rest would be a fifth larger and no faster.

mod slot;
mod visit;

pub use slot::{Json, List, Optional, Read, Record, Reference, Slot, keyed, list, open, plain};
pub use visit::{NOT_UTF8, fill, read};

/// Takes less time than the one of the C library, and the code is small.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
