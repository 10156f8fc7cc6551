//! Whether what concurrent clients saw of one register could have happened one at a time.
//!
//! ```text
//! operations (from .. to, what came back) -> search for an order in which each takes effect at one
//!                                            moment between its two -> linearizable, or who cannot fit
//! ```
//!
//! The search is Wing and Gong's with the cache of Lowe ("Testing for linearizability", 2016): an
//! order is tried step by step, a step that does not fit is taken back, and no set of steps that led
//! to the same value is tried twice. An operation whose outcome is unknown may take effect at any
//! time after it began, or never. It is given a place only where the next operation would not fit
//! without it: one that nobody can tell of might as well never have happened, and to try all such
//! would take forever.

use std::collections::HashSet;

/// What a register holds; `None`: nothing was set.
pub type Held = Option<u64>;

/// What a client asked, and what came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// It read this.
    Read(Held),
    /// It wrote this, whatever was there.
    Write(Held),
    /// It wrote `new` if `seen` was there.
    Swap {
        /// What the client took to be there.
        seen: Held,
        /// What it wrote.
        new: Held,
        /// Whether it was told that it wrote; `None`: it was told nothing.
        took: Option<bool>,
    },
}

/// One operation of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Who asked.
    pub client: usize,
    /// When it began, on the clock of the whole history.
    pub from: u64,
    /// When its answer came; `None`: none came, it may take effect later or never.
    pub to: Option<u64>,
    /// What was asked.
    pub ask: Ask,
}

impl Ask {
    /// What the register holds after this, if it fits what it held before and had an effect.
    fn step(self, held: Held) -> Option<Held> {
        match self {
            Self::Read(seen) => (seen == held).then_some(held),
            Self::Write(new) => Some(new),
            Self::Swap { seen, new, took: Some(true) | None } => (seen == held).then_some(new),
            Self::Swap { seen, took: Some(false), .. } => (seen != held).then_some(held),
        }
    }
}

impl Operation {
    fn is_lost(&self) -> bool {
        self.to.is_none()
    }
}

/// Sets of operations, as bits.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Bits(Vec<u64>);

impl Bits {
    fn none_of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn flip(&mut self, at: usize) {
        self.0[at / 64] ^= 1 << (at % 64);
    }
}

/// A moment of the history: an operation begins or ends. The moments form a list from which what has
/// found its place is taken out.
struct Moment {
    operation: usize,
    begins: bool,
    before: usize,
    after: usize,
}

/// The moments in order, between two that stand for the ends of the list.
struct Moments {
    all: Vec<Moment>,
    /// Where each operation begins, and where it ends if it does.
    of: Vec<(usize, Option<usize>)>,
}

const HEAD: usize = 0;

impl Moments {
    fn new(operations: &[Operation]) -> Self {
        let mut order: Vec<(u64, bool, usize)> = Vec::new();
        for (number, operation) in operations.iter().enumerate() {
            order.push((operation.from, false, number));
            order.extend(operation.to.map(|to| (to, true, number)));
        }
        // What begins at the moment at which another ends is concurrent with it.
        order.sort_unstable();
        let mut all = vec![Moment { operation: 0, begins: false, before: HEAD, after: 1 }];
        let mut of = vec![(0, None); operations.len()];
        for (place, (_, ends, operation)) in order.iter().enumerate() {
            let at = place + 1;
            match ends {
                true => of[*operation].1 = Some(at),
                false => of[*operation].0 = at,
            }
            all.push(Moment {
                operation: *operation,
                begins: !ends,
                before: at - 1,
                after: at + 1,
            });
        }
        let last = all.len();
        all.push(Moment { operation: 0, begins: false, before: last - 1, after: last });
        Self { all, of }
    }

    fn first(&self) -> usize {
        self.all[HEAD].after
    }

