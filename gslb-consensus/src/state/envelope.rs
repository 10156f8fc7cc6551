//! A command on its way through the log: who, when, and once.

use super::caller::Caller;
use super::command::{Command, SetGeneration};
use super::generation::Generation;
use super::guarded::Guarded;
use super::revision::Revision;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The format of the envelope itself.
const FORMAT: u8 = 2;
/// The format before it, whose header does not say how the caller proved who it is.
const FORMAT_1: u8 = 1;
/// The version of every command body so far.
const BODY_VERSION: u16 = 1;

/// A command with who sent it, when the leader saw it, and what makes it unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender: a retry carries the same, so that it does not apply twice.
    pub client: u128,
    /// Rises with each command of one sender.
    pub seq: u64,
    /// Who asked, for the audit trail.
    pub actor: String,
    /// How it proved that, and from where it asked; none: an entry of format 1.
    pub caller: Option<Caller>,
    /// The leader's clock, ms since 1970; the state keeps the largest seen.
    pub stamp_ms: u64,
    /// The change.
    pub command: Command,
}

/// The part of an envelope before the command.
#[derive(Serialize, Deserialize)]
struct Header {
    client: u128,
    seq: u64,
    actor: String,
    stamp_ms: u64,
}

/// What stands behind it since format 2.
type CallerHeader = (Header, Caller);

/// Bytes that this version does not understand: the node must stop applying and say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFormat {
    /// What was met.
    pub what: String,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; this node must be upgraded before it can follow", self.what)
    }
}

impl std::error::Error for UnknownFormat {}

impl Envelope {
    /// The bytes that go into the log: format, kind, version, header, body.
    ///
    /// # Panics
    /// Never: every field has a serial form.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![if self.caller.is_some() { FORMAT } else { FORMAT_1 }];
        bytes.extend(kind(&self.command).to_le_bytes());
        bytes.extend(BODY_VERSION.to_le_bytes());
        let header = Header {
            client: self.client,
            seq: self.seq,
            actor: self.actor.clone(),
            stamp_ms: self.stamp_ms,
        };
        let header = match &self.caller {
            Some(caller) => append(&(header, caller), Vec::new()),
            None => append(&header, Vec::new()),
        };
        bytes.extend(u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend(header);
        // Straight behind them, for a configuration may be large.
        append_body(&self.command, bytes)
    }

    /// Reads what [`Envelope::encode`] wrote.
    ///
    /// # Errors
    /// Another format, kind or version, or bytes that do not fit it.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownFormat> {
        let unknown = |what: String| UnknownFormat { what };
        let short = || unknown("a log entry ends early".to_owned());
        let (format, rest) = bytes.split_first().ok_or_else(short)?;
        if !(FORMAT_1..=FORMAT).contains(format) {
            let what = format!("a log entry has format {format}, known are {FORMAT_1} to {FORMAT}");
            return Err(unknown(what));
        }
        let (kind, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let (kind, version) = (u16::from_le_bytes(*kind), u16::from_le_bytes(*version));
        if version != BODY_VERSION {
            return Err(unknown(format!("a command of kind {kind} has version {version}")));
        }
        let (header, body) =
            rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(short)?;
        let broken = |e: postcard::Error| unknown(format!("a log entry's header: {e}"));
        let (header, caller) = if *format == FORMAT_1 {
            (postcard::from_bytes::<Header>(header).map_err(broken)?, None)
        } else {
            let (header, caller) = postcard::from_bytes::<CallerHeader>(header).map_err(broken)?;
            (header, Some(caller))
        };
        let command = decode_body(kind, body)?;
        Ok(Self {
            client: header.client,
            seq: header.seq,
            actor: header.actor,
            caller,
            stamp_ms: header.stamp_ms,
            command,
        })
    }
}

/// The kind of a command that holds another.
const GUARDED: u16 = 11;

