//! One question to one server, over UDP and, if the answer is cut, over TCP.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// A try that takes longer has failed.
const WITHIN: Duration = Duration::from_secs(2);
/// Tries over UDP: one packet may get lost.
const TRIES: usize = 2;
/// Largest answer over UDP that fits nearly every path (as the nodes').
const PAYLOAD: u16 = 1232;

/// Asks one server; `recursive` asks it to find out for us.
pub(super) async fn ask(
    server: SocketAddr,
    name: &Name,
    rtype: RecordType,
    recursive: bool,
) -> Result<Message, String> {
    let mut query = Message::new(random_id()?, MessageType::Query, OpCode::Query);
    query.metadata.recursion_desired = recursive;
    query.add_query(Query::query(name.clone(), rtype));
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD);
    query.edns = Some(edns);
    let bytes = query.to_vec().map_err(|error| error.to_string())?;
    let mut last = String::new();
    for _ in 0..TRIES {
        match timeout(WITHIN, over_udp(server, &bytes, &query)).await {
            Ok(Ok(answer)) if answer.metadata.truncation => {
                let tcp = timeout(WITHIN, over_tcp(server, &bytes, &query)).await;
                return tcp.unwrap_or_else(|_| Err("no answer over TCP".to_owned()));
            }
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => last = error,
            Err(_) => last = "no answer".to_owned(),
        }
    }
    Err(last)
}

fn random_id() -> Result<u16, String> {
    let mut bytes = [0; 2];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system gave no random bytes".to_owned())?;
    Ok(u16::from_be_bytes(bytes))
}

async fn over_udp(server: SocketAddr, bytes: &[u8], query: &Message) -> Result<Message, String> {
    let text = |error: std::io::Error| error.to_string();
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).await.map_err(text)?;
    socket.connect(server).await.map_err(text)?;
    socket.send(bytes).await.map_err(text)?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await.map_err(text)?;
        let answer = Message::from_vec(buffer.get(..length).unwrap_or_default());
        // What fits no question of ours is somebody else's, or forged (RFC 5452 9.1).
        if let Ok(answer) = answer
            && fits(&answer, query)
        {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, bytes: &[u8], query: &Message) -> Result<Message, String> {
    let text = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(server).await.map_err(text)?;
    let length = u16::try_from(bytes.len()).map_err(|error| error.to_string())?;
    stream.write_all(&length.to_be_bytes()).await.map_err(text)?;
    stream.write_all(bytes).await.map_err(text)?;
    let length = stream.read_u16().await.map_err(text)?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await.map_err(text)?;
    let answer = Message::from_vec(&buffer).map_err(|error| error.to_string())?;
    if fits(&answer, query) { Ok(answer) } else { Err("it answered another question".to_owned()) }
}

fn fits(answer: &Message, query: &Message) -> bool {
    answer.metadata.id == query.metadata.id
        && answer.metadata.message_type == MessageType::Response
        && answer.queries == query.queries
}

/// A word for an answer that is no success.
pub(super) fn refusal(answer: &Message) -> Option<String> {
    match answer.metadata.response_code {
        ResponseCode::NoError => None,
        code => Some(format!("{code}")),
    }
}
