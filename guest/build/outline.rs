//! Puts `crate::abi` in the place of what the bindings write out in every
//! function: reading its arguments, storing its result for the host, and freeing
//! it afterwards.
//!
//! Works on the text of the bindings, and fails the build where that does not
//! look as expected.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};

/// What begins a function that the host calls.
const EXPORT: &str = "pub unsafe fn _export_";

/// What its name ends in.
const EXPORT_END: &str = "_cabi";

/// What begins the one that it calls when it has read the result.
const POST: &str = "pub unsafe fn __post_return_";

/// What stands between the functions of an interface and their signatures.
const TRAIT: &str = "pub trait Guest";

/// The bindings, reading, storing and freeing with `crate::abi`.
pub fn shared(bindings: &str) -> Result<String> {
    let parts: Vec<&str> = bindings.split(TRAIT).collect();
    let mut written = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let signatures = parts.get(index + 1).copied().unwrap_or_default();
        let called = with_bodies(part, EXPORT, |name, arguments| {
            called(signatures, name.strip_suffix(EXPORT_END).context("no name")?, arguments)
        })?;
        written.push(with_bodies(&called, POST, |name, arguments| {
            ensure!(arguments == ["arg0: *mut u8"], "{name}: what is freed is not one pointer");
            let (_, result) = signature(signatures, name)?;
            Ok(format!("<{result} as crate::abi::Lower>::free(arg0)"))
        })?);
    }
    let written = written.join(TRAIT);
    for (what, marker) in [("called", EXPORT), ("freed", POST)] {
        let (count, functions) = (bindings.matches(marker).count(), bindings.matches(EXPORT));
        ensure!(count == functions.count(), "not all functions are {what}");
    }
    Ok(written)
}

/// The functions whose names begin like this, each with another body.
fn with_bodies(
    functions: &str,
    begin: &str,
    body: impl Fn(&str, &[&str]) -> Result<String>,
) -> Result<String> {
    let mut parts = functions.split(begin);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, _) = part.split_once('<').context("no name")?;
        let (head, rest) = part.split_once('{').context("no body")?;
        let (_, arguments) = head.split_once('(').context("no arguments")?;
        let (arguments, _) = arguments.split_once(')').context("no end of the arguments")?;
        let arguments: Vec<&str> =
            arguments.split(',').map(str::trim).filter(|argument| !argument.is_empty()).collect();
        let body = body(name, &arguments)?;
        write!(written, "{begin}{head}{{ unsafe {{ {body} }} }}{}", behind_body(rest)?)?;
    }
    Ok(written)
}

/// The body of a function that the host calls.
fn called(signatures: &str, name: &str, arguments: &[&str]) -> Result<String> {
    let (kinds, _) = signature(signatures, name)?;
    let mut body = "#[cfg(target_arch = \"wasm32\")] _rt::run_ctors_once(); ".to_owned();
    // Only a list of more than 16 values comes as a pointer alone.
    match arguments {
        ["arg0: *mut u8"] => body += "let mut values = crate::abi::Stored::new(arg0); ",
        _ => {
            let count = arguments.len();
            write!(body, "let values: [u64; {count}] = [")?;
            for index in 0..count {
                write!(body, "crate::abi::Value::bits(arg{index}), ")?;
            }
            body += "]; let mut values = crate::abi::Flat::new(&values); ";
        }
    }
    for (index, kind) in kinds.iter().enumerate() {
        write!(body, "let value{index}: {kind} = values.next(); ")?;
    }
    body += "values.end(); ";
    let values: Vec<String> = (0..kinds.len()).map(|index| format!("value{index}")).collect();
    let area = "(&raw mut _RET_AREA.0).cast::<u8>()";
    write!(body, "crate::abi::returned(T_::{name}({}), {area})", values.join(", "))?;
    Ok(body)
}

/// The types of a function's arguments and of its result.
fn signature<'a>(signatures: &'a str, name: &str) -> Result<(Vec<&'a str>, &'a str)> {
    let (_, function) = signatures.split_once(&format!("fn {name}(")).context("no signature")?;
    let (arguments, result) = function.split_once("->").context("no result type")?;
    let (result, _) = result.split_once(';').context("no end of the signature")?;
    let (arguments, _) = arguments.rsplit_once(')').context("no end of the arguments")?;
    let kinds = arguments
        .split(',')
        .map(str::trim)
        .filter(|argument| !argument.is_empty())
        .map(|argument| argument.split_once(':').map(|(_, kind)| kind.trim()))
        .collect::<Option<_>>()
        .context("an argument has no type")?;
    Ok((kinds, result.trim()))
}

/// What follows the brace that closes the one before this text.
fn behind_body(text: &str) -> Result<&str> {
    let mut depth = 1;
    for (index, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return Ok(&text[index + 1..]);
        }
    }
    anyhow::bail!("a body has no end")
}
