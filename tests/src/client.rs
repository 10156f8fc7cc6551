//! A DNS client over UDP and TCP.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query as Question, ResponseCode};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, Record, RecordType};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::str::FromStr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// How long one query waits for its answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A question and how it is asked.
#[derive(Clone, Debug)]
pub struct Query {
    name: String,
    rtype: RecordType,
    tcp: bool,
    edns: Option<u16>,
    dnssec: bool,
    subnet: Option<ClientSubnet>,
    recursive: bool,
    source: Option<IpAddr>,
}

/// What came back, in words that compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// RCODE, as `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `REFUSED`, `FORMERR`, `NOTIMP` or `BADVERS`.
    pub rcode: String,
    /// Whether the AA bit is set.
    pub authoritative: bool,
    /// Whether the TC bit is set.
    pub truncated: bool,
    /// Answer section, each as `OWNER TTL TYPE RDATA`.
    pub answers: Vec<String>,
    /// Authority section.
    pub authorities: Vec<String>,
    /// Additional section, without OPT.
    pub additionals: Vec<String>,
    /// The UDP size that the server's OPT tells; none: it sent no OPT.
    pub edns: Option<u16>,
    /// The client subnet in the answer, as `ADDRESS/SOURCE/SCOPE`.
    pub subnet: Option<String>,
    /// The extended error (RFC 8914), if any.
    pub extended_error: Option<u16>,
    /// Bytes of the message.
    pub length: usize,
}

impl Query {
    /// Asks for `name` and a type such as `A`, over UDP with EDNS of 1232 bytes.
    ///
    /// # Panics
    /// If the type is unknown.
    #[must_use]
    pub fn new(name: &str, rtype: &str) -> Self {
        let rtype = RecordType::from_str(rtype).unwrap_or_else(|_| {
            let number = rtype.strip_prefix("TYPE").and_then(|n| n.parse::<u16>().ok());
            number.unwrap_or_else(|| panic!("{rtype:?} is no record type")).into()
        });
        Self {
            name: name.to_owned(),
            rtype,
            tcp: false,
            edns: Some(1232),
            dnssec: false,
            subnet: None,
            recursive: false,
            source: None,
        }
    }

    /// Over TCP.
    #[must_use]
    pub fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// With another EDNS size; none: without EDNS.
    #[must_use]
    pub fn edns(mut self, size: Option<u16>) -> Self {
        self.edns = size;
        self
    }

    /// With the DO bit.
    #[must_use]
    pub fn dnssec(mut self) -> Self {
        self.dnssec = true;
        self
    }

    /// With the RD bit, as a stub resolver asks.
    #[must_use]
    pub fn recursive(mut self) -> Self {
        self.recursive = true;
        self
    }

    /// On behalf of the clients in a prefix, as `10.1.0.0/16`.
    ///
    /// # Panics
    /// If it is no prefix.
    #[must_use]
    pub fn subnet(mut self, prefix: &str) -> Self {
        let (address, length) = prefix.split_once('/').expect("ADDRESS/LENGTH");
        let address = address.parse().expect("an address");
        self.subnet = Some(ClientSubnet::new(address, length.parse().expect("a length"), 0));
        self
    }

    /// From this source address.
    #[must_use]
    pub fn source(mut self, address: IpAddr) -> Self {
        self.source = Some(address);
        self
    }

    /// Asks once.
    ///
    /// # Errors
    /// No answer within two seconds, or one that cannot be read.
    pub fn send(&self, server: SocketAddr) -> io::Result<Response> {
        static ID: AtomicU16 = AtomicU16::new(1);
        let id = ID.fetch_add(1, Ordering::Relaxed);
        let bytes = self.encode(id);
        let reply =
            if self.tcp { over_tcp(server, &bytes)? } else { self.over_udp(server, &bytes)? };
        let message = Message::from_vec(&reply).map_err(io::Error::other)?;
        if message.metadata.id != id || message.metadata.message_type != MessageType::Response {
            return Err(io::Error::other("another message came back"));
        }
        Ok(Response::of(&message, reply.len()))
    }

    /// Asks, and once more if no answer came.
    ///
    /// # Panics
    /// If there is none then either.
    #[must_use]
    pub fn ask(&self, server: SocketAddr) -> Response {
        self.send(server)
            .or_else(|_| self.send(server))
            .unwrap_or_else(|e| panic!("{server} did not answer {} {}: {e}", self.name, self.rtype))
    }

    fn encode(&self, id: u16) -> Vec<u8> {
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = self.recursive;
        let name = Name::from_ascii(&self.name).expect("a domain name");
        message.add_query(Question::query(name, self.rtype));
        if let Some(size) = self.edns {
            let mut edns = Edns::new();
            edns.set_max_payload(size).set_dnssec_ok(self.dnssec);
            if let Some(subnet) = self.subnet {
                edns.options_mut().insert(EdnsOption::Subnet(subnet));
            }
            message.set_edns(edns);
        }
        message.to_vec().expect("a query can be encoded")
    }

    fn over_udp(&self, server: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let any = if server.is_ipv4() { "0.0.0.0" } else { "::" };
        let source = self.source.unwrap_or_else(|| any.parse().expect("an address"));
        let socket = UdpSocket::bind((source, 0))?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        socket.connect(server)?;
        socket.send(bytes)?;
        let mut reply = vec![0; 65_535];
        let length = socket.recv(&mut reply)?;
        reply.truncate(length);
        Ok(reply)
    }
}

fn over_tcp(server: SocketAddr, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut framed = u16::try_from(bytes.len()).map_err(io::Error::other)?.to_be_bytes().to_vec();
    framed.extend(bytes);
    stream.write_all(&framed)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

impl Response {
    fn of(message: &Message, length: usize) -> Self {
        let edns = message.edns.as_ref();
        let option = |code: EdnsCode| edns.and_then(|e| e.option(code));
        let subnet = match option(EdnsCode::Subnet) {
            Some(EdnsOption::Subnet(s)) => {
                Some(format!("{}/{}/{}", s.addr(), s.source_prefix(), s.scope_prefix()))
            }
            _ => None,
        };
        let extended_error = match option(EdnsCode::Unknown(15)) {
            Some(EdnsOption::Unknown(_, data)) => {
                data.first_chunk::<2>().map(|b| u16::from_be_bytes(*b))
            }
            _ => None,
        };
        Self {
            rcode: rcode(message.metadata.response_code),
            authoritative: message.metadata.authoritative,
            truncated: message.metadata.truncation,
            answers: message.answers.iter().map(text).collect(),
            authorities: message.authorities.iter().map(text).collect(),
            additionals: message.additionals.iter().map(text).collect(),
            edns: edns.map(Edns::max_payload),
            subnet,
            extended_error,
            length,
        }
    }

    /// The RDATA of the answers, sorted.
    #[must_use]
    pub fn data(&self) -> Vec<String> {
        let mut data: Vec<String> = self
            .answers
            .iter()
            .map(|a| a.splitn(4, ' ').nth(3).unwrap_or_default().into())
            .collect();
        data.sort();
        data
    }
}

/// The usual word for a response code.
fn rcode(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::BADVERS => "BADVERS".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

/// A record as `OWNER TTL TYPE RDATA`.
fn text(record: &Record) -> String {
    format!(
        "{} {} {} {}",
        record.name.to_string().to_ascii_lowercase(),
        record.ttl,
        record.record_type(),
        record.data
    )
}