const fn kind(command: &Command) -> u16 {
    match command {
        Command::PutConfig(_) => 1,
        Command::SetWeight(_) => 2,
        Command::SetOverride(_) => 3,
        Command::ClearOverride(_) => 4,
        Command::ReportHealth(_) => 5,
        Command::ExpireVantage(_) => 6,
        Command::PassTime(_) => 7,
        Command::AddNode(_) => 8,
        Command::PutNode(_) => 9,
        Command::RemoveNode(_) => 10,
        Command::Guarded(_) => GUARDED,
        Command::SetSeat(_) => 20,
        Command::PutUser(_) => 21,
        Command::RemoveUser(_) => 22,
        Command::PutToken(_) => 23,
        Command::RemoveToken(_) => 24,
        Command::SetAutopilot(_) => 25,
        Command::PutInvite(_) => 30,
        Command::RemoveInvite(_) => 31,
        Command::SpendInvite(_) => 32,
        Command::SealIssuer(_) => 33,
        Command::GrantCertificate(_) => 34,
        Command::AddObserver(_) => 50,
        Command::SetGeneration(_) => 60,
    }
}

impl Command {
    /// The generation that writes it: nobody may propose it before the cluster is there.
    #[must_use]
    pub fn generation(&self) -> Generation {
        Generation::of_kind(kind(self.inner()))
    }
}

fn append_body(command: &Command, bytes: Vec<u8>) -> Vec<u8> {
    match command {
        Command::PutConfig(body) => append(body, bytes),
        Command::SetWeight(body) => append(body, bytes),
        Command::SetOverride(body) => append(body, bytes),
        Command::ClearOverride(body) => append(body, bytes),
        Command::ReportHealth(body) => append(body, bytes),
        Command::ExpireVantage(body) => append(body, bytes),
        Command::PassTime(body) => append(body, bytes),
        Command::AddNode(body) => append(body, bytes),
        Command::PutNode(body) => append(body, bytes),
        Command::RemoveNode(body) => append(body, bytes),
        Command::Guarded(Guarded { seen, command }) => {
            let mut bytes = append(seen, bytes);
            bytes.extend(kind(command).to_le_bytes());
            append_body(command, bytes)
        }
        Command::SetSeat(body) => append(body, bytes),
        Command::PutUser(body) => append(body, bytes),
        Command::RemoveUser(body) => append(body, bytes),
        Command::PutToken(body) => append(body, bytes),
        Command::RemoveToken(body) => append(body, bytes),
        Command::SetAutopilot(body) => append(body, bytes),
        Command::PutInvite(body) => append(body, bytes),
        Command::RemoveInvite(body) => append(body, bytes),
        Command::SpendInvite(body) => append(body, bytes),
        Command::SealIssuer(body) => append(body, bytes),
        Command::GrantCertificate(body) => append(body, bytes),
        Command::AddObserver(body) => append(body, bytes),
        Command::SetGeneration(body) => append(body, bytes),
    }
}

fn decode_body(kind: u16, body: &[u8]) -> Result<Command, UnknownFormat> {
    Ok(match kind {
        1 => Command::PutConfig(from_bytes(kind, body)?),
        2 => Command::SetWeight(from_bytes(kind, body)?),
        3 => Command::SetOverride(from_bytes(kind, body)?),
        4 => Command::ClearOverride(from_bytes(kind, body)?),
        5 => Command::ReportHealth(from_bytes(kind, body)?),
        6 => Command::ExpireVantage(from_bytes(kind, body)?),
        7 => Command::PassTime(from_bytes(kind, body)?),
        8 => Command::AddNode(from_bytes(kind, body)?),
        9 => Command::PutNode(from_bytes(kind, body)?),
        10 => Command::RemoveNode(from_bytes(kind, body)?),
        GUARDED => Command::Guarded(guarded(body)?),
        20 => Command::SetSeat(from_bytes(kind, body)?),
        21 => Command::PutUser(from_bytes(kind, body)?),
        22 => Command::RemoveUser(from_bytes(kind, body)?),
        23 => Command::PutToken(from_bytes(kind, body)?),
        24 => Command::RemoveToken(from_bytes(kind, body)?),
        25 => Command::SetAutopilot(from_bytes(kind, body)?),
        30 => Command::PutInvite(from_bytes(kind, body)?),
        31 => Command::RemoveInvite(from_bytes(kind, body)?),
        32 => Command::SpendInvite(from_bytes(kind, body)?),
        33 => Command::SealIssuer(from_bytes(kind, body)?),
        34 => Command::GrantCertificate(from_bytes(kind, body)?),
        50 => Command::AddObserver(from_bytes(kind, body)?),
        60 => Command::SetGeneration(known(from_bytes(kind, body)?)?),
        other => {
            return Err(UnknownFormat {
                what: format!("a log entry holds a command of kind {other}"),
            });
        }
    })
}

