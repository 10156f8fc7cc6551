//! The handler that hickory calls: says no to operations, and asks the engine for the rest.

use super::capture::Capture;
use crate::answer::{Meta, Verdict, Worker, answer};
use crate::clock;
use crate::publish::Publication;
use crate::wire::code::rtype;
use crate::wire::opt::{PAYLOAD, PLAIN_UDP};
use hickory_net::NetError;
use hickory_net::runtime::Time;
use hickory_net::xfer::Protocol;
use hickory_proto::op::{Edns, Header, HeaderCounts, Message, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::Record;
use hickory_proto::serialize::binary::BinEncodable;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers what the fast path passes on.
pub(super) struct Handler {
    publication: Arc<Publication>,
    /// Locked for one answer at a time; off the data path.
    worker: Mutex<Worker>,
}

impl Handler {
    /// A handler over the same published set as the fast path.
    pub(super) fn new(publication: Arc<Publication>, worker: Worker) -> Self {
        Self { publication, worker: Mutex::new(worker) }
    }

    /// What is wrong with the request, or that it is an operation that is not offered here.
    fn fault(request: &Request) -> Option<ResponseCode> {
        if request.metadata.op_code != OpCode::Query {
            return Some(ResponseCode::NotImp);
        }
        let [query] = request.queries.queries() else { return Some(ResponseCode::FormErr) };
        if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return Some(ResponseCode::BADVERS);
        }
        match u16::from(query.query_type()) {
            // Transfers of zones are not offered yet; over UDP they never are.
            rtype::AXFR | rtype::IXFR => return Some(ResponseCode::Refused),
            rtype::TKEY..rtype::IXFR => return Some(ResponseCode::NotImp),
            _ => {}
        }
        // Without its signing features the library reads TSIG as any other record.
        let is_tsig = |record: &Record| u16::from(record.record_type()) == rtype::TSIG;
        if request.signature.is_some() || request.additionals.iter().any(is_tsig) {
            // RFC 8945 5.2.1: no key is known here.
            return Some(ResponseCode::NotAuth);
        }
        let records = !request.answers.is_empty() || !request.authorities.is_empty();
        records.then_some(ResponseCode::FormErr)
    }

    /// The engine's answer to the request's question, without what made the request odd.
    fn engine(&self, request: &Request) -> Option<Message> {
        let query = request.queries.queries().first()?;
        let mut clean = Message::query();
        clean.metadata.id = request.metadata.id;
        clean.metadata.recursion_desired = request.metadata.recursion_desired;
        clean.add_query(query.original().clone());
        clean.edns.clone_from(&request.edns);
        let bytes = clean.to_bytes().ok()?;
        let mut buffer = vec![0; u16::MAX.into()];
        buffer.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        let meta = Meta {
            source: request.src().ip().to_canonical(),
            tcp: request.protocol() != Protocol::Udp,
            now_s: clock::unix_ms() / 1000,
            stale: self.publication.is_stale(),
        };
        let published = self.publication.current();
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        match answer(&mut worker, &published, &mut buffer, bytes.len(), &meta) {
            Verdict::Send(length) => Message::from_vec(buffer.get(..length)?).ok(),
            Verdict::Drop | Verdict::Slow => None,
        }
    }
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut response: R,
    ) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.checking_disabled = false;
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD).set_version(0);
        let mut builder = MessageResponseBuilder::from_message_request(request);
        let given = match Self::fault(request) {
            Some(code) => Err(code),
            None => self.engine(request).ok_or(ResponseCode::ServFail),
        };
        let sent = match given {
            Err(code) => {
                metadata.response_code = code;
                if let Some(asked) = &request.edns {
                    edns.set_dnssec_ok(asked.flags().dnssec_ok).set_rcode_high(code.high());
                    builder.edns(&edns);
                }
                response.send_response(builder.build_no_records(metadata)).await
            }
            Ok(message) => match fitted(request, message).await {
                Ok(message) => emit(request, &message, &mut response).await,
                Err(error) => Err(error),
            },
        };
        sent.unwrap_or_else(|error| {
            tracing::debug!(%error, "an odd query's answer cannot be encoded");
            metadata.response_code = ResponseCode::ServFail;
            ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() })
        })
    }
}

/// The message, or only TC in its place: the library points no name at the question, so an answer
/// may take more room here than the engine needed.
async fn fitted(request: &Request, mut message: Message) -> Result<Message, NetError> {
    let limit = match (request.protocol(), &request.edns) {
        (Protocol::Udp, Some(edns)) => edns.max_payload().clamp(PLAIN_UDP, PAYLOAD),
        (Protocol::Udp, None) => PLAIN_UDP,
        _ => u16::MAX,
    };
    let mut measure = Capture::default();
    emit(request, &message, &mut measure).await?;
    if measure.take().is_none_or(|bytes| bytes.len() > limit.into()) {
        message.answers.clear();
        message.authorities.clear();
        message.additionals.clear();
        message.metadata.truncation = true;
    }
    Ok(message)
}

/// Sends the message as the response to the request.
async fn emit<R: ResponseHandler>(
    request: &Request,
    message: &Message,
    response: &mut R,
) -> Result<ResponseInfo, NetError> {
    let mut builder = MessageResponseBuilder::from_message_request(request);
    if let Some(edns) = &message.edns {
        builder.edns(edns);
    }
    let Message { metadata, answers, authorities, additionals, .. } = message;
    response.send_response(builder.build(*metadata, answers, authorities, [], additionals)).await
}
