//! The JSON of the API: what is sent, what comes back. `gslbctl --json` prints these as they are.
//!
//! Within /v1 fields are only ever added. Times are milliseconds since 1970 by agreed time; `served`
//! and `revision` are texts such as `1.42`.

pub use crate::compile::explain::Explanation;

mod access;
mod applied;
mod audit;
mod certificate;
mod change;
mod config;
mod error;
mod explanation;
mod feed;
mod health;
mod joining;
mod node;
mod read;
mod revision;
mod status;
mod wait;
mod weights;

pub use access::{
    GrantShape, NewToken, RemoveUserRequest, RemovedReason, TokenLine, TokensReply, UserLine,
    UserRequest, UsersReply, WhoReply,
};
pub use applied::Applied;
pub use audit::{AuditLine, AuditParams, AuditReply, AuditVerdict};
pub use certificate::CertificateReport;
pub use change::{ClearRequest, OverrideRequest, OverrideWord, WeightRequest};
pub use config::{ChangeKind, ConfigApplied, ConfigParams, ObjectChange};
pub use error::{ErrorBody, LeaderHint};
pub use explanation::{AnswerKind, ExplainParams, ExplainReply, RegionReason, StepReasons};
pub use feed::{FeedLine, GuestLine};
pub use health::{EndpointHealth, HealthReply, OverrideLine, VantageLine, VoteLine};
pub use joining::{
    CertificateReply, CertificateRequest, InviteLine, InviteRequest, Invited, InvitesReply,
    IssuerRequest, JoinReply, JoinRequest,
};
pub use node::{
    Answers, AutopilotRequest, Miss, NewNode, NodeAdded, NodeLine, NodeReport, NodesReply,
    PlaceEdition, SeatLine, SeatRequest, Way,
};
pub use read::{Consistency, ReadLabel, ReadParams};
pub use status::{NodeStatus, RegionPool, RegionStatus, RuntimeWeightLine, StatusReply};
pub use wait::{NodeBehind, NodeParams, WaitParams, WaitReply};
pub use weights::{WeightLine, WeightsReply};
