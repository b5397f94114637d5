//! The credential never enters a guest: the proof looks into its memory.

use super::super::{Host, HostConfig, Tune};
use crate::audit::Audit;
use crate::credentials::Credential;
use crate::mock::{API_KEY, Config, Mock};
use crate::policy::Agent;
use std::sync::{Arc, Mutex};
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

/// Linear memories in plain vectors, kept as they were when they were dropped.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Vec<u8>>>>);

struct Memory {
    bytes: Vec<u8>,
    kept: Kept,
}

// SAFETY: the engine is told to expect neither reserved space nor guard pages
// (`tune` below), so a plain buffer that may move satisfies the contract.
unsafe impl MemoryCreator for Kept {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        assert_eq!((reserved.unwrap_or(0), guard), (0, 0));
        Ok(Box::new(Memory { bytes: vec![0; minimum], kept: self.clone() }))
    }
}

// SAFETY: the pointer is valid for `byte_size` bytes until the next growth.
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

impl Drop for Memory {
    fn drop(&mut self) {
        self.kept.0.lock().unwrap().push(std::mem::take(&mut self.bytes));
    }
}

fn tune(kept: Kept) -> Tune {
    Arc::new(move |config| {
        config
            .memory_reservation(0)
            .memory_reservation_for_growth(0)
            .memory_guard_size(0)
            .guard_before_linear_memory(false)
            .memory_init_cow(false)
            .with_host_memory(Arc::new(kept.clone()));
    })
}

#[tokio::test]
async fn the_credential_is_nowhere_in_the_guests_memory_after_a_call() {
    let mock = Mock::start(Config { opportunities: 150, ..Config::default() }).await.unwrap();
    let kept = Kept::default();
    let config = HostConfig {
        upstream: mock.base_url().parse().unwrap(),
        allow_loopback: true,
        credential: Some(Credential::api_key(API_KEY).unwrap()),
        tune: Some(tune(kept.clone())),
        ..HostConfig::default()
    };
    let host = Host::new(config, Audit::none()).unwrap();
    let component = host.load(crate::embedded::COMPONENT).unwrap();
    let agent = Agent::from_grants("sourcer", &["opportunities=read".to_owned()]).unwrap();
    host.call(&component, &agent, "opportunities", "list-all", &[]).await.unwrap();

    let header = Credential::api_key(API_KEY).unwrap().authorization();
    let header = header.to_str().unwrap();
    let token = header.strip_prefix("Basic ").unwrap();
    assert_eq!(mock.requests()[0].header("authorization"), Some(header));
    let memories = kept.0.lock().unwrap();
    let holds = |text: &str| {
        memories.iter().any(|memory| memory.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    assert!(!memories.is_empty());
    // What the guest was told is found, so what is not found was not told.
    assert!(holds(&mock.store().opportunity_ids()[0]));
    assert!(!holds(API_KEY));
    assert!(!holds(token));
}
