//! Files of place data to one table.

use crate::edition::{Edition, EditionId};
use crate::error::{LoadError, LoadFault};
use crate::merge::{Interner, fill};
use crate::mmdb;
use crate::places::PlaceTable;
use crate::runs::{Key, Runs};
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The largest file that is taken: ten times the largest one on the market.
pub const MAX_FILE_BYTES: u64 = 1 << 30;

impl PlaceTable {
    /// Loads MaxMind DB files (City, Country, ASN, Enterprise and the like) into one table.
    ///
    /// The first file's word counts; later ones only fill in what is missing, and of places only
    /// where they agree. Files are read into memory, never mapped: one that is overwritten in place
    /// can do no harm.
    ///
    /// # Errors
    ///
    /// The first file that cannot be read or is not sound throughout; nothing is taken from it.
    pub fn load<P: AsRef<Path>>(files: &[P]) -> Result<Self, LoadError> {
        let mut loader = Loader::new();
        for path in files {
            let path = path.as_ref();
            let file = path.display().to_string();
            let added = read_file(path).and_then(|bytes| loader.add(&file, &bytes));
            added.map_err(|fault| LoadError { file, fault })?;
        }
        Ok(loader.finish())
    }

    /// As [`PlaceTable::load`], from the content of files: name and bytes of each.
    ///
    /// # Errors
    ///
    /// The first file that is not sound throughout.
    pub fn from_bytes(files: &[(&str, &[u8])]) -> Result<Self, LoadError> {
        let mut loader = Loader::new();
        for (file, bytes) in files {
            let added = loader.add(file, bytes);
            added.map_err(|fault| LoadError { file: (*file).to_owned(), fault })?;
        }
        Ok(loader.finish())
    }
}

/// The content of a file of a sane size.
fn read_file(path: &Path) -> Result<Vec<u8>, LoadFault> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(LoadFault::Read)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(LoadFault::Read)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(LoadFault::TooLarge(MAX_FILE_BYTES));
    }
    Ok(bytes)
}

/// Files as they are laid into each other.
struct Loader {
    interner: Interner,
    v4: Runs<u32, u32>,
    v6: Runs<u64, u32>,
    id: EditionId,
    build_epoch_s: Option<u64>,
    kinds: Vec<String>,
}

impl Loader {
    /// With nothing loaded.
    fn new() -> Self {
        Self {
            interner: Interner::new(),
            v4: Runs::whole(0),
            v6: Runs::whole(0),
            id: EditionId::default(),
            build_epoch_s: None,
            kinds: Vec::new(),
        }
    }

    /// Takes in a file, below those before it.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), LoadFault> {
        let layer = mmdb::read(bytes, &mut self.interner)?;
        if self.kinds.is_empty() {
            (self.v4, self.v6) = (layer.v4, layer.v6);
        } else {
            let mut joined = HashMap::new();
            self.v4 = merge(&self.v4, &layer.v4, &mut self.interner, &mut joined);
            self.v6 = merge(&self.v6, &layer.v6, &mut self.interner, &mut joined);
        }
        self.id = self.id.with(bytes);
        let oldest = self.build_epoch_s.unwrap_or(u64::MAX);
        self.build_epoch_s = Some(oldest.min(layer.build_epoch_s));
        let file = Path::new(name).file_name().map(|file| file.to_string_lossy().into_owned());
        self.kinds.push(format!("{} ({})", layer.kind, file.unwrap_or_default()));
        Ok(())
    }

    /// The table of all files.
    fn finish(self) -> PlaceTable {
        let edition = Edition {
            id: self.id,
            build_epoch_s: self.build_epoch_s.unwrap_or(0),
            label: self.kinds.join(" + "),
        };
        if self.kinds.is_empty() {
            return PlaceTable::empty();
        }
        PlaceTable::assemble(edition, &self.interner, &self.v4, &self.v6)
    }
}

/// Both runs as one, the first one's word first; `joined` keeps pairs that were met.
fn merge<K: Key>(
    first: &Runs<K, u32>,
    later: &Runs<K, u32>,
    interner: &mut Interner,
    joined: &mut HashMap<(u32, u32), u32>,
) -> Runs<K, u32> {
    first.zip(later, |a, b| {
        *joined.entry((a, b)).or_insert_with(|| {
            let (Some(place), Some(filler)) = (interner.get(a), interner.get(b)) else { return a };
            let filled = fill(place, filler);
            interner.number(filled)
        })
    })
}
