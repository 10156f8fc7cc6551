//! Asks a node over UDP for the addresses of a name, as a client in some prefix.

use gslb_consensus::model::DnsName;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// A node on this machine that has not answered by then does not answer yet.
const WITHIN: Duration = Duration::from_millis(250);

/// The A records of `name` for a client of `prefix`/24; none if there is no answer.
pub(super) async fn addresses(
    node: SocketAddr,
    name: &DnsName,
    prefix: Ipv4Addr,
) -> io::Result<Vec<IpAddr>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(node).await?;
    let mut answer = [0; 1232];
    socket.send(&query(name, prefix)).await?;
    let Ok(length) = timeout(WITHIN, socket.recv(&mut answer)).await else { return Ok(Vec::new()) };
    let answer = answer.get(..length?).unwrap_or_default();
    Ok(read(answer, name.wire().len()).unwrap_or_default())
}

/// A query for A with a client subnet (RFC 7871 6).
fn query(name: &DnsName, prefix: Ipv4Addr) -> Vec<u8> {
    let mut query = vec![0x47, 0x53, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    query.extend(name.wire());
    query.extend([0, 1, 0, 1]);
    let [a, b, c, _] = prefix.octets();
    // OPT: root name, type 41, 1232 bytes, no flags, 11 bytes of options.
    query.extend([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 11]);
    // Client subnet: option 8, 7 bytes, IPv4, source /24, scope 0.
    query.extend([0, 8, 0, 7, 0, 1, 24, 0, a, b, c]);
    query
}

/// The addresses in an answer whose owner names are compressed, as those of our nodes are.
fn read(answer: &[u8], name_len: usize) -> Option<Vec<IpAddr>> {
    let count = u16::from_be_bytes(answer.get(6..8)?.try_into().ok()?);
    let mut rest = answer.get(12 + name_len + 4..)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let (head, tail) = rest.split_at_checked(12)?;
        let length = usize::from(u16::from_be_bytes(head.get(10..12)?.try_into().ok()?));
        let (data, tail) = tail.split_at_checked(length)?;
        if head.get(2..4)? == [0, 1] {
            found.push(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?)));
        }
        rest = tail;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_of_an_answer_are_found() {
        let name: DnsName = "a.gslb.example.".parse().unwrap();
        let mut answer = query(&name, Ipv4Addr::LOCALHOST);
        answer.truncate(12 + name.wire().len() + 4);
        answer[7] = 2;
        for host in [1, 2] {
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 127, 0, 1, host]);
        }
        let found = read(&answer, name.wire().len()).unwrap();
        assert_eq!(found, [1, 2].map(|host| IpAddr::from([127, 0, 1, host])));
        assert_eq!(read(&answer[..30], name.wire().len()), None);
    }
}
