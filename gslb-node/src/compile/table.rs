//! What each class of clients is answered, and with what weights.
//!
//! ```text
//! table --- row (class 0) --- answer: region 3, A body, AAAA body, weight 70
//!       |                 `-- answer: region 5, A body, AAAA body, weight 30
//!       `-- row (class 1) --- answer: region 5, ...
//! ```
//!
//! A and AAAA of one region stand in one answer, so both types are drawn together. A row is drawn
//! by an alias table over integers (Vose): exact, and one read however many answers it has.

use super::bodies::{ArenaFull, BodyArena, BodyArenaBuilder, BodyId, StoredBody};
use crate::wire::body::{Body, BodyEncoder, BodyTooLarge, Owner, Section};
use crate::wire::code::rtype;
use crate::wire::header;
use std::collections::HashMap;

/// What a drawn answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answers {
    /// Addresses; a type that the name does not have is `None`.
    Addresses {
        /// The A RRset.
        a: Option<BodyId>,
        /// The AAAA RRset.
        aaaa: Option<BodyId>,
    },
    /// One alias for every type.
    Alias(BodyId),
}

/// One of the answers of a row. Several may name the same region (subsets of its endpoints).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WeightedAnswer {
    /// The index of the region in [`Published::regions`](super::Published::regions).
    pub region: u16,
    /// Its share, over the sum of the row. If all are 0, all are equal.
    pub weight: u32,
    /// What it holds.
    pub answers: Answers,
}

/// Why a table cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFault {
    /// A row has no answer: a name must never be left without one.
    EmptyRow,
    /// The RRset does not fit into a message.
    TooLarge,
    /// More than 2 GiB of bodies, or 2^32 answers.
    Full,
}

impl std::fmt::Display for TableFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::EmptyRow => "a class of clients is left without any answer",
            Self::TooLarge => "the records of one answer do not fit into a DNS message",
            Self::Full => "the answers of one table need more memory than it can address",
        })
    }
}

impl std::error::Error for TableFault {}

impl From<BodyTooLarge> for TableFault {
    fn from(_: BodyTooLarge) -> Self {
        Self::TooLarge
    }
}

impl From<ArenaFull> for TableFault {
    fn from(_: ArenaFull) -> Self {
        Self::Full
    }
}

/// The decisions of every class of one map, for one policy and pool.
#[derive(Debug)]
pub struct Table {
    rows: Box<[Row]>,
    columns: Box<[Column]>,
    bodies: BodyArena,
}

/// Where the columns of a row stand.
#[derive(Clone, Copy, Debug)]
struct Row {
    first: u32,
    count: u32,
    /// What a column holds: the sum of the weights.
    capacity: u64,
}

/// One column of an alias table.
#[derive(Clone, Copy, Debug)]
struct Column {
    /// Of the capacity, how much is this column's own answer.
    keep: u64,
    /// The column whose answer fills the rest.
    alias: u32,
    region: u16,
    answers: Answers,
}

/// What a query was given.
#[derive(Clone, Copy, Debug)]
pub struct Drawn {
    /// The index of the region, for the counters.
    pub region: u16,
    /// The bodies by type.
    pub answers: Answers,
}

impl Table {
    /// Whether the row of `class` has more than one answer, so that a draw is needed.
    #[inline]
    #[must_use]
    pub fn is_weighted(&self, class: u16) -> bool {
        self.row(class).is_some_and(|row| row.count > 1)
    }

    /// The answer of `class` that `draw`, spread evenly over all numbers, falls upon.
    ///
    /// A class past the end gets the last row; `None` only for a table without rows.
    #[inline]
    #[must_use]
    pub fn draw(&self, class: u16, draw: u64) -> Option<Drawn> {
        let row = self.row(class)?;
        let columns = self.columns.get(row.first as usize..)?.get(..row.count as usize)?;
        // The high part of draw * count is the column, the low part is even within it.
        let spread = u128::from(draw) * columns.len() as u128;
        let column = columns.get((spread >> 64) as usize)?;
        let level = (u128::from(spread as u64) * u128::from(row.capacity)) >> 64;
        let chosen = if (level as u64) < column.keep {
            column
        } else {
            columns.get(column.alias as usize)?
        };
        Some(Drawn { region: chosen.region, answers: chosen.answers })
    }

