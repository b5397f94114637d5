//! Shares the code that writes a function's result for the host.
//!
//! The bindings write it out in every function, 18 KiB for an opportunity. Here
//! it moves into one function for each result type of an interface, which took
//! 130 KiB off the component; strings likewise. Works on the text of the bindings and fails the
//! build where that does not look as expected.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// What begins the writing of a result, behind the name of its pointer.
const AREA: &str = " = (&raw mut _RET_AREA.0).cast::<u8>();";

/// What begins a function that the host calls.
const EXPORT: &str = "pub unsafe fn _export_";

/// What stands between the functions of an interface and their signatures.
const TRAIT: &str = "pub trait Guest";

/// The bindings with one writing function for each result type.
pub fn shared(bindings: &str) -> Result<String> {
    let parts: Vec<&str> = bindings.split(TRAIT).collect();
    let mut written = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        written.push(interface(part, parts.get(place + 1).copied().unwrap_or_default())?);
    }
    strings(&written.join(TRAIT))
}

/// Makes giving up a string's spare memory a call; written out, it is in every
/// field of every result.
fn strings(bindings: &str) -> Result<String> {
    const BOXED: &str = ".into_bytes()).into_boxed_slice()";
    let mut parts: Vec<&str> = bindings.split(BOXED).collect();
    let last = parts.pop().unwrap_or_default();
    let mut written = String::with_capacity(bindings.len());
    for part in parts {
        let (before, string) = part.rsplit_once('(').context("no string before its bytes")?;
        written.push_str(&format!("{before}crate::core::boxed({string})"));
    }
    Ok(written + last)
}

/// The functions of one interface, given the text with its signatures.
fn interface(functions: &str, signatures: &str) -> Result<String> {
    let mut written = String::with_capacity(functions.len());
    let mut known = BTreeMap::new();
    let mut rest = functions;
    while let Some(at) = rest.find(AREA) {
        let (before, after) = rest.split_at(at);
        let (before, pointer) = before.rsplit_once("let ").context("no pointer to the result")?;
        let (_, result) = before.rsplit_once("let result").context("no result")?;
        let result = format!("result{}", result.split_once(' ').context("no number")?.0);
        let (body, behind) =
            after.split_once(&format!(";{pointer}\n")).context("no end of the result")?;
        let body = format!("let {pointer}{body};{pointer}");
        let (before, export) = before.rsplit_once(EXPORT).context("no function")?;
        let (name, _) = export.split_once("_cabi").context("no name")?;
        written.push_str(before);
        let function = known.entry(plain(&body)).or_insert_with(|| format!("write_{name}"));
        if *function == format!("write_{name}") {
            let kind = result_type(signatures, name)?;
            written.push_str(&format!(
                "#[inline(never)] unsafe fn {function}({result}: {kind}) -> *mut u8 {{ unsafe {{ {body} }} }}\n"
            ));
        }
        written.push_str(&format!("{EXPORT}{export}{function}({result})\n"));
        rest = behind;
    }
    written.push_str(rest);
    Ok(written)
}

fn result_type<'a>(signatures: &'a str, name: &str) -> Result<&'a str> {
    let (_, function) = signatures.split_once(&format!("fn {name}(")).context("no signature")?;
    let (_, kind) = function.split_once("->").context("no result type")?;
    Ok(kind.split_once(';').context("no end of the signature")?.0)
}

/// The text without the numbers that tell its variables apart.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut in_name = false;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if !(in_name && c.is_ascii_digit()) {
            plain.push(c);
        }
        in_name = c.is_ascii_alphabetic() || c == '_' || (in_name && c.is_ascii_digit());
    }
    plain
}