    /// Takes an operation out of the list.
    fn take(&mut self, operation: usize) {
        let (begins, ends) = self.of[operation];
        for at in [Some(begins), ends].into_iter().flatten() {
            let (before, after) = (self.all[at].before, self.all[at].after);
            self.all[before].after = after;
            self.all[after].before = before;
        }
    }

    /// Puts it back where it was; in the opposite order of taking.
    fn put_back(&mut self, operation: usize) {
        let (begins, ends) = self.of[operation];
        for at in [ends, Some(begins)].into_iter().flatten() {
            let (before, after) = (self.all[at].before, self.all[at].after);
            self.all[before].after = at;
            self.all[after].before = at;
        }
    }
}

/// Looks for an order of the operations on one register that is empty at first.
///
/// # Errors
/// There is none: the operation that fits in no order, behind the longest part that has one.
pub fn check(operations: &[Operation]) -> Result<(), String> {
    let mut moments = Moments::new(operations);
    let mut left = operations.iter().filter(|operation| !operation.is_lost()).count();
    let mut placed = Bits::none_of(operations.len());
    let mut tried = HashSet::new();
    let mut held: Held = None;
    // Operations in the order that is tried, with what the register held before each.
    let mut order: Vec<(usize, Held)> = Vec::new();
    let mut longest: (usize, usize) = (0, 0);
    let mut at = moments.first();
    while left > 0 {
        let moment = &moments.all[at];
        let operation = moment.operation;
        if moment.begins {
            let (ask, lost) = (operations[operation].ask, operations[operation].is_lost());
            // What is behind a lost operation must be what could not be without it.
            let behind = order.last().filter(|(last, _)| operations[*last].is_lost());
            let tells = behind.is_none_or(|(_, before)| ask.step(*before).is_none());
            let next = ask.step(held).filter(|_| tells).filter(|next| {
                placed.flip(operation);
                // What the register held before a lost one decides what may be next.
                let key = (placed.clone(), *next, lost.then_some(held));
                placed.flip(operation);
                tried.insert(key)
            });
            at = moment.after;
            if let Some(next) = next {
                placed.flip(operation);
                order.push((operation, held));
                left -= usize::from(!lost);
                held = next;
                moments.take(operation);
                at = moments.first();
            }
            continue;
        }
        // This one ended before any other could begin: the order so far leaves it no place.
        if order.len() >= longest.0 {
            longest = (order.len(), operation);
        }
        let Some((last, before)) = order.pop() else {
            return Err(explain(operations, longest));
        };
        placed.flip(last);
        left += usize::from(!operations[last].is_lost());
        held = before;
        moments.put_back(last);
        at = moments.all[moments.of[last].0].after;
    }
    Ok(())
}

