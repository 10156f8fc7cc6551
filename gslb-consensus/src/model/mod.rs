//! The declared things: what an operator writes down and the nodes agree on.
//!
//! ```text
//! zone ----- static records              monitor ---- how an endpoint is probed
//!  |                                        |
//! name --- pool --- endpoint --- region    pool
//!  |                                        |
//! policy --- filters                      endpoints over regions
//! ```
//!
//! Everything here is pure: no clock, file, thread or socket. [`document`] reads and writes the TOML
//! form; [`check`] holds the rules that a whole [`Config`] must keep; [`limits`] has every bound.

pub mod check;
pub mod config;
pub mod document;
pub mod endpoint;
pub mod fault;
pub mod id;
pub mod limits;
pub mod monitor;
pub mod name;
pub mod place_patch;
pub mod policy;
pub mod pool;
pub mod record;
pub mod region;
pub mod steered;
mod wire_name;
pub mod zone;

pub use config::Config;
pub use endpoint::{Endpoint, Target};
pub use fault::{Fault, Faults};
pub use id::{EndpointId, MonitorId, PolicyId, PoolId, RegionId};
pub use monitor::{Check, HttpCheck, Monitor, TcpCheck};
pub use name::DnsName;
pub use place_patch::PlacePatch;
pub use policy::{Filter, GeoRule, Policy};
pub use pool::Pool;
pub use record::{Record, RecordRef};
pub use region::Region;
pub use steered::SteeredName;
pub use zone::Zone;
