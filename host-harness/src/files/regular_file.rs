//! Opening the files that a user names.
//!
//! Regular files alone: whoever opens a pipe waits for its other side, without any limit in time,
//! and a device may never end. The type is asked of the open file, so that it cannot be swapped
//! between the question and the reading.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens a file for reading.
///
/// # Errors
///
/// When it cannot be opened, or is not a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// Opens a file in another way than for reading alone.
///
/// # Errors
///
/// As for [`open`].
pub fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    checked(without_waiting(options).open(path)?)
}

/// The text of a file of at most `largest` bytes.
///
/// # Errors
///
/// When it cannot be read, is larger, or is not UTF-8.
pub fn text(file: File, largest: u64) -> io::Result<String> {
    let mut text = String::new();
    file.take(largest.saturating_add(1)).read_to_string(&mut text)?;
    if text.len() as u64 > largest {
        return Err(io::Error::other(format!("it is larger than {} KiB", largest >> 10)));
    }
    Ok(text)
}

/// The file, if it is a regular one.
///
/// # Errors
///
/// When it is a directory, a pipe, a socket or a device.
pub fn checked(file: File) -> io::Result<File> {
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// Opens what may be a device, but not a pipe or a socket: it fills up when its reader is slow, and
/// what is written would wait or be cut off.
///
/// # Errors
///
/// When it cannot be opened, or is one.
#[cfg(unix)]
pub fn open_no_pipe(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    use std::os::unix::fs::FileTypeExt;
    let is_pipe = || io::Error::other("it is a pipe or a socket; give a regular file");
    // A pipe that nobody reads, and a socket, cannot be opened at all.
    let no_peer = rustix::io::Errno::NXIO.raw_os_error();
    let file = without_waiting(options).open(path).map_err(|error| {
        match error.raw_os_error() == Some(no_peer) {
            true => is_pipe(),
            false => error,
        }
    })?;
    let kind = file.metadata()?.file_type();
    match kind.is_fifo() || kind.is_socket() {
        true => Err(is_pipe()),
        false => Ok(file),
    }
}

/// Other systems keep their pipes elsewhere.
#[cfg(not(unix))]
pub fn open_no_pipe(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

/// Makes opening a pipe return at once. What is opened has to be [`checked`].
#[cfg(unix)]
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, NONBLOCK)
}

/// Other systems keep their pipes elsewhere.
#[cfg(not(unix))]
pub fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// The flag for that.
#[cfg(unix)]
pub const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::OpenOptionsExt;

    #[test]
    fn what_is_not_a_regular_file_is_refused_without_waiting() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink(&pipe, place.path().join("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(place.path().join("socket")).unwrap();
        for path in ["pipe", "link", "socket", "."] {
            assert!(open(&place.path().join(path)).is_err(), "{path}");
        }
        let append = |path: &Path| open_no_pipe(OpenOptions::new().append(true), path);
        let reader = OpenOptions::new().read(true).custom_flags(NONBLOCK).open(&pipe).unwrap();
        for path in ["pipe", "link", "socket"] {
            let error = append(&place.path().join(path)).unwrap_err();
            assert!(error.to_string().starts_with("it is a pipe or a socket"), "{error}");
        }
        drop(reader);
        let error = append(&pipe).unwrap_err();
        assert!(error.to_string().starts_with("it is a pipe or a socket"), "{error}");
        assert!(append(Path::new("/dev/null")).is_ok());
        for device in ["/dev/zero", "/dev/null"] {
            let error = open(Path::new(device)).unwrap_err();
            assert_eq!(error.to_string(), "it is not a regular file");
        }
    }

    #[test]
    fn a_text_has_a_largest_size() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("text");
        std::fs::write(&path, vec![b'x'; 2048]).unwrap();
        assert_eq!(text(open(&path).unwrap(), 2048).unwrap().len(), 2048);
        let error = text(open(&path).unwrap(), 2047).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 1 KiB");
    }
}
