//! Asks the pure engine, and reads its answers with hickory.

use crate::world;
use gslb_node::answer::{Identity, Meta, Verdict, Worker, answer};
use gslb_node::compile::Published;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Record, RecordType};
use std::net::IpAddr;
use std::sync::Arc;

/// An engine with what it answers from.
pub(crate) struct Engine {
    pub worker: Worker,
    pub published: Published,
    pub meta: Meta,
}

/// A query under construction.
#[derive(Clone)]
pub(crate) struct Ask {
    bytes: Vec<u8>,
    opt: Option<Vec<u8>>,
}

/// An answer, as bytes and as hickory reads them.
pub(crate) struct Reply {
    pub bytes: Vec<u8>,
    pub message: Message,
}

/// A query of class IN for `name`, in its own case.
pub(crate) fn ask(name: &str, qtype: u16) -> Ask {
    let mut bytes = vec![0xab, 0xcd, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend(qtype.to_be_bytes());
    bytes.extend([0, 1]);
    Ask { bytes, opt: None }
}

/// The data of a client-subnet option.
pub(crate) fn subnet(prefix: &str) -> Vec<u8> {
    let (address, length) = prefix.split_once('/').unwrap();
    let length: u8 = length.parse().unwrap();
    let (family, bytes) = match address.parse().unwrap() {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (2, v6.octets().to_vec()),
    };
    let mut data = vec![0, family, length, 0];
    data.extend(&bytes[..usize::from(length.div_ceil(8))]);
    data
}

impl Ask {
    /// Sets byte `at` of the message.
    pub(crate) fn byte(mut self, at: usize, value: u8) -> Self {
        self.bytes[at] = value;
        self
    }

    /// Sets the class.
    pub(crate) fn class(mut self, class: u8) -> Self {
        *self.bytes.last_mut().unwrap() = class;
        self
    }

    /// Adds an OPT record of this size, version and flags.
    pub(crate) fn opt(mut self, payload: u16, version: u8, flags: u8) -> Self {
        let [high, low] = payload.to_be_bytes();
        self.opt = Some(vec![0, 0, 41, high, low, 0, version, flags, 0, 0, 0]);
        self
    }

    /// Adds an option, with an OPT record of 1,232 bytes if there is none yet.
    pub(crate) fn option(mut self, code: u8, data: &[u8]) -> Self {
        if self.opt.is_none() {
            self = self.opt(1232, 0, 0);
        }
        let opt = self.opt.as_mut().unwrap();
        opt.extend([0, code, 0, data.len() as u8]);
        opt.extend(data);
        let length = (opt.len() - 11) as u16;
        opt[9..11].copy_from_slice(&length.to_be_bytes());
        self
    }

    /// Adds a client subnet.
    pub(crate) fn subnet(self, prefix: &str) -> Self {
        self.option(8, &subnet(prefix))
    }

    /// Adds bytes after all else.
    pub(crate) fn tail(mut self, bytes: &[u8]) -> Self {
        self.bytes = self.bytes();
        self.opt = None;
        self.bytes.extend(bytes);
        self
    }

    /// The message.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        if let Some(opt) = &self.opt {
            bytes[11] += 1;
            bytes.extend(opt);
        }
        bytes
    }
}

impl Engine {
    /// An engine over the world of the tests, asked over UDP from a place that is nowhere.
    pub(crate) fn new() -> Self {
        let identity = Identity::new(Some("node-1"), Some("gslb-node"));
        Self {
            worker: Worker::new(Arc::new(identity)),
            published: world::published(),
            meta: Meta {
                source: IpAddr::from([203, 0, 113, 1]),
                tcp: false,
                now_s: 1_000_000,
                stale: false,
            },
        }
    }

    /// What becomes of these bytes, and the buffer afterwards.
    pub(crate) fn run(&mut self, query: &[u8]) -> (Verdict, Vec<u8>) {
        let size = if self.meta.tcp { 65_535 } else { 2048 };
        let mut buffer = vec![0xee; size];
        buffer[..query.len()].copy_from_slice(query);
        let verdict =
            answer(&mut self.worker, &self.published, &mut buffer, query.len(), &self.meta);
        (verdict, buffer)
    }

