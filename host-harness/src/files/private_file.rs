//! Files that hold a secret or decide on access: who may read them, and who could put another one
//! in their place.
//!
//! Everything is asked of the file that is open, so that it cannot be swapped between the question
//! and the reading. Only Unix tells; on other systems a user's own directories are private by
//! inheritance.

use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Who may read a file of secrets beside its owner. Nobody else may ever write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Readers {
    /// The groups that this process is in, as for secrets that are mounted into a container for
    /// one.
    #[default]
    OwnGroups,
    /// Everybody on the machine, which in a container may be this process alone.
    Anybody,
}

/// Why a file is not used.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It cannot be read.
    Read(io::Error),
    /// Others may read it; its permission bits.
    Exposed(u32),
    /// Others may change it, or put another one in its place: a clause with how to mend it.
    Changeable(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Read(error)
    }
}

/// The text of a file that only `readers` can read and only its owner can change, of this many
/// bytes at most.
pub(crate) fn read(
    path: &Path,
    largest: usize,
    readers: Readers,
) -> Result<Zeroizing<String>, Fault> {
    let file = crate::files::regular_file::open(path)?;
    let metadata = file.metadata()?;
    check_unchangeable(path, &metadata)?;
    if let Some(mode) = exposure(&metadata, readers) {
        return Err(Fault::Exposed(mode));
    }
    let mut text = Zeroizing::new(String::with_capacity(largest + 1));
    file.take(largest as u64 + 1).read_to_string(&mut text)?;
    if text.len() > largest {
        let kib = largest / 1024;
        return Err(Fault::Read(io::Error::other(format!("it is larger than {kib} KiB"))));
    }
    Ok(text)
}

/// Checks that nobody but its owner, who is this user or root, could have written a file or put it
/// where it is.
///
/// # Errors
///
/// With what lets them.
pub(crate) fn check_unchangeable(path: &Path, metadata: &Metadata) -> Result<(), Fault> {
    if let Some(reason) = writers(metadata) {
        return Err(Fault::Changeable(reason));
    }
    let directory = directory_of(path);
    check_directory(&directory, &std::fs::metadata(&directory)?)
}

/// Who but its owner, who is this user or root, could have written a file: a clause with the way to
/// mend it.
pub(crate) fn writers(metadata: &Metadata) -> Option<String> {
    if let Err(reason) = check_owner(metadata) {
        return Some(reason);
    }
    let mode = mode_for_writers(metadata)?;
    Some(format!("others can change it (mode {mode:03o}); run `chmod go-w` on it"))
}

/// The directory that a file's name is in.
pub(crate) fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Makes a directory for its owner alone, or checks that nobody else can enter it.
///
/// # Errors
///
/// With what is wrong with it.
#[cfg(unix)]
pub(crate) fn make_directory(directory: &Path) -> Result<(), String> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| error.to_string())?;
    let found = std::fs::symlink_metadata(directory).map_err(|error| error.to_string())?;
    if !found.is_dir() {
        return Err("it is not a real directory (a link?)".to_owned());
    }
    if found.mode() & 0o077 != 0 {
        return Err("others may enter it; `chmod 700` it".to_owned());
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user".to_owned());
    }
    Ok(())
}

/// Makes a directory; a user's own is private by inheritance.
#[cfg(not(unix))]
pub(crate) fn make_directory(directory: &Path) -> Result<(), String> {
    std::fs::create_dir_all(directory).map_err(|error| error.to_string())
}

/// Makes what is created with these options readable by its owner alone.
pub(crate) fn for_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// The permission bits, if they let anybody but the owner in.
#[cfg(unix)]
pub(crate) fn mode_for_others(metadata: &Metadata) -> Option<u32> {
    let mode = mode(metadata);
    (mode & 0o077 != 0).then_some(mode)
}

/// Checks that a file or directory belongs to this user or to root.
///
/// # Errors
///
/// With whom it belongs to.
#[cfg(unix)]
pub(crate) fn check_owner(metadata: &Metadata) -> Result<(), String> {
    let owner = std::os::unix::fs::MetadataExt::uid(metadata);
    if owner == 0 || owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(format!("it belongs to another user (uid {owner}); use one of your own or of root"))
}

/// The permission bits, if they let anybody else than `readers` read, or anybody write.
#[cfg(unix)]
fn exposure(metadata: &Metadata, readers: Readers) -> Option<u32> {
    let mode = mode(metadata);
    let open = match readers {
        Readers::Anybody => 0o022,
        Readers::OwnGroups if is_own_group(metadata) => 0o027,
        Readers::OwnGroups => 0o077,
    };
    (mode & open != 0).then_some(mode)
}

/// Whether the group of a file is one that this process is in.
#[cfg(unix)]
fn is_own_group(metadata: &Metadata) -> bool {
    let group = std::os::unix::fs::MetadataExt::gid(metadata);
    rustix::process::getegid().as_raw() == group
        || rustix::process::getgroups()
            .is_ok_and(|groups| groups.iter().any(|own| own.as_raw() == group))
}

