//! `gslb-node demo`: a whole cluster on one machine, to try things out.
//!
//! ```text
//! this process:  six HTTP endpoints in three regions, the switch that kills and revives regions
//! its children:  three nodes, each with its own file, folder and ports
//! the folder:    authority and admin's certificate, traffic.toml and its zone, logs, ./gslbctl
//! ```
//!
//! All is made as an operator makes it: by the functions behind `gslbctl cluster init`, `gslbctl node
//! add` and `gslbctl apply`. The children end with this process, however that ends.

mod card;
mod child;
mod dns_query;
mod endpoints;
mod error;
mod files;
mod ports;
mod run;
mod switch;

pub use error::DemoError;
pub use ports::SWITCH;
pub use run::run;
pub use switch::switch;