    /// The answer to a query that is answered at once.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Reply {
        let query = ask.bytes();
        let (verdict, buffer) = self.run(&query);
        let Verdict::Send(length) = verdict else { panic!("{verdict:?} to {query:?}") };
        Reply::read(&query, &buffer[..length])
    }

    /// The answer to `name` and type, without EDNS.
    pub(crate) fn plain(&mut self, name: &str, qtype: u16) -> Reply {
        self.ask(&ask(name, qtype))
    }
}

impl Reply {
    /// Reads an answer, and checks what holds for every one.
    pub(crate) fn read(query: &[u8], bytes: &[u8]) -> Self {
        let message = Message::from_vec(bytes)
            .unwrap_or_else(|error| panic!("{error}: {bytes:?} to {query:?}"));
        assert_eq!(bytes[..2], query[..2], "the id is kept");
        assert_eq!(bytes[2] & 0xf9, 0x80 | query[2] & 0x79, "QR is set, opcode and RD are kept");
        assert_eq!(bytes[3] & 0xf0, 0, "RA, Z, AD and CD are clear");
        Self { bytes: bytes.to_vec(), message }
    }

    pub(crate) fn code(&self) -> ResponseCode {
        self.message.metadata.response_code
    }

    pub(crate) fn authoritative(&self) -> bool {
        self.message.metadata.authoritative
    }

    pub(crate) fn truncated(&self) -> bool {
        self.message.metadata.truncation
    }

    /// `owner ttl type rdata` of each answer, sorted.
    pub(crate) fn answers(&self) -> Vec<String> {
        texts(&self.message.answers)
    }

    /// The same of the authority section.
    pub(crate) fn authorities(&self) -> Vec<String> {
        texts(&self.message.authorities)
    }

    /// The same of the additional section, without OPT.
    pub(crate) fn additionals(&self) -> Vec<String> {
        texts(&self.message.additionals)
    }

    /// Asserts NOERROR or NXDOMAIN without an answer, and the SOA with the negative TTL.
    pub(crate) fn assert_negative(&self, code: ResponseCode, apex: &str, ttl: u32) {
        assert_eq!((self.code(), self.authoritative()), (code, true));
        assert_eq!(self.answers(), [""; 0]);
        let [soa] = &self.message.authorities[..] else { panic!("{:?}", self.authorities()) };
        assert_eq!((soa.record_type(), soa.ttl), (RecordType::SOA, ttl));
        assert_eq!(soa.name.to_string(), apex);
    }

    /// The option of that code in the OPT record; `None` if there is no such option.
    pub(crate) fn option(&self, code: u8) -> Option<Vec<u8>> {
        let at = self.bytes.len() - self.opt_length()?;
        let mut rest = &self.bytes[at + 11..];
        while let [0, found, _, length, after @ ..] = rest {
            let (data, after) = after.split_at(usize::from(*length));
            if *found == code {
                return Some(data.to_vec());
            }
            rest = after;
        }
        None
    }

    /// The length of the OPT record that ends the message.
    pub(crate) fn opt_length(&self) -> Option<usize> {
        self.message.edns.as_ref()?;
        let start = [0, 0, 41, 0x04, 0xd0];
        self.bytes.windows(5).rposition(|window| window == start).map(|at| self.bytes.len() - at)
    }

    /// The scope of the echoed subnet.
    pub(crate) fn scope(&self) -> u8 {
        self.option(8).expect("a subnet")[3]
    }
}

fn texts(records: &[Record]) -> Vec<String> {
    let mut texts: Vec<String> = records
        .iter()
        .map(|r| format!("{} {} {} {}", r.name, r.ttl, r.record_type(), r.data))
        .collect();
    texts.sort();
    texts
}
