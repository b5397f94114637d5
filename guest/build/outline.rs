//! Puts `crate::abi` in the place of what the bindings write out in every
//! function: storing its result for the host, and freeing it afterwards.
//!
//! Works on the text of the bindings, and fails the build where that does not
//! look as expected.

use anyhow::{Context, Result, ensure};

/// What begins the storing of a result, behind the name of its pointer.
const AREA: &str = "(&raw mut _RET_AREA.0).cast::<u8>()";

/// What begins a function that the host calls.
const EXPORT: &str = "pub unsafe fn _export_";

/// What begins the one that it calls when it has read the result.
const POST: &str = "pub unsafe fn __post_return_";

/// What stands between the functions of an interface and their signatures.
const TRAIT: &str = "pub trait Guest";

/// The bindings, storing and freeing with `crate::abi`.
pub fn shared(bindings: &str) -> Result<String> {
    let parts: Vec<&str> = bindings.split(TRAIT).collect();
    let mut written = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        let signatures = parts.get(place + 1).copied().unwrap_or_default();
        written.push(freed(&stored(part)?, signatures)?);
    }
    let written = written.join(TRAIT);
    let functions = bindings.matches(EXPORT).count();
    for (what, replaced) in
        [("stored", "crate::abi::returned("), ("freed", "crate::abi::Lower>::free(")]
    {
        let count = written.matches(replaced).count();
        ensure!(count == functions, "{count} results of {functions} functions are {what}");
    }
    Ok(written)
}

/// From the pointer to the result's area to the returning of that pointer, with
/// one call in its place.
fn stored(functions: &str) -> Result<String> {
    let mut written = String::with_capacity(functions.len());
    let mut rest = functions;
    let begins = format!(" = {AREA};");
    while let Some((before, after)) = rest.split_once(&begins) {
        let (before, pointer) = before.rsplit_once("let ").context("no pointer to the result")?;
        let (_, result) = before.rsplit_once("let result").context("no result")?;
        let (number, _) = result.split_once(' ').context("no number")?;
        let (_, behind) =
            after.split_once(&format!(";{pointer}\n")).context("no end of the result")?;
        written.push_str(before);
        written.push_str(&format!("crate::abi::returned(result{number}, {AREA})\n"));
        rest = behind;
    }
    Ok(written + rest)
}

/// The functions that free a result, with one call in each.
fn freed(functions: &str, signatures: &str) -> Result<String> {
    let mut parts = functions.split(POST);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, _) = part.split_once('<').context("no name")?;
        let (head, rest) = part.split_once('{').context("no body")?;
        ensure!(head.contains("(arg0: *mut u8"), "{name}: what is freed is not one pointer");
        let (kind, behind) = (result_type(signatures, name)?, behind_body(rest)?);
        written.push_str(&format!(
            "{POST}{head}{{ unsafe {{ <{kind} as crate::abi::Lower>::free(arg0) }} }}{behind}"
        ));
    }
    Ok(written)
}

fn result_type<'a>(signatures: &'a str, name: &str) -> Result<&'a str> {
    let (_, function) = signatures.split_once(&format!("fn {name}(")).context("no signature")?;
    let (_, kind) = function.split_once("->").context("no result type")?;
    Ok(kind.split_once(';').context("no end of the signature")?.0)
}

/// What follows the brace that closes the one before this text.
fn behind_body(text: &str) -> Result<&str> {
    let mut depth = 1;
    for (place, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Ok(&text[place + 1..]);
        }
    }
    anyhow::bail!("a body has no end")
}
