//! The answer to one query.

use super::draws::{self, Draw};
use super::glance::Glance;
use super::reply::{Content, Reply};
use super::worker::Worker;
use crate::compile::names::Slot;
use crate::compile::{Answers, Published, Steered};
use crate::wire::code::{class, ede, rcode, rtype};
use crate::wire::edns::{Edns, NotEdns};
use crate::wire::header::{self, Header};
use crate::wire::name::NameBuffer;
use crate::wire::question::Question;
use std::net::IpAddr;

/// All that an answer may depend on beside the query, the worker and the published set.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Where the query came from.
    pub source: IpAddr,
    /// It came over a stream: no limit of size but that of DNS.
    pub tcp: bool,
    /// The time, seconds since 1970.
    pub now_s: u64,
    /// The node has been cut off for long: answers say so (EDE 3).
    pub stale: bool,
}

/// What becomes of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first so many bytes of the buffer are the answer.
    Send(usize),
    /// No answer: it is no query.
    Drop,
    /// An odd query, untouched in the buffer: the slow path answers it.
    Slow,
}

/// Answers the query in the first `length` bytes of `buffer`, in place.
///
/// `buffer` should hold 1,232 bytes for UDP and 65,535 for TCP; what does not fit is cut with TC.
/// Never allocates, waits or panics.
#[inline]
pub fn answer(
    worker: &mut Worker,
    published: &Published,
    buffer: &mut [u8],
    length: usize,
    meta: &Meta,
) -> Verdict {
    let mut glance = worker.glance.take().unwrap_or_default();
    glance.read(buffer.get(..length).unwrap_or_default(), published.names.seed());
    glance.find(&published.names);
    let verdict = answer_glanced(worker, published, buffer, meta, &glance);
    worker.glance = Some(glance);
    verdict
}

/// As [`answer`], for a message that was looked at already, with the same published set.
#[inline]
pub fn answer_glanced(
    worker: &mut Worker,
    published: &Published,
    buffer: &mut [u8],
    meta: &Meta,
    glance: &Glance,
) -> Verdict {
    let Some(question) = &glance.question else {
        return answer_unread(worker, buffer, meta, glance.header);
    };
    if (rtype::TKEY..=rtype::AXFR).contains(&question.qtype) {
        return slow(worker);
    }
    worker.counters.count_type(question.qtype);
    let (edns, reply) = match &glance.edns {
        Err(NotEdns::OtherRecord) => return slow(worker),
        Err(NotEdns::Malformed) => (None, Reply::error(rcode::FORMERR)),
        Ok(edns) => (edns.as_ref(), reply(worker, published, question, glance, meta)),
    };
    reply.write(worker, buffer, question.end(), edns, meta)
}

/// What becomes of a message without a question that could be read.
#[cold]
fn answer_unread(
    worker: &mut Worker,
    buffer: &mut [u8],
    meta: &Meta,
    header: Option<Header>,
) -> Verdict {
    let Some(header) = header.filter(|header| header.flags & header::QR == 0) else {
        worker.counters.dropped.add();
        return Verdict::Drop;
    };
    if !header.is_plain() {
        return slow(worker);
    }
    let mut reply = Reply::error(rcode::FORMERR);
    reply.question = false;
    reply.write(worker, buffer, header::LENGTH, None, meta)
}

/// Writes SERVFAIL over a query whose handling panicked, so that the client does not wait.
pub fn refuse_by_panic(worker: &mut Worker, buffer: &mut [u8], meta: &Meta) -> Verdict {
    worker.counters.panics.add();
    let mut reply = Reply::error(rcode::SERVFAIL);
    reply.question = false;
    reply.write(worker, buffer, header::LENGTH, None, meta)
}

fn slow(worker: &Worker) -> Verdict {
    worker.counters.slow.add();
    Verdict::Slow
}

/// Decides what the answer is, by the query alone and then by name.
#[inline]
fn reply<'a>(
    worker: &mut Worker,
    published: &'a Published,
    question: &Question,
    glance: &'a Glance,
    meta: &Meta,
) -> Reply<'a> {
    let edns = glance.edns.as_ref().ok().and_then(Option::as_ref);
    if let Some(edns) = edns {
        if edns.version > 0 {
            return Reply::error(rcode::BADVERS);
        }
        if edns.malformed {
            return Reply::error(rcode::FORMERR);
        }
        if edns.subnet.is_some() {
            worker.counters.subnet.add();
        }
    }
    if question.qtype == rtype::OPT {
        return Reply::error(rcode::FORMERR);
    }
    if question.qclass != class::IN {
        return other_class(worker, question, &glance.name);
    }
    match glance.found {
        Some(Slot::Body(id)) => Reply::body(published.names.body(id), 0),
        Some(Slot::Steered(id)) => match published.steered.get(id.0 as usize) {
            Some(steered) => steer(worker, published, steered, question.qtype, edns, meta),
            None => Reply::error(rcode::SERVFAIL),
        },
        None => {
            let mut reply = Reply::error(rcode::REFUSED);
            reply.ede = Some(ede::NOT_AUTHORITATIVE);
            reply
        }
    }
}

/// The answer to a question outside of class IN: who this is, or nothing.
#[cold]
fn other_class<'a>(worker: &Worker, question: &Question, name: &'a NameBuffer) -> Reply<'a> {
    let name = name.get(..question.name_length.into()).unwrap_or_default();
    let told = [rtype::TXT, rtype::ANY].contains(&question.qtype)
        && question.qclass == class::CH
        && worker.identity.chaos(name).is_some();
    let mut reply = Reply::error(if told { rcode::NOERROR } else { rcode::REFUSED });
    if told {
        (reply.flags, reply.content) = (header::AA, Content::Chaos(name));
    }
    reply
}

/// Chooses the answer of a steered name: class of the client, row, draw.
#[inline]
fn steer<'a>(
    worker: &mut Worker,
    published: &'a Published,
    steered: &'a Steered,
    qtype: u16,
    edns: Option<&Edns>,
    meta: &Meta,
) -> Reply<'a> {
    let subnet = edns.and_then(|edns| edns.subnet).and_then(|subnet| subnet.prefix());
    let map = steered.map.and_then(|map| published.maps.get(usize::from(map)));
    let (class, scope) = match (map, subnet) {
        (Some(map), Some((address, length))) => map.class_of_subnet(address, length),
        (Some(map), None) => (map.class_of_source(meta.source), 0),
        (None, _) => (0, 0),
    };
    let draw = if steered.table.is_weighted(class) {
        let client = match subnet {
            Some((address, length)) => draws::client(address, length),
            None => draws::client(meta.source, u8::MAX),
        };
        let (key, name, now_s) = (published.draw_key, steered.key, meta.now_s);
        worker.draws.next(&Draw { key, name, client, qtype, now_s })
    } else {
        0
    };
    let Some(drawn) = steered.table.draw(class, draw) else {
        return Reply::error(rcode::SERVFAIL);
    };
    let body = match (drawn.answers, qtype) {
        (Answers::Alias(body), _) => Some(body),
        (Answers::Addresses { aaaa, .. }, rtype::AAAA) => aaaa,
        (Answers::Addresses { a, .. }, rtype::A) => a,
        (Answers::Addresses { a, aaaa }, _) => a.or(aaaa),
    };
    worker.counters.count_region(drawn.region);
    Reply::body(body.and_then(|id| steered.table.body(id)), scope)
}
