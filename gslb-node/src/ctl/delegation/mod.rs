//! `gslbctl zone check-delegation`: what the parent says, what the zone says, what the nodes answer.
//!
//! ```text
//! parent: find the parent's servers --> ask NS, glue, DS --\
//! nodes:  NS and SOA from every name server and node -------+--> judge (pure) --> findings --> report
//! zone:   /v1/config -> apex NS ---------------------------/
//! ```

mod ask;
mod check;
mod judge;
mod parent;

pub(super) use check::check;
