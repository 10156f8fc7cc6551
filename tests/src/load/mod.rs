//! The pure parts of the load generator in `tests/bench`: what can be tested without a socket.
//!
//! ```text
//! random     --->  template  --->  flight  --->  verdict     a query, and what becomes of it
//! (drawn)          (written)       (by id)       (judged)
//!
//! pacer      when queries are due at a fixed rate
//! histogram  how long answers took
//! quartiles  what many short slices say together
//! question   where the question of a message ends, and a mark of it
//! reply      the answer of the bare responder, which costs nothing but the kernel's path
//! ```

pub mod flight;
pub mod histogram;
pub mod pacer;
pub mod quartiles;
pub mod question;
pub mod random;
pub mod reply;
pub mod template;
pub mod verdict;
