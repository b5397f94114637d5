//! What the process has in memory, and whether it grows.

/// What resident memory may grow by in the last quarter: the allocator's slack,
/// and what the mock's account keeps of what cannot be taken back.
const GROWTH: u64 = 8 << 20;

/// Bytes of this process in memory, on Linux.
pub fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// Compares the third quarter with the last.
pub fn growth(memory: &[u64]) -> Vec<String> {
    let middle = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied().unwrap_or_default()
    };
    let quarters: Vec<u64> = memory.chunks(memory.len().div_ceil(4).max(1)).map(middle).collect();
    let shown = |bytes: &u64| format!("{:.1}", *bytes as f64 / 1048576.0);
    let ends: Vec<String> = memory.first().into_iter().chain(memory.last()).map(shown).collect();
    let quarters_shown: Vec<String> = quarters.iter().map(shown).collect();
    println!(
        "resident MiB, median of each quarter: {}; start and end: {}",
        quarters_shown.join(" "),
        ends.join(" ")
    );
    match quarters[..] {
        [.., third, last] if last > third + GROWTH => {
            vec![format!("memory grew by {} bytes in the last quarter", last - third)]
        }
        _ => Vec::new(),
    }
}
