//! One query in, one answer out: the whole data path, without a socket, a clock or an allocation.
//!
//! ```text
//! header -> question (lower + hash) -> OPT -> names.find -> static body ---------.
//!    |           |                                 |                              copy body,
//!    |           `- FORMERR                        `-> steered: class of the      then OPT,
//!    `- Slow (odd) / Drop (no query)                    client -> row -> draw --' then header
//! ```
//!
//! [`answer()`] is what TCP, the slow path, tests and fuzzers call; UDP takes the same two halves, a
//! look at a whole [batch](look_at_all) and then each [answer](answer_glanced). All that it may
//! remember is in its [`Worker`]; all that it may know is in the
//! [`Published`](crate::compile::Published) set.
//!
//! # Where later work goes
//!
//! None of it changes the shape above; `benches/answer` holds each to its price (instructions a
//! query that does not use it, and one that does).
//!
//! | what | where | may cost |
//! |---|---|---|
//! | DNSSEC | a second body beside each, with its signatures, chosen by DO where a slot becomes a body | 5; 0 beside the longer copy |
//! | cookies (RFC 9018) | read with the other options in the glance, written by `OptReply` | 0; one SipHash, 100 |
//! | rate limits | between glance and answer, a table in the `Worker`, the clock of the batch | 20; 60 |
//! | more filters | in `steer` and `compile`: rows and classes, never here | 0 |
//! | demand | a counter by (policy, class), beside that of the region in `steer` | 0; 5 |
//! | dnstap, samples | one query in so many, into a ring of the `Worker`'s | 3; 100 |

pub mod counters;
mod draws;
mod engine;
pub mod glance;
pub mod identity;
mod reply;
pub mod worker;

pub use counters::Counters;
pub use engine::{Meta, Verdict, answer, answer_glanced, refuse_by_panic};
pub use glance::{Glance, Incoming, look_at_all};
pub use identity::Identity;
pub use worker::Worker;