    /// Reads what a query will read first: rows, columns and bodies. Only that it was read is of use.
    #[inline]
    #[must_use]
    pub fn warm(&self) -> u64 {
        let row = self.rows.first().map_or(0, |row| row.capacity);
        let column = self.columns.first().map_or(0, |column| column.keep);
        row ^ column ^ u64::from(self.bodies.bytes().first().copied().unwrap_or(0))
    }

    /// A body of this table.
    #[inline]
    #[must_use]
    pub fn body(&self, id: BodyId) -> Option<StoredBody<'_>> {
        self.bodies.get(id)
    }

    /// The number of rows: the classes of its map.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.rows.len()
    }

    /// The share of each region in the answers to `class`, in parts of the whole.
    #[must_use]
    pub fn shares(&self, class: u16) -> Vec<(u16, f64)> {
        let Some(row) = self.row(class) else { return Vec::new() };
        let columns = self.columns.get(row.first as usize..).unwrap_or_default();
        let whole = row.capacity as f64 * f64::from(row.count);
        let mut shares: Vec<(u16, f64)> = Vec::new();
        let mut add = |region, part: u64| match shares.iter_mut().find(|(r, _)| *r == region) {
            Some((_, share)) => *share += part as f64 / whole,
            None => shares.push((region, part as f64 / whole)),
        };
        for column in columns.iter().take(row.count as usize) {
            add(column.region, column.keep);
            if let Some(alias) = columns.get(column.alias as usize) {
                add(alias.region, row.capacity - column.keep);
            }
        }
        shares
    }

    #[inline]
    fn row(&self, class: u16) -> Option<&Row> {
        self.rows.get(usize::from(class)).or_else(|| self.rows.last())
    }
}

/// Builds a [`Table`]: first the answer sets, then one row per class, in the order of the classes.
#[derive(Debug, Default)]
pub struct TableBuilder {
    bodies: BodyArenaBuilder,
    rows: Vec<Row>,
    columns: Vec<Column>,
    /// Equal bodies are stored once, equal rows too.
    known_bodies: HashMap<Body, BodyId>,
    known: HashMap<Vec<WeightedAnswer>, Row>,
}

impl TableBuilder {
    /// Adds an RRset of the asked name; `rdatas` in wire form, 4 bytes each for A and 16 for AAAA.
    pub fn add_answer<D: AsRef<[u8]>>(
        &mut self,
        rtype: u16,
        ttl: u32,
        rdatas: &[D],
    ) -> Result<BodyId, TableFault> {
        // Base = root: nothing but the asked name itself is pointed at, so the body fits every
        // name.
        let mut encoder = BodyEncoder::new(&[0]);
        encoder.rrset(Section::Answer, Owner::Question, rtype, ttl, rdatas);
        let body = encoder.finish(header::AA, 0)?;
        if let Some(id) = self.known_bodies.get(&body) {
            return Ok(*id);
        }
        let id = self.bodies.add(&body)?;
        self.known_bodies.insert(body, id);
        Ok(id)
    }

    /// Adds an alias of the asked name to `target`, a name in wire form.
    pub fn add_alias(&mut self, ttl: u32, target: &[u8]) -> Result<BodyId, TableFault> {
        self.add_answer(rtype::CNAME, ttl, &[target])
    }

    /// Adds the row of the next class. Answers of weight 0 are left out unless all are 0.
    pub fn push_row(&mut self, answers: &[WeightedAnswer]) -> Result<(), TableFault> {
        let row = match self.known.get(answers) {
            Some(row) => *row,
            None => {
                let row = self.add_columns(answers)?;
                self.known.insert(answers.to_vec(), row);
                row
            }
        };
        self.rows.push(row);
        Ok(())
    }

    /// Ends the table.
    #[must_use]
    pub fn finish(self) -> Table {
        Table { rows: self.rows.into(), columns: self.columns.into(), bodies: self.bodies.finish() }
    }

