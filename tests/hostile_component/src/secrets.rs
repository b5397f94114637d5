//! Looking for what the host should have kept to itself.

use std::arch::wasm32::memory_size;
use std::hint::black_box;

const PAGE: usize = 64 << 10;

/// Everything that environment and arguments tell.
pub fn environment() -> String {
    let mut lines: Vec<String> =
        std::env::vars().map(|(name, value)| format!("{name}={value}")).collect();
    lines.extend(std::env::args().map(|argument| format!("argument {argument}")));
    lines.join("\n")
}

/// Looks for the joined parts, without ever joining them: the search must not
/// find itself. `kept` stays in memory meanwhile.
pub fn search(parts: &[String], kept: Option<String>) -> String {
    let environment = environment();
    let needle: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
    let length: usize = needle.iter().map(|part| part.len()).sum();
    let end = memory_size(0) * PAGE;
    let mut found = 0;
    // 0 would be a null pointer.
    for start in 1..end.saturating_sub(length) {
        let mut at = start;
        let is_here = needle.iter().all(|part| {
            part.iter().all(|byte| {
                // SAFETY: `at` stays below the end of the linear memory.
                let here = unsafe { std::ptr::read_volatile(at as *const u8) };
                at += 1;
                here == *byte
            })
        });
        found += usize::from(is_here);
    }
    let answer = kept.as_deref().and_then(|answer| answer.lines().last()).map_or(0, str::len);
    black_box((environment, kept));
    format!("found {found} times in {end} bytes, after an answer of {answer}")
}
