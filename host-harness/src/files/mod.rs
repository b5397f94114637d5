//! Files as this host reads and writes them: regular ones only, private where
//! they hold a secret, and logs that notice when they are moved or removed.

mod log_file;
pub(crate) mod private_file;
#[doc(hidden)]
pub mod regular_file;

pub(crate) use log_file::{LogFile, is_moved, is_removed, sync_directory};
