//! Every bound of the declared things, in one place.

/// Largest region or endpoint weight.
pub const WEIGHT_MAX: u16 = 1000;
/// Longest identifier, in bytes.
pub const ID_LEN_MAX: usize = 63;
/// Most regions in a configuration.
pub const REGIONS_MAX: usize = 250;
/// Most endpoints in a configuration.
pub const ENDPOINTS_MAX: usize = 100_000;
/// Most endpoints of one region in one pool.
pub const ENDPOINTS_PER_REGION_MAX: usize = 250;
/// Most zones in a configuration.
pub const ZONES_MAX: usize = 10_000;
/// Most static records in a configuration.
pub const RECORDS_MAX: usize = 1_000_000;
/// Most rules of one geo filter.
pub const GEO_RULES_MAX: usize = 1_000;
/// Most filters of one policy.
pub const FILTERS_MAX: usize = 16;
/// Most operator prefixes.
pub const PLACES_MAX: usize = 100_000;
/// Most addresses in one answer.
pub const ANSWERS_MAX: u8 = 8;
/// Smallest TTL of a steered name, seconds.
pub const TTL_MIN: u32 = 1;
/// Largest TTL of a steered name, seconds.
pub const TTL_MAX: u32 = 86_400;
/// Largest TTL of a static record, seconds (RFC 2181 8).
pub const RECORD_TTL_MAX: u32 = i32::MAX as u32;
/// TTL of a steered name that declares none, seconds.
pub const TTL_DEFAULT: u32 = 30;
/// Shortest probe interval, ms.
pub const INTERVAL_MS_MIN: u64 = 100;
/// Longest probe interval, ms.
pub const INTERVAL_MS_MAX: u64 = 3_600_000;
/// Shortest probe timeout, ms.
pub const TIMEOUT_MS_MIN: u64 = 10;
/// Longest probe timeout, ms.
pub const TIMEOUT_MS_MAX: u64 = 60_000;
/// Largest rise or fall count.
pub const RISE_FALL_MAX: u8 = 20;
/// Longest life of an override that is not permanent, ms (72 h).
pub const OVERRIDE_MS_MAX: u64 = 72 * 3_600_000;
/// Longest reason of an override, bytes.
pub const REASON_LEN_MAX: usize = 500;
/// Most overrides at a time.
pub const OVERRIDES_MAX: usize = 10_000;
/// Longest traffic file with its zones, bytes.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// Most commands of callers that one node has on their way at once.
pub const PROPOSALS_MAX: usize = 256;
/// Most clients whose last reply is remembered.
pub const SESSIONS_MAX: usize = 10_000;
/// Most observers of a cluster.
pub const OBSERVERS_MAX: usize = 1_000;
/// Most users whose role the state says.
pub const USERS_MAX: usize = 1_000;
/// Most bearer tokens at a time.
pub const TOKENS_MAX: usize = 1_000;
/// Most invites of nodes at a time.
pub const INVITES_MAX: usize = 100;
/// Longest life of an invite: 7 days, ms.
pub const INVITE_MS_MAX: u64 = 7 * 24 * 3_600_000;
/// Life of a certificate that the nodes sign: 90 days, ms.
pub const CERTIFICATE_MS: u64 = 90 * 24 * 3_600_000;
/// Longest sealed secret, bytes.
pub const SEALED_LEN_MAX: usize = 16 << 10;
/// Most zones and regions that one role is limited to.
pub const SCOPE_MAX: usize = 100;
/// Longest text of a part of an audit record, bytes.
pub const AUDIT_TEXT_MAX: usize = 500;
/// Most entries of the audit trail kept in the state.
pub const AUDIT_MAX: usize = 1_000;
/// Shortest silence after which autopilot takes a voter for dead, ms.
pub const DEAD_MS_MIN: u64 = 1_000;
/// Longest silence after which autopilot takes a voter for dead, ms (24 h).
pub const DEAD_MS_MAX: u64 = 24 * 3_600_000;
/// Largest bias of a region, percent, either way.
pub const BIAS_MAX: i8 = 99;
