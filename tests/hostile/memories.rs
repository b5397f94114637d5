//! Every linear memory of a host's instances, searched when it goes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lever_host::runtime::Tune;
use wasmtime::{InstanceAllocationStrategy, LinearMemory, MemoryCreator, MemoryType};

/// Makes the memories of a host and looks into them.
#[derive(Clone)]
pub struct Watch(Arc<Inner>);

struct Inner {
    needles: Vec<String>,
    found: Mutex<BTreeSet<String>>,
    instances: AtomicUsize,
}

impl Watch {
    /// Looks for these texts.
    pub fn for_any_of(needles: &[String]) -> Watch {
        Watch(Arc::new(Inner {
            needles: needles.to_vec(),
            found: Mutex::default(),
            instances: AtomicUsize::new(0),
        }))
    }

    /// What a host has to be made with.
    pub fn tune(&self) -> Tune {
        let watch = self.clone();
        Arc::new(move |config| {
            config
                .allocation_strategy(InstanceAllocationStrategy::OnDemand)
                .with_host_memory(Arc::new(watch.clone()))
                // Such memories have a size and nothing around them.
                .memory_reservation(0)
                .memory_guard_size(0)
                .memory_reservation_for_growth(0)
                .memory_init_cow(false);
        })
    }

    /// The texts that were found, in their order.
    pub fn found(&self) -> Vec<String> {
        self.0.found.lock().expect("nobody panicked").iter().cloned().collect()
    }

    /// Memories that have been made and are gone.
    pub fn instances(&self) -> usize {
        self.0.instances.load(Ordering::SeqCst)
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

struct Memory {
    bytes: Vec<u8>,
    watch: Watch,
}

impl Drop for Memory {
    fn drop(&mut self) {
        let inner = &self.watch.0;
        inner.instances.fetch_add(1, Ordering::SeqCst);
        for needle in &inner.needles {
            if contains(&self.bytes, needle) {
                inner.found.lock().expect("nobody panicked").insert(needle.clone());
            }
        }
    }
}

// SAFETY: the bytes have the length that is told, and stay where they are until
// the memory grows, which this engine's code expects.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.bytes.len()
    }

    fn byte_capacity(&self) -> usize {
        self.bytes.len()
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        self.bytes.resize(size, 0);
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr().cast_mut()
    }
}

// SAFETY: no reservation and no guard are asked for, see `tune`.
unsafe impl MemoryCreator for Watch {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if reserved.is_some_and(|reserved| reserved > minimum) || guard > 0 {
            return Err(format!("{reserved:?} reserved, {guard} of guard"));
        }
        Ok(Box::new(Memory { bytes: vec![0; minimum], watch: self.clone() }))
    }
}
