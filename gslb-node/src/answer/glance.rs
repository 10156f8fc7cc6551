//! The first look at a message: what it asks, and what that leads to.
//!
//! A worker looks at a whole batch at once, step by step, and only then answers one query after the
//! other: see [`look_at_all`].

use crate::compile::names::Slot;
use crate::compile::{Names, Published, Steered};
use crate::wire::edns::{Edns, NotEdns};
use crate::wire::header::Header;
use crate::wire::name::NameBuffer;
use crate::wire::question::Question;
use geo::Home;
use std::net::IpAddr;

/// A message as it came.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'m> {
    /// All of it.
    pub bytes: &'m [u8],
    /// Where it came from.
    pub source: IpAddr,
}

/// What the first look at one message gave.
#[derive(Clone, Debug)]
pub struct Glance {
    pub(super) header: Option<Header>,
    /// The question of a plain query; `None` if the message is no such query, or malformed.
    pub(super) question: Option<Question>,
    /// The lower-cased name of that question.
    pub(super) name: NameBuffer,
    /// The OPT record of a plain query.
    pub(super) edns: Result<Option<Edns>, NotEdns>,
    /// What answers the question, as far as its name says.
    pub(super) found: Option<Slot>,
}

impl Default for Glance {
    fn default() -> Self {
        Self { header: None, question: None, name: [0; 256], edns: Ok(None), found: None }
    }
}

impl Glance {
    /// Reads a message; `seed` is that of the names which it will be answered from.
    #[inline]
    pub(super) fn read(&mut self, message: &[u8], seed: u64) {
        self.header = Header::read(message);
        self.question = None;
        let Some(header) = self.header.filter(|header| header.is_plain()) else { return };
        let Some(question) = Question::read(message, seed, &mut self.name) else { return };
        let additional = message.get(question.end()..).unwrap_or_default();
        self.edns = match (header.has_additional(), additional) {
            (false, []) => Ok(None),
            (false, _) => Err(NotEdns::Malformed),
            _ => Edns::read(additional).map(Some),
        };
        self.question = Some(question);
    }

    /// Finds what answers the question.
    #[inline]
    pub(super) fn find(&mut self, names: &Names) {
        self.found = self.question.and_then(|question| names.find(&self.name, &question));
    }

    /// The steered name that is asked for, if it is one.
    #[inline]
    fn steered<'p>(&self, published: &'p Published) -> Option<&'p Steered> {
        match self.found {
            Some(Slot::Steered(id)) => published.steered.get(id.0 as usize),
            _ => None,
        }
    }

    /// Where the search for the client's class will begin.
    #[inline]
    fn home(&self, published: &Published, steered: &Steered, source: IpAddr) -> Option<Home> {
        let map = published.maps.get(usize::from(steered.map?))?;
        let subnet = self.edns.ok().flatten().and_then(|edns| edns.subnet);
        Some(match subnet.and_then(|subnet| subnet.prefix()) {
            Some((address, _)) => map.home(address, true),
            None => map.home(source, false),
        })
    }
}

/// Looks at a batch of messages and fetches the memory that their answers will come from.
///
/// Every step is done for all messages before the next one begins, so that they wait for memory
/// together: with 100,000 names, or clients from everywhere, that is most of what an answer would
/// cost alone. A step only reads what the one before it fetched:
///
/// 1. read the message: header, question, OPT
/// 2. the slot of the name's hash
/// 3. the record behind it, and the bodies beside that
/// 4. what answers: the entry of a steered name, its table, the root of the client's address
/// 5. the rows of that table, and the client's class
#[inline]
pub fn look_at_all<'m>(
    glances: &mut [Glance],
    published: &Published,
    messages: impl Iterator<Item = Incoming<'m>> + Clone,
) {
    let names = &published.names;
    let mut count = 0;
    for (glance, message) in glances.iter_mut().zip(messages.clone()).take(MOST) {
        glance.read(message.bytes, names.seed());
        count += 1;
    }
    let glances = glances.get_mut(..count).unwrap_or_default();
    let mut homes = [Names::NOWHERE; MOST];
    for (home, glance) in homes.iter_mut().zip(&*glances) {
        *home = glance.question.map_or(Names::NOWHERE, |question| names.home(question.hash));
    }
    let read = homes.iter().take(count).fold(0, |read, home| read ^ names.warm(*home));
    std::hint::black_box(read);
    let mut clients = [None; MOST];
    let mut any = false;
    for ((client, glance), message) in clients.iter_mut().zip(&mut *glances).zip(messages) {
        glance.find(names);
        if let Some(steered) = glance.steered(published) {
            *client = glance.home(published, steered, message.source);
            any = true;
        }
    }
    if any {
        warm_steered(published, glances, &clients);
    }
}

/// Step 5 of [`look_at_all`].
#[inline]
fn warm_steered(published: &Published, glances: &[Glance], clients: &[Option<Home>; MOST]) {
    let mut read = 0;
    for (client, glance) in clients.iter().zip(glances) {
        let Some(steered) = glance.steered(published) else { continue };
        read ^= steered.table.warm();
        let map = steered.map.and_then(|map| published.maps.get(usize::from(map)));
        if let (Some(map), Some(home)) = (map, client) {
            read ^= map.warm(*home);
        }
    }
    std::hint::black_box(read);
}

/// Most messages of a batch.
pub const MOST: usize = 64;
