//! The committed counts that must not be exceeded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// Instructions by the name of a bench.
pub(crate) struct Ceilings(BTreeMap<String, u64>);

/// What a count may be: another compiler release or C library moves a few instructions.
pub(crate) fn with_slack(ceiling: u64) -> u64 {
    ceiling + ceiling / 20 + 8
}

impl Ceilings {
    /// Reads `ceilings.txt`: a count and a name a line.
    pub(crate) fn read() -> Self {
        let text = std::fs::read_to_string(path()).expect("ceilings.txt is there");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let parsed = lines.map(|line| {
            let (count, name) = line.trim().split_once(' ').expect("a count and a name");
            (name.to_owned(), count.parse().expect("a count"))
        });
        Self(parsed.collect())
    }

    /// The ceiling of one bench.
    pub(crate) fn of(&self, name: &str) -> Option<u64> {
        self.0.get(name).copied()
    }

    /// Writes `ceilings.txt`.
    pub(crate) fn write(counts: impl Iterator<Item = (String, u64)>) {
        let mut text =
            "# Instructions a round; written by: cargo bench -p gslb-node --bench answer \
                        -- --accept\n"
                .to_owned();
        for (name, count) in counts {
            let _ = writeln!(text, "{count:>5} {name}");
        }
        std::fs::write(path(), text).expect("ceilings.txt can be written");
    }
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/answer/ceilings.txt")
}
