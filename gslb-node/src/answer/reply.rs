//! Writes an answer over its query: the question stays as it came, 0x20 case and all.

use super::engine::{Meta, Verdict};
use super::worker::Worker;
use crate::compile::bodies::StoredBody;
use crate::wire::code::{ede, rcode};
use crate::wire::edns::Edns;
use crate::wire::header;
use crate::wire::opt::{OptReply, PAYLOAD, PLAIN_UDP};

/// What an answer is made of, beside the question and the OPT record.
pub(super) struct Reply<'a> {
    pub(super) flags: u8,
    pub(super) code: u16,
    pub(super) content: Content<'a>,
    /// Whether the question is kept; not if it could not be read.
    pub(super) question: bool,
    /// The scope of a client subnet.
    pub(super) scope: u8,
    pub(super) ede: Option<u16>,
}

/// What follows the question.
pub(super) enum Content<'a> {
    Nothing,
    Body(StoredBody<'a>),
    /// What the worker's node tells of itself under this name.
    Chaos(&'a [u8]),
}

impl<'a> Reply<'a> {
    /// An answer without records.
    pub(super) fn error(code: u16) -> Self {
        Self { flags: 0, code, content: Content::Nothing, question: true, scope: 0, ede: None }
    }

    /// The stored body; SERVFAIL if it is not there, which only a faulty build can cause.
    #[inline]
    pub(super) fn body(body: Option<StoredBody<'a>>, scope: u8) -> Self {
        let Some(body) = body else { return Self::error(rcode::SERVFAIL) };
        Self {
            flags: body.flags,
            code: body.rcode.into(),
            content: Content::Body(body),
            question: true,
            scope,
            ede: None,
        }
    }

    /// Writes the answer; `end` is where the question ends. Too large: no record but OPT, and TC
    /// (RFC 2181 9); a part of an RRset is never sent.
    #[inline]
    pub(super) fn write(
        &self,
        worker: &mut Worker,
        buffer: &mut [u8],
        end: usize,
        edns: Option<&Edns>,
        meta: &Meta,
    ) -> Verdict {
        let limit = match edns {
            _ if meta.tcp => u16::MAX,
            None => PLAIN_UDP,
            Some(edns) => edns.payload.clamp(PLAIN_UDP, PAYLOAD),
        };
        let turn = worker.next_turn();
        let opt = edns.map(|edns| self.opt(worker, edns, meta));
        let limit = buffer.len().min(limit.into());
        let room = limit.saturating_sub(opt.map_or(0, |opt| opt.length()));
        let Some(out) = buffer.get_mut(end..room) else { return Verdict::Drop };
        let mut flags = self.flags;
        let (written, mut counts) = match self.content(worker, out, end, turn) {
            Some(written) => written,
            None => {
                flags |= header::TC;
                worker.counters.truncated.add();
                (0, [0; 3])
            }
        };
        let mut length = end + written;
        if let Some(opt) = opt {
            let Some(out) = buffer.get_mut(length..limit) else { return Verdict::Drop };
            let Some(written) = opt.write(out) else { return Verdict::Drop };
            length += written;
            let [_, _, additionals] = &mut counts;
            *additionals = additionals.saturating_add(1);
        }
        let [answers, authorities, additionals] = counts;
        let questions = u16::from(self.question);
        let counts = [questions, answers, authorities, additionals];
        header::write_answer(buffer, flags, self.code, counts);
        worker.counters.count_code(self.code);
        Verdict::Send(length)
    }

    /// Writes what follows the question; `None` if it does not fit.
    #[inline]
    fn content(
        &self,
        worker: &Worker,
        out: &mut [u8],
        end: usize,
        turn: u32,
    ) -> Option<(usize, [u16; 3])> {
        let name_length = end.saturating_sub(header::LENGTH + 4);
        match &self.content {
            Content::Nothing => Some((0, [0; 3])),
            Content::Body(body) => Some((body.write(out, name_length, turn)?, body.counts)),
            Content::Chaos(name) => {
                let record = worker.identity.chaos(name)?;
                out.get_mut(..record.len())?.copy_from_slice(record);
                Some((record.len(), [1, 0, 0]))
            }
        }
    }

    /// The OPT record: in every answer to a query that had one (RFC 6891 6.1.1).
    fn opt<'w>(&self, worker: &'w Worker, edns: &Edns, meta: &Meta) -> OptReply<'w> {
        OptReply {
            rcode: self.code,
            dnssec_ok: edns.dnssec_ok,
            subnet: edns.subnet.map(|subnet| (subnet, self.scope)),
            ede: self.ede.or(meta.stale.then_some(ede::STALE_ANSWER)),
            nsid: worker.identity.nsid().filter(|_| edns.nsid),
        }
    }
}