fn explain(operations: &[Operation], (count, stuck): (usize, usize)) -> String {
    let stuck = &operations[stuck];
    let mut near: Vec<&Operation> = operations
        .iter()
        .filter(|other| {
            other.from <= stuck.to.unwrap_or(u64::MAX) && other.to.is_none_or(|to| to >= stuck.from)
        })
        .collect();
    near.sort_by_key(|operation| operation.from);
    let near: String = near.iter().map(|operation| format!("\n  {operation:?}")).collect();
    format!(
        "no order of these {} operations is possible: {count} fit, and {stuck:?} does not.\n\
         beside it:{near}",
        operations.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(client: usize, from: u64, to: u64, ask: Ask) -> Operation {
        Operation { client, from, to: Some(to), ask }
    }

    fn lost(client: usize, from: u64, ask: Ask) -> Operation {
        Operation { client, from, to: None, ask }
    }

    fn swap(seen: Held, new: u64, took: impl Into<Option<bool>>) -> Ask {
        Ask::Swap { seen, new: Some(new), took: took.into() }
    }

    use Ask::{Read, Write};

    #[test]
    fn what_could_have_happened_one_at_a_time_is_found() {
        let histories: [&[Operation]; 6] = [
            &[],
            &[
                done(0, 1, 2, Read(None)),
                done(0, 3, 4, Write(Some(1))),
                done(1, 5, 6, Read(Some(1))),
            ],
            // Reads beside a write see either side of it, but never go back.
            &[
                done(0, 1, 10, Write(Some(1))),
                done(1, 2, 3, Read(None)),
                done(1, 4, 5, Read(Some(1))),
                done(2, 6, 7, Read(Some(1))),
            ],
            // One of two swaps from the same value takes.
            &[done(0, 1, 5, swap(None, 1, true)), done(1, 1, 5, swap(None, 2, false))],
            // A lost write takes effect much later.
            &[
                lost(0, 1, Write(Some(1))),
                done(1, 2, 3, Write(Some(2))),
                done(1, 4, 5, Read(Some(2))),
                done(1, 6, 7, Read(Some(1))),
            ],
            // A lost swap, and one that failed because of it.
            &[lost(0, 1, swap(None, 1, None)), done(1, 3, 4, swap(None, 2, false))],
        ];
        for history in histories {
            assert_eq!(check(history), Ok(()), "{history:?}");
        }
    }

    #[test]
    fn a_stale_read_a_lost_write_and_a_doubled_swap_are_caught() {
        let histories: [&[Operation]; 6] = [
            &[done(0, 1, 2, Write(Some(1))), done(1, 3, 4, Read(None))],
            // Two readers see the write in turn, and then not.
            &[
                done(0, 1, 20, Write(Some(1))),
                done(1, 2, 3, Read(Some(1))),
                done(2, 4, 5, Read(None)),
            ],
            &[
                done(0, 1, 2, Write(Some(1))),
                done(0, 3, 4, Write(Some(2))),
                done(1, 5, 6, Read(Some(1))),
            ],
            &[done(0, 1, 2, swap(None, 1, true)), done(1, 3, 4, swap(None, 2, true))],
            // Refused although nothing had changed.
            &[done(0, 1, 2, swap(None, 1, false)), done(0, 3, 4, Read(None))],
            // A lost write cannot take effect before it began.
            &[done(1, 1, 2, Read(Some(1))), lost(0, 3, Write(Some(1)))],
        ];
        for history in histories {
            let why = check(history).expect_err(&format!("{history:?}"));
            assert!(why.contains("does not"), "{why}");
        }
    }

    /// What a register does that is one: histories of it are linearizable, and no longer once one
    /// read is made stale.
    #[test]
    fn long_histories_of_a_real_register_are_judged_right_and_soon() {
        let mut random = crate::load::random::Random::new(7);
        let mut history = Vec::new();
        let (mut held, mut fresh, mut clock) = (None, 1, 0);
        for step in 0..2000 {
            // Each takes effect at `clock`, and lasts a while before and after.
            clock += 10;
            let (from, to) =
                (clock - (random.below(60) as u64).min(clock), clock + random.below(60) as u64);
            let ask = match random.below(3) {
                0 => Read(held),
                1 => Write(Some(fresh)),
                _ => {
                    let seen = if random.below(2) == 0 { held } else { Some(fresh + 1_000_000) };
                    swap(seen, fresh, seen == held)
                }
            };
            held = ask.step(held).unwrap();
            fresh += 1;
            let lost = random.below(40) == 0 && !matches!(ask, Read(_));
            let ask = match ask {
                Ask::Swap { seen, new, .. } if lost => Ask::Swap { seen, new, took: None },
                ask => ask,
            };
            // The clients need not be told apart for the check.
            let to = (!lost).then_some(to);
            history.push(Operation { client: step % 8, from, to, ask });
        }
        assert_eq!(check(&history), Ok(()));
        let early = history.iter().position(|o| matches!(o.ask, Read(Some(_)))).unwrap();
        let old = history[early].ask;
        let late = history.iter().rposition(|o| matches!(o.ask, Read(_)) && o.ask != old).unwrap();
        history[late].ask = old;
        assert!(check(&history).is_err());
    }
}
