//! Batches over real sockets: who is answered with what, and what the kernel counts.

use super::sys::{Batch, ask_local_address, drops, send_one};
use socket2::SockRef;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// Sends each of `marks` from a client of its own.
fn send(server: &UdpSocket, marks: &[u8]) -> Vec<UdpSocket> {
    let to = server.local_addr().unwrap();
    let clients = marks.iter().map(|mark| {
        let client = socket();
        client.send_to(&[*mark; 20], to).unwrap();
        client
    });
    clients.collect()
}

#[test]
fn answers_go_to_their_clients_also_around_what_is_not_answered() {
    for wildcard in [false, true] {
        let server = socket();
        if wildcard {
            ask_local_address(server.as_fd(), false).unwrap();
        }
        let mut batch = Batch::new(wildcard);
        for kept in [vec![0, 1, 2, 3, 4, 5], vec![1, 4], vec![], vec![0, 5], vec![0, 1, 2, 3, 4, 5]]
        {
            let marks = [10, 11, 12, 13, 14, 15];
            let clients = send(&server, &marks);
            assert_eq!(batch.receive(server.as_fd(), true).unwrap(), marks.len());
            let messages: Vec<Vec<u8>> = batch.messages().map(|m| m.bytes.to_vec()).collect();
            assert_eq!(messages, marks.map(|mark| vec![mark; 20]));
            for (n, client) in clients.iter().enumerate() {
                let datagram = batch.datagram(n).unwrap();
                assert_eq!(datagram.source, client.local_addr().unwrap());
                assert_eq!(datagram.buffer[..datagram.length], [marks[n]; 20]);
                datagram.buffer[..2].copy_from_slice(&[100 + n as u8, 200]);
                if kept.contains(&n) {
                    batch.keep(n, 2);
                }
            }
            assert!(batch.datagram(marks.len()).is_none());
            assert_eq!(batch.send(server.as_fd()), 0);
            for n in &kept {
                let mut answer = [0; 8];
                assert_eq!(clients[*n].recv(&mut answer).unwrap(), 2, "{kept:?}");
                assert_eq!(answer[..2], [100 + *n as u8, 200]);
            }
            for (n, client) in clients.iter().enumerate().filter(|(n, _)| !kept.contains(n)) {
                client.set_nonblocking(true).unwrap();
                assert!(client.recv(&mut [0; 8]).is_err(), "{n} of {kept:?}");
            }
        }
    }
}

#[test]
fn an_odd_query_is_answered_later_from_the_address_that_it_came_to() {
    let server = UdpSocket::bind("0.0.0.0:0").unwrap();
    ask_local_address(server.as_fd(), false).unwrap();
    let to = (Ipv4Addr::new(127, 0, 0, 7), server.local_addr().unwrap().port());
    let client = socket();
    client.send_to(b"query", to).unwrap();
    let mut batch = Batch::new(true);
    assert_eq!(batch.receive(server.as_fd(), true).unwrap(), 1);
    let (control, source) = (batch.control(0), batch.datagram(0).unwrap().source);
    send_one(server.as_fd(), b"answer", source, control).unwrap();
    let mut answer = [0; 8];
    assert_eq!(client.recv_from(&mut answer).unwrap(), (6, to.into()));
}

#[test]
fn what_does_not_fit_into_the_receive_buffer_is_counted() {
    let server = socket();
    SockRef::from(&server).set_recv_buffer_size(4096).unwrap();
    assert_eq!(drops(server.as_fd()), 0);
    let client = socket();
    for _ in 0..100 {
        client.send_to(&[0; 512], server.local_addr().unwrap()).unwrap();
    }
    let mut batch = Batch::new(false);
    let received = batch.receive(server.as_fd(), true).unwrap();
    assert!(received > 0);
    assert_eq!(drops(server.as_fd()) as usize, 100 - received);
}
