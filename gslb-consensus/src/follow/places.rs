//! Fetches place files by their hash from the node that is followed, and keeps the last two editions.
//!
//! ```text
//! places/<sha256>/<name>     a file, whole and checked
//! places/<sha256>.part       one that is on its way: goes on where it stopped
//! places/editions            the files of the newest edition, then of the one before
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::dialer::Dialer;
use super::error::FollowError;
use super::shelf::{PIECE_BYTES, hex, name_of};
use crate::feed::PlaceFile;
use crate::identity::write_atomic;

/// Largest place file that is fetched.
const FILE_MAX: u64 = 1 << 30;

/// Fetched place files.
#[derive(Clone, Debug)]
pub(crate) struct PlaceStore {
    root: PathBuf,
}

/// The place files that an observer with this data folder fetched last.
#[must_use]
pub fn stored_places(data: &Path) -> Vec<PathBuf> {
    PlaceStore::new(data).last()
}

impl PlaceStore {
    /// The place files of a data folder.
    pub(crate) fn new(data: &Path) -> Self {
        Self { root: data.join("places") }
    }

    /// The files of the edition that was fetched last; none: none was.
    pub(crate) fn last(&self) -> Vec<PathBuf> {
        let editions = self.editions();
        let newest = editions.first().map(Vec::as_slice).unwrap_or_default();
        newest.iter().map(|line| self.root.join(line)).filter(|path| path.exists()).collect()
    }

    /// The files, fetched from `at` as far as they are not there; older editions go.
    pub(crate) async fn fetch(
        &self,
        dialer: &Dialer,
        at: &str,
        files: &[PlaceFile],
    ) -> Result<Vec<PathBuf>, String> {
        let mut lines = Vec::new();
        for file in files {
            let line = line_of(file)?;
            if !self.has(file, &line).await {
                let why = |error: FollowError| format!("{}: {error}", file.name);
                self.fetch_one(dialer, at, file, &line).await.map_err(why)?;
            }
            lines.push(line);
        }
        let store = self.clone();
        let paths = lines.iter().map(|line| self.root.join(line)).collect();
        let kept = spawn_blocking(move || store.keep(lines)).await;
        kept.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        Ok(paths)
    }

    /// Whether the file is there and is what its name says.
    async fn has(&self, file: &PlaceFile, line: &str) -> bool {
        let (path, wanted) = (self.root.join(line), file.sha256);
        let read = spawn_blocking(move || name_of(&path)).await;
        matches!(read, Ok(Ok(found)) if found.sha256 == wanted)
    }

    async fn fetch_one(
        &self,
        dialer: &Dialer,
        at: &str,
        file: &PlaceFile,
        line: &str,
    ) -> Result<(), FollowError> {
        let lost = |error: io::Error| FollowError::Lost(error.to_string());
        fs::create_dir_all(&self.root).map_err(lost)?;
        let hash = hex(&file.sha256);
        let part = self.root.join(format!("{hash}.part"));
        let mut from = fs::metadata(&part).map_or(0, |meta| meta.len());
        while from < file.bytes {
            let path = format!("/feed/v1/place/{hash}?from={from}");
            let answer = dialer.get(at, &path).await?;
            let piece = answer.bytes().await;
            let piece = piece.map_err(|error| FollowError::Lost(error.to_string()))?;
            if piece.is_empty() || piece.len() > PIECE_BYTES {
                break;
            }
            let mut out = OpenOptions::new().create(true).append(true).open(&part).map_err(lost)?;
            out.write_all(&piece).map_err(lost)?;
            from += piece.len() as u64;
        }
        let (taken, target, wanted) = (part.clone(), self.root.join(line), file.sha256);
        let done = spawn_blocking(move || take_in(&taken, &target, wanted)).await;
        match done {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(FollowError::Unfit("what came does not have the hash".to_owned())),
            Ok(Err(error)) => Err(lost(error)),
            Err(error) => Err(FollowError::Lost(error.to_string())),
        }
    }

