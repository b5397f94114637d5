//! Signals that ask the process to end: at the first it ends in order, at the
//! second at once.

use std::process::exit;
use std::sync::atomic::{AtomicU8, Ordering};

use lever_host::runtime::Stopper;

/// The exit code of a process that a signal has asked to end; 0 before.
static CODE: AtomicU8 = AtomicU8::new(0);

/// 128 and the number of the signal that asked this process to end, as shells
/// count; none where nothing did.
pub fn exit_code() -> Option<u8> {
    Some(CODE.load(Ordering::Relaxed)).filter(|code| *code != 0)
}

/// Ends the calls of a host at a signal, and the process at the next.
pub fn stop_at_signal(stopper: Stopper) -> anyhow::Result<()> {
    let mut signals = Signals::with_hangup()?;
    tokio::spawn(async move {
        CODE.store(signals.next().await, Ordering::Relaxed);
        eprintln!(
            "Stopping; a change in flight is waited for. Send a second signal to stop at once."
        );
        stopper.stop();
        exit(signals.next().await.into());
    });
    Ok(())
}

/// The signals that ask this process to end, heard from when this is made.
#[cfg(unix)]
pub struct Signals(Vec<(tokio::signal::unix::Signal, u8)>);

#[cfg(unix)]
impl Signals {
    /// Ctrl-C and what a service manager sends.
    pub fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = |kind: SignalKind| -> anyhow::Result<_> {
            let code = u8::try_from(kind.as_raw_value()).unwrap_or_default();
            Ok((signal(kind)?, code.saturating_add(128)))
        };
        Ok(Self(vec![heard(SignalKind::interrupt())?, heard(SignalKind::terminate())?]))
    }

    /// With the end of the terminal, for what runs at one.
    fn with_hangup() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut signals = Self::new()?;
        if !is_hangup_ignored() {
            signals.0.push((signal(SignalKind::hangup())?, 129));
        }
        Ok(signals)
    }

    /// Waits for the next one, and returns its exit code.
    pub async fn next(&mut self) -> u8 {
        std::future::poll_fn(|cx| {
            for (signal, code) in &mut self.0 {
                if signal.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready(*code);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// Whether whoever started this process wants it to outlive the terminal, as
/// `nohup` does. Linux tells; elsewhere it is taken not to be so.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is 1, the lowest bit.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Ctrl-C, which is all that can be heard elsewhere.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Ctrl-C.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self)
    }

    fn with_hangup() -> anyhow::Result<Self> {
        Self::new()
    }

    /// Waits for the next one, and returns its exit code.
    pub async fn next(&mut self) -> u8 {
        // Without a way to hear of it, only an end from outside is left.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        130
    }
}

/// Waits for what rotates logs to say that it did; never returns where there
/// is no such signal.
#[cfg(unix)]
pub struct Rotations(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Rotations {
    /// Heard from now on.
    pub fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
}

/// Waits for what rotates logs to say that it did; never returns where there
/// is no such signal.
#[cfg(not(unix))]
pub struct Rotations;

#[cfg(not(unix))]
impl Rotations {
    /// Nothing is heard here.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self)
    }

    /// Never returns.
    pub async fn next(&mut self) {
        std::future::pending().await
    }
}
