//! Place files by their hash: those that a node decides by, which it gives to its followers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::feed::{PlaceFile, Places};

/// Bytes of one piece of a file.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// Place files by their hash.
#[derive(Debug, Default)]
pub struct Shelf {
    files: Mutex<BTreeMap<[u8; 32], PathBuf>>,
    places: watch::Sender<Places>,
}

impl Shelf {
    /// Which place data the node decides by, with every change.
    pub fn places(&self) -> watch::Receiver<Places> {
        self.places.subscribe()
    }

    /// Says which place data the node decides by from now on; reads the files to name them.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn offer(&self, edition: &str, label: &str, paths: &[PathBuf]) -> io::Result<()> {
        let named: Vec<(PlaceFile, &PathBuf)> = paths
            .iter()
            .map(|path| name_of(path).map(|file| (file, path)))
            .collect::<io::Result<_>>()?;
        let known = named.iter().map(|(file, path)| (file.sha256, (*path).clone())).collect();
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = known;
        self.places.send_replace(Places {
            edition: edition.to_owned(),
            label: label.to_owned(),
            files: named.into_iter().map(|(file, _)| file).collect(),
        });
        Ok(())
    }

    /// A piece of the file of that hash.
    pub(super) async fn read(&self, sha256: [u8; 32], from: u64) -> Result<Vec<u8>, String> {
        let known = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(&sha256).cloned();
        let path = known.ok_or_else(|| "this node has no such place file".to_owned())?;
        let read = spawn_blocking(move || piece(&path, from)).await;
        read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}

fn piece(path: &Path, from: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(PIECE_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The hash, the length and the name of a file.
pub(super) fn name_of(path: &Path) -> io::Result<PlaceFile> {
    let mut file = File::open(path)?;
    let mut hash = Context::new(&SHA256);
    let mut buffer = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(PlaceFile { sha256, bytes, name: name.unwrap_or_default() })
}

/// The hash as text.
pub(super) fn hex(sha256: &[u8; 32]) -> String {
    sha256.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of a text.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut sha256 = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in sha256.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(sha256)
}