    /// Takes down that this is the newest edition, and removes what neither it nor the last one needs.
    fn keep(&self, lines: Vec<String>) -> io::Result<()> {
        let mut editions = self.editions();
        if editions.first() != Some(&lines) {
            editions.insert(0, lines);
            editions.truncate(2);
            fs::create_dir_all(&self.root)?;
            let text: Vec<String> = editions.iter().map(|lines| lines.join("\n")).collect();
            write_atomic(&self.root.join("editions"), text.join("\n\n").as_bytes(), 0o644)?;
        }
        let wanted: Vec<&str> =
            editions.iter().flatten().filter_map(|line| line.split('/').next()).collect();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let hash = name.strip_suffix(".part").unwrap_or(&name);
            if hash.len() != 64 || wanted.contains(&hash) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The files of the editions that were fetched, newest first.
    fn editions(&self) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.root.join("editions")).unwrap_or_default();
        let lines = |edition: &str| edition.lines().map(str::to_owned).collect();
        text.split("\n\n").filter(|edition| !edition.is_empty()).map(lines).collect()
    }
}

/// Where a file lies: under its hash, by the name that it has for people.
fn line_of(file: &PlaceFile) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._- ".contains(c);
    let name = &file.name;
    if name.is_empty() || name.starts_with('.') || name.len() > 200 || !name.chars().all(is_plain) {
        return Err(format!("{name:?} is no name of a place file"));
    }
    if file.bytes > FILE_MAX {
        return Err(format!("{name} has {} bytes, more than a place file may", file.bytes));
    }
    Ok(format!("{}/{name}", hex(&file.sha256)))
}

/// Gives a fetched file its place, if it has its hash; else it is begun anew.
fn take_in(part: &Path, target: &Path, wanted: [u8; 32]) -> io::Result<bool> {
    if !part.exists() {
        // An empty file has no pieces.
        fs::write(part, b"")?;
    }
    if name_of(part)?.sha256 != wanted {
        fs::remove_file(part)?;
        return Ok(false);
    }
    fs::File::open(part)?.sync_all()?;
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(part, target)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(sha256: [u8; 32], name: &str) -> PlaceFile {
        PlaceFile { sha256, bytes: 3, name: name.to_owned() }
    }

    #[test]
    fn names_that_could_lead_elsewhere_are_refused() {
        for bad in ["", "../x", ".x", "a/b", "a\nb", "ä", &"x".repeat(201)] {
            line_of(&file([1; 32], bad)).unwrap_err();
        }
        assert!(
            line_of(&file([1; 32], "GeoLite2-City.mmdb")).unwrap().ends_with("/GeoLite2-City.mmdb")
        );
        line_of(&PlaceFile { bytes: FILE_MAX + 1, ..file([1; 32], "a") }).unwrap_err();
    }

    #[test]
    fn the_last_two_editions_are_kept_and_what_is_not_of_their_hash_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let store = PlaceStore::new(dir.path());
        fs::create_dir_all(&store.root).unwrap();
        assert!(store.last().is_empty());
        let mut lines = Vec::new();
        for text in ["one", "two", "six"] {
            let part = store.root.join("x.part");
            fs::write(&part, text).unwrap();
            let named = name_of(&part).unwrap();
            let line = line_of(&file(named.sha256, "city.mmdb")).unwrap();
            assert!(!take_in(&part, &store.root.join(&line), [0; 32]).unwrap());
            assert!(!part.exists(), "what is wrong is begun anew");
            fs::write(&part, text).unwrap();
            assert!(take_in(&part, &store.root.join(&line), named.sha256).unwrap());
            store.keep(vec![line.clone()]).unwrap();
            assert_eq!(fs::read_to_string(&store.last()[0]).unwrap(), text);
            lines.push(line);
        }
        let there: Vec<bool> = lines.iter().map(|line| store.root.join(line).exists()).collect();
        assert_eq!(there, [false, true, true]);
    }
}
