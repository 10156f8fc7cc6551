//! The first look at a message: all that can be read without the published set's memory.
//!
//! A worker looks at a whole batch first, then fetches the memory that its names lead to, and only
//! then answers one query after the other (see [`Names::home`](crate::compile::Names::home)).

use crate::compile::Names;
use crate::wire::header::Header;
use crate::wire::name::NameBuffer;
use crate::wire::question::Question;

/// What the first look at one message gave.
#[derive(Clone, Debug)]
pub struct Glance {
    pub(super) header: Option<Header>,
    /// The question of a plain query; `None` if the message is no such query, or malformed.
    pub(super) question: Option<Question>,
    /// The lower-cased name of that question.
    pub(super) name: NameBuffer,
}

impl Default for Glance {
    fn default() -> Self {
        Self { header: None, question: None, name: [0; 256] }
    }
}

impl Glance {
    /// Looks at a message; `seed` is that of the names which it will be answered from.
    #[inline]
    pub fn look(&mut self, message: &[u8], seed: u64) {
        self.header = Header::read(message);
        self.question = match self.header {
            Some(header) if header.is_plain() => Question::read(message, seed, &mut self.name),
            _ => None,
        };
    }
}

/// Looks at a batch of messages and fetches the memory that their names lead to.
///
/// Every step is done for all messages before the next one begins, so that they wait for memory
/// together: with 100,000 names that is most of what an answer would cost alone.
#[inline]
pub fn look_at_all<'m>(
    glances: &mut [Glance],
    names: &Names,
    messages: impl Iterator<Item = &'m [u8]>,
) {
    let mut count = 0;
    for (glance, message) in glances.iter_mut().zip(messages) {
        glance.look(message, names.seed());
        count += 1;
    }
    let mut homes = [Names::NOWHERE; MOST];
    let looked = || glances.iter().take(count);
    for (home, glance) in homes.iter_mut().zip(looked()) {
        *home = glance.question.map_or(Names::NOWHERE, |question| names.home(question.hash));
    }
    let read = homes.iter().take(count).fold(0, |read, home| read ^ names.warm(*home));
    std::hint::black_box(read);
}

/// Messages that are looked at together; more are answered, but not fetched for.
const MOST: usize = 64;