/// A generation that this version does not read is as unknown as a kind: from there on it could not follow.
fn known(set: SetGeneration) -> Result<SetGeneration, UnknownFormat> {
    if set.to.is_known() {
        return Ok(set);
    }
    let (to, newest) = (set.to, Generation::NEWEST);
    Err(UnknownFormat {
        what: format!("the cluster goes on in generation {to}, this version reads up to {newest}"),
    })
}

/// What was seen, then kind and body of the change.
fn guarded(body: &[u8]) -> Result<Guarded, UnknownFormat> {
    let bad = |what: String| UnknownFormat { what: format!("a guarded command {what}") };
    let (seen, rest): (Option<Revision>, _) =
        postcard::take_from_bytes(body).map_err(|error| bad(format!("cannot be read: {error}")))?;
    match rest.split_first_chunk::<2>().map(|(kind, rest)| (u16::from_le_bytes(*kind), rest)) {
        Some((GUARDED, _)) => Err(bad("holds another".to_owned())),
        Some((kind, rest)) => Ok(Guarded { seen, command: Box::new(decode_body(kind, rest)?) }),
        None => Err(bad("ends early".to_owned())),
    }
}

/// `bytes` with the serial form of a value behind them, whose every part has one.
pub(super) fn append<T: Serialize>(value: &T, bytes: Vec<u8>) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "postcard fails only on types without a length, which the model has not"
    )]
    postcard::to_extend(value, bytes).expect("every part of the model has a serial form")
}

