//! A component without the names of its parts, which are for those who debug the
//! tools that made it and take 22 KiB of lever.wasm.

use anyhow::{Context, Result};

/// The section that holds them.
const NAMES: &[u8] = b"component-name";

/// Bytes of the magic number and the version.
const HEAD: usize = 8;

/// The component with every section but that one.
pub fn without_names(component: &[u8]) -> Result<Vec<u8>> {
    let (head, mut rest) = component.split_at_checked(HEAD).context("no component")?;
    let mut kept = head.to_vec();
    while let Some(id) = rest.first() {
        let (size, body) = number(rest.get(1..).unwrap_or_default())?;
        let content = body.get(..size).context("a section is cut off")?;
        let (section, behind) = rest.split_at(rest.len() - body.len() + size);
        if *id != 0 || named(content)? != NAMES {
            kept.extend(section);
        }
        rest = behind;
    }
    Ok(kept)
}

/// The name of a custom section.
fn named(content: &[u8]) -> Result<&[u8]> {
    let (size, rest) = number(content)?;
    rest.get(..size).context("a name is cut off")
}

/// A LEB128 number, and what follows it.
fn number(bytes: &[u8]) -> Result<(usize, &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).context("a number has no end")?;
    let (number, rest) = bytes.split_at(end + 1);
    let number = number.iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    Ok((number, rest))
}