/// The permission bits, if they let others write. Where each user has a group of his own, with the
/// number of the user, files are made writable for it, and it is nobody else.
#[cfg(unix)]
fn mode_for_writers(metadata: &Metadata) -> Option<u32> {
    let user = rustix::process::geteuid().as_raw();
    let is_private = user != 0 && std::os::unix::fs::MetadataExt::gid(metadata) == user;
    let mode = mode(metadata);
    (mode & if is_private { 0o002 } else { 0o022 } != 0).then_some(mode)
}

#[cfg(unix)]
fn check_directory(path: &Path, metadata: &Metadata) -> Result<(), Fault> {
    let fault = |what: &str| Fault::Changeable(format!("its directory {}: {what}", path.display()));
    check_owner(metadata).map_err(|what| fault(&what))?;
    // In one such as /tmp, a file belongs to its owner also by its name.
    let is_sticky = std::os::unix::fs::MetadataExt::mode(metadata) & 0o1000 != 0;
    match mode_for_writers(metadata) {
        Some(mode) if !is_sticky => {
            Err(fault(&format!("others can change it (mode {mode:03o}); run `chmod go-w` on it")))
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o777
}

/// Other systems keep access lists that the standard library does not show.
#[cfg(not(unix))]
mod unseen {
    use super::{Fault, Metadata, Path, Readers};

    pub(crate) fn mode_for_others(_: &Metadata) -> Option<u32> {
        None
    }

    pub(crate) fn check_owner(_: &Metadata) -> Result<(), String> {
        Ok(())
    }

    pub(super) fn exposure(_: &Metadata, _: Readers) -> Option<u32> {
        None
    }

    pub(super) fn mode_for_writers(_: &Metadata) -> Option<u32> {
        None
    }

    pub(super) fn check_directory(_: &Path, _: &Metadata) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(not(unix))]
use unseen::{check_directory, exposure, mode_for_writers};
#[cfg(not(unix))]
pub(crate) use unseen::{check_owner, mode_for_others};

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, chown};

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    fn outcome(path: &Path, readers: Readers) -> &'static str {
        match read(path, 1024, readers) {
            Ok(_) => "read",
            Err(Fault::Read(_)) => "no",
            Err(Fault::Exposed(_)) => "exposed",
            Err(Fault::Changeable(_)) => "changeable",
        }
    }

    #[test]
    fn a_secret_is_read_where_only_its_readers_can_read_it_and_nobody_else_can_change_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "abc").unwrap();
        // The file, its directory, and what becomes of it for both kinds of readers.
        let rows = [
            (0o600, 0o700, "read", "read"),
            (0o400, 0o755, "read", "read"),
            (0o440, 0o755, "read", "read"),
            (0o640, 0o700, "read", "read"),
            (0o444, 0o755, "exposed", "read"),
            (0o644, 0o755, "exposed", "read"),
            (0o604, 0o700, "exposed", "read"),
            (0o660, 0o700, "changeable", "changeable"),
            (0o666, 0o700, "changeable", "changeable"),
            (0o600, 0o702, "changeable", "changeable"),
            (0o600, 0o777, "changeable", "changeable"),
            (0o600, 0o1777, "read", "read"),
        ];
        for (mode, directory, own, anybody) in rows {
            set(&file, mode);
            set(folder.path(), directory);
            let found = (outcome(&file, Readers::OwnGroups), outcome(&file, Readers::Anybody));
            assert_eq!(found, (own, anybody), "{mode:o} in {directory:o}");
        }
        set(folder.path(), 0o700);
    }

    #[test]
    fn what_belongs_to_another_user_or_group_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "abc").unwrap();
        set(&file, 0o440);
        // Only root gives files away; as another user there is nothing to try.
        if chown(&file, None, Some(54_321)).is_err() {
            return;
        }
        assert_eq!(outcome(&file, Readers::OwnGroups), "exposed");
        assert_eq!(outcome(&file, Readers::Anybody), "read");
        set(&file, 0o400);
        assert_eq!(outcome(&file, Readers::OwnGroups), "read");
        chown(&file, Some(54_321), None).unwrap();
        assert_eq!(outcome(&file, Readers::Anybody), "changeable");
        chown(&file, Some(0), None).unwrap();
        chown(folder.path(), Some(54_321), None).unwrap();
        assert_eq!(outcome(&file, Readers::Anybody), "changeable");
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused_and_our_own_is_made_private() {
        let folder = tempfile::tempdir().unwrap();
        let ours = folder.path().join("deep").join("ours");
        make_directory(&ours).unwrap();
        assert_eq!(mode(&std::fs::metadata(&ours).unwrap()), 0o700);
        make_directory(&ours).unwrap();
        set(&ours, 0o750);
        assert!(make_directory(&ours).unwrap_err().contains("chmod 700"));
        set(&ours, 0o700);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&ours, &link).unwrap();
        assert!(make_directory(&link).unwrap_err().contains("link"));
    }

    #[test]
    fn a_pipe_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        assert_eq!(outcome(&pipe, Readers::OwnGroups), "no");
    }
}