fn from_bytes<T: DeserializeOwned>(kind: u16, body: &[u8]) -> Result<T, UnknownFormat> {
    let (value, rest) = postcard::take_from_bytes(body).map_err(|error| UnknownFormat {
        what: format!("a command of kind {kind} cannot be read: {error}"),
    })?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(UnknownFormat {
            what: format!("a command of kind {kind} has {} bytes too many", rest.len()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::access::{Grant, Role};
    use crate::state::caller::Proof;
    use crate::state::command::{PutToken, PutUser, RemoveToken, RemoveUser, SetWeight};
    use std::collections::BTreeSet;

    fn sample() -> Envelope {
        let set = SetWeight {
            region: "fra".parse().unwrap(),
            pool: None,
            weight: Some(7),
            reason: String::new(),
        };
        Envelope {
            client: 1,
            seq: 2,
            actor: "ann".to_owned(),
            caller: None,
            stamp_ms: 300,
            command: Command::SetWeight(set),
        }
    }

    #[test]
    fn the_bytes_of_format_1_are_golden() {
        let golden = [
            1, 2, 0, 1, 0, 8, 0, 0, 0, 1, 2, 3, b'a', b'n', b'n', 0xac, 2, 3, b'f', b'r', b'a', 0,
            1, 7, 0,
        ];
        assert_eq!(sample().encode(), golden);
        assert_eq!(Envelope::decode(&golden), Ok(sample()));
    }

    #[test]
    fn the_bytes_of_a_guarded_command_are_golden_and_hold_no_second_one() {
        let guard = |command| Envelope {
            command: Command::Guarded(Guarded {
                seen: Some(Revision { history: 1, index: 300 }),
                command: Box::new(command),
            }),
            ..sample()
        };
        let once = guard(sample().command);
        let golden = [
            1, 11, 0, 1, 0, 8, 0, 0, 0, 1, 2, 3, b'a', b'n', b'n', 0xac, 2, 1, 1, 0xac, 2, 2, 0, 3,
            b'f', b'r', b'a', 0, 1, 7, 0,
        ];
        assert_eq!(once.encode(), golden);
        assert_eq!(Envelope::decode(&golden), Ok(once.clone()));
        assert!(Envelope::decode(&guard(once.command).encode()).is_err());
    }

    #[test]
    fn the_bytes_of_format_2_are_golden() {
        let caller = Caller {
            proof: Proof::UserCertificate,
            certificate: "3f".to_owned(),
            from: "::1".to_owned(),
        };
        let envelope = Envelope { caller: Some(caller), ..sample() };
        let golden = [
            2, 2, 0, 1, 0, 16, 0, 0, 0, 1, 2, 3, b'a', b'n', b'n', 0xac, 2, 2, 2, b'3', b'f', 3,
            b':', b':', b'1', 3, b'f', b'r', b'a', 0, 1, 7, 0,
        ];
        assert_eq!(envelope.encode(), golden);
        assert_eq!(Envelope::decode(&golden), Ok(envelope));
    }

    #[test]
    fn the_bytes_of_the_commands_on_rights_are_golden() {
        let grant = Grant {
            role: Role::Operator,
            zones: BTreeSet::new(),
            regions: BTreeSet::from(["fra".parse().unwrap()]),
        };
        let (name, reason) = ("bo".to_owned(), "x".to_owned());
        let put = PutUser {
            name: name.clone(),
            grant: grant.clone(),
            expect: Some(0),
            reason: reason.clone(),
        };
        let remove = RemoveUser { name: name.clone(), expect: None, reason: reason.clone() };
        let token = PutToken {
            name: name.clone(),
            sha256: [9; 32],
            grant,
            for_ms: Some(5),
            reason: reason.clone(),
        };
        let bodies: [(Command, u16, Vec<u8>); 4] = [
            (Command::PutUser(put), 21, b"\x02bo\x01\x00\x01\x03fra\x01\x00\x01x".to_vec()),
            (Command::RemoveUser(remove), 22, b"\x02bo\x00\x01x".to_vec()),
            (
                Command::PutToken(token),
                23,
                [&b"\x02bo"[..], &[9; 32], b"\x01\x00\x01\x03fra\x01\x05\x01x"].concat(),
            ),
            (Command::RemoveToken(RemoveToken { name, reason }), 24, b"\x02bo\x01x".to_vec()),
        ];
        for (command, number, golden) in bodies {
            assert_eq!(kind(&command), number);
            assert_eq!(append_body(&command, Vec::new()), golden, "{number}");
            assert_eq!(decode_body(number, &golden), Ok(command));
        }
    }

    #[test]
    fn the_bytes_of_a_generation_are_golden_and_a_later_one_stops_here() {
        let set = |to: &str| SetGeneration { to: to.parse().unwrap() };
        let known = Command::SetGeneration(set("2"));
        assert_eq!((kind(&known), append_body(&known, Vec::new())), (60, vec![2]));
        assert_eq!(decode_body(60, &[2]), Ok(known));
        for body in [[0], [3]] {
            let why = decode_body(60, &body).unwrap_err().to_string();
            assert!(
                why.contains("this version reads up to 2; this node must be upgraded"),
                "{why}"
            );
        }
    }

    #[test]
    fn each_kind_has_the_generation_that_writes_it_a_guarded_one_that_of_its_change() {
        let first = sample().command;
        assert_eq!(first.generation(), Generation::FIRST);
        let set = SetGeneration { to: Generation::NEWEST };
        let later = Command::SetGeneration(set);
        assert_eq!(later.generation().to_string(), "2");
        let guarded = |command| Guarded { seen: None, command: Box::new(command) };
        assert_eq!(Command::Guarded(guarded(first)).generation(), Generation::FIRST);
        assert_eq!(Command::Guarded(guarded(later.clone())).generation(), later.generation());
        for (number, wanted) in [(1, "1"), (25, "1"), (30, "2"), (69, "2")] {
            assert_eq!(Generation::of_kind(number).to_string(), wanted, "{number}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_and_never_skipped() {
        let good = sample().encode();
        for (at, value) in [(0, 0), (0, 3), (1, 200), (3, 9)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(Envelope::decode(&bad).is_err(), "byte {at}");
        }
        for end in 0..good.len() {
            assert!(Envelope::decode(&good[..end]).is_err(), "cut at {end}");
        }
    }
}