    /// Builds the columns by Vose's method, in integers.
    fn add_columns(&mut self, answers: &[WeightedAnswer]) -> Result<Row, TableFault> {
        let mut kept: Vec<(WeightedAnswer, u64)> =
            answers.iter().filter(|a| a.weight > 0).map(|a| (*a, a.weight.into())).collect();
        if kept.is_empty() {
            kept = answers.iter().map(|a| (*a, 1)).collect();
        }
        let first = u32::try_from(self.columns.len()).map_err(|_| TableFault::Full)?;
        let count = u32::try_from(kept.len()).map_err(|_| TableFault::Full)?;
        if count == 0 {
            return Err(TableFault::EmptyRow);
        }
        let capacity: u64 = kept.iter().map(|(_, weight)| weight).sum();
        // Scaled by the count, the weights fill `count` columns of `capacity` exactly.
        let mut columns: Vec<Column> = kept
            .iter()
            .enumerate()
            .map(|(n, (answer, weight))| Column {
                keep: weight * u64::from(count),
                alias: n as u32,
                region: answer.region,
                answers: answer.answers,
            })
            .collect();
        level(&mut columns, capacity);
        self.columns.append(&mut columns);
        Ok(Row { first, count, capacity })
    }
}

/// Fills each column that is below capacity from one that is above it.
fn level(columns: &mut [Column], capacity: u64) {
    let number = |n: &(usize, &Column)| n.0 as u32;
    let mut low: Vec<u32> =
        columns.iter().enumerate().filter(|(_, c)| c.keep < capacity).map(|n| number(&n)).collect();
    let mut high: Vec<u32> =
        columns.iter().enumerate().filter(|(_, c)| c.keep > capacity).map(|n| number(&n)).collect();
    while let (Some(small), Some(large)) = (low.pop(), high.last().copied()) {
        let Some(column) = columns.get_mut(small as usize) else { return };
        let lacking = capacity - column.keep;
        column.alias = large;
        let Some(giver) = columns.get_mut(large as usize) else { return };
        giver.keep -= lacking;
        if giver.keep <= capacity {
            high.pop();
        }
        if giver.keep < capacity {
            low.push(large);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(region: u16, weight: u32) -> WeightedAnswer {
        WeightedAnswer { region, weight, answers: Answers::Addresses { a: None, aaaa: None } }
    }

    fn table(rows: &[&[WeightedAnswer]]) -> Table {
        let mut builder = TableBuilder::default();
        for row in rows {
            builder.push_row(row).unwrap();
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn shares_are_the_weights_exactly(weights in prop::collection::vec(0_u32..=1000, 1..20)) {
            let row: Vec<_> = weights.iter().zip(0..).map(|(w, n)| answer(n, *w)).collect();
            let table = table(&[&row]);
            let sum: u32 = weights.iter().sum();
            let shares = table.shares(0);
            for (weight, region) in weights.iter().zip(0..) {
                let share = shares.iter().find(|(r, _)| *r == region).map_or(0.0, |(_, s)| *s);
                let expected = if sum == 0 {
                    1.0 / weights.len() as f64
                } else {
                    f64::from(*weight) / f64::from(sum)
                };
                prop_assert!((share - expected).abs() < 1e-12, "{region}: {share} {expected}");
            }
        }
    }

    #[test]
    fn even_draws_fall_by_weight() {
        let table = table(&[&[answer(1, 1), answer(2, 2), answer(3, 7), answer(4, 0)]]);
        let mut hits = [0_u32; 5];
        for n in 0..10_000_u64 {
            let drawn = table.draw(0, n.wrapping_mul(u64::MAX / 10_000)).unwrap();
            hits[usize::from(drawn.region)] += 1;
        }
        for (hit, expected) in hits.iter().zip([0_u32, 1000, 2000, 7000, 0]) {
            assert!(hit.abs_diff(expected) <= 4, "{hits:?}");
        }
    }

    #[test]
    fn classes_have_their_rows_and_one_past_the_end_gets_the_last() {
        let table = table(&[&[answer(1, 1)], &[answer(2, 5), answer(3, 5)]]);
        assert!(!table.is_weighted(0) && table.is_weighted(1));
        assert_eq!(table.draw(0, u64::MAX).unwrap().region, 1);
        assert_eq!(table.draw(1, 0).unwrap().region, 2);
        assert_eq!(table.draw(9, u64::MAX).unwrap().region, 3);
        assert_eq!(TableBuilder::default().push_row(&[]), Err(TableFault::EmptyRow));
    }
}
