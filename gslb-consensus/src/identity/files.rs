//! Files that are either wholly there or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::IdentityError;

/// Permission bits of files that hold a key.
pub(crate) const SECRET: u32 = 0o600;

/// Permission bits of files that anyone may read.
pub(crate) const PUBLIC: u32 = 0o644;

/// Replaces a file so that a crash leaves the old or the new content, never a part.
///
/// Written beside it, synced, renamed over it, and the folder synced.
pub(crate) fn write_atomic(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".tmp");
    let beside = Path::new(&beside);
    // A leftover of a crash may have other permission bits, which open would keep.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write_beside(beside, content, mode).and_then(|()| fs::rename(beside, path));
    if written.is_err() {
        // On a full disk a part that nobody reads would keep the room that is missing.
        let _ = fs::remove_file(beside);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// Writes and syncs the file that is to take another's place.
fn write_beside(beside: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(beside)?;
    file.write_all(content)?;
    file.sync_all()
}

/// What stands behind the name of a file that is to take another's place.
const NEXT: &str = ".next";

/// Replaces a certificate and its key together: a crash leaves the old pair or the new one.
///
/// Both are written beside the old ones. Once the key has taken its place, [`finish_pair`] lets the
/// certificate follow.
pub(super) fn replace_pair(
    dir: &Path,
    (cert, cert_pem): (&str, &str),
    (key, key_pem): (&str, &str),
) -> Result<(), IdentityError> {
    write(dir, &format!("{key}{NEXT}"), key_pem, SECRET)?;
    write(dir, &format!("{cert}{NEXT}"), cert_pem, PUBLIC)?;
    finish_pair(dir, cert, key)
}

/// Ends what [`replace_pair`] had begun when the node was cut off, if it was.
pub(super) fn finish_pair(dir: &Path, cert: &str, key: &str) -> Result<(), IdentityError> {
    // The certificate is written last and moved last: where it is, its key is there too.
    if !dir.join(format!("{cert}{NEXT}")).exists() {
        return Ok(());
    }
    for name in [key, cert] {
        let (from, to) = (dir.join(format!("{name}{NEXT}")), dir.join(name));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(IdentityError::file(&from, error));
            }
            _ => {}
        }
    }
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(|e| IdentityError::file(dir, e))
}

/// Makes a folder for identities, which only its owner may enter.
pub(super) fn make_folder(dir: &Path) -> Result<(), IdentityError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| IdentityError::file(dir, error))
}

/// Writes one file of an identity.
pub(super) fn write(dir: &Path, name: &str, content: &str, mode: u32) -> Result<(), IdentityError> {
    let path = dir.join(name);
    write_atomic(&path, content.as_bytes(), mode).map_err(|error| IdentityError::file(&path, error))
}

/// Reads one file of an identity.
pub(super) fn read(dir: &Path, name: &str) -> Result<String, IdentityError> {
    let path = dir.join(name);
    fs::read_to_string(&path).map_err(|error| IdentityError::file(&path, error))
}
