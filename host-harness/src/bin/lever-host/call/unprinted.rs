//! A result that could not be written: the call was made all the same.

use std::fmt;

use lever_host::catalog::Function;

/// Why a result is not there, and what that means for what was called.
#[derive(Debug)]
pub struct Unprinted {
    is_write: bool,
}

impl Unprinted {
    /// The error of showing a result of this function; of one that is not ours, whatever it does.
    ///
    /// An error that is not one of writing passes as it is: the result was printed before it.
    pub fn after(function: Option<&Function>, error: anyhow::Error) -> anyhow::Error {
        if !error.chain().any(|cause| cause.is::<std::io::Error>()) {
            return error;
        }
        let is_write = function.is_none_or(Function::is_write);
        error.context(Self { is_write })
    }
}

impl fmt::Display for Unprinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.is_write {
            true => {
                "the call was made and its change with it: do not repeat it. Its result could not be \
                 written"
            }
            false => "the result could not be written",
        })
    }
}
