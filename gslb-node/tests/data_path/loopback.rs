//! The same engine behind real sockets, with the odd queries that hickory answers.

use crate::ask::{Ask, Reply, ask};
use crate::world;
use gslb_node::answer::Identity;
use gslb_node::publish::Publication;
use gslb_node::serve::{Running, ServeConfig, ServeError, Server};
use gslb_node::wire::code::rtype;
use hickory_proto::op::ResponseCode::{self, FormErr, NoError, NotImp, Refused};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn start(change: impl FnOnce(&mut ServeConfig)) -> (Running, Arc<Publication>) {
    let publication = Publication::new(Arc::new(world::published()));
    let mut config = ServeConfig::new(vec!["127.0.0.1:0".parse().unwrap()]);
    config.identity = Identity::new(Some("loopback"), None);
    change(&mut config);
    (Server::start(config, Arc::clone(&publication)).unwrap(), publication)
}

fn udp(to: SocketAddr, query: &Ask) -> Reply {
    let local: SocketAddr = if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }.parse().unwrap();
    let socket = UdpSocket::bind(local).unwrap();
    socket.connect(to).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.send(&query.bytes()).unwrap();
    let mut buffer = [0; 2048];
    let length = socket.recv(&mut buffer).unwrap();
    Reply::read(&query.bytes(), &buffer[..length])
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn send(stream: &mut TcpStream, queries: &[Ask]) {
    let framed: Vec<u8> = queries
        .iter()
        .map(Ask::bytes)
        .flat_map(|bytes| [&(bytes.len() as u16).to_be_bytes()[..], &bytes].concat())
        .collect();
    stream.write_all(&framed).unwrap();
}

fn receive(stream: &mut TcpStream, query: &Ask) -> Reply {
    let mut length = [0; 2];
    stream.read_exact(&mut length).unwrap();
    let mut bytes = vec![0; u16::from_be_bytes(length).into()];
    stream.read_exact(&mut bytes).unwrap();
    Reply::read(&query.bytes(), &bytes)
}

fn odd_queries() -> Vec<(&'static str, Ask, ResponseCode)> {
    let plain = || ask("static.example.org", rtype::A);
    let two_opts = plain().opt(1232, 0, 0).tail(&[0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]).byte(11, 2);
    let question: Vec<u8> = plain().bytes()[12..].to_vec();
    vec![
        ("NOTIFY", plain().byte(2, 4 << 3), NotImp),
        ("UPDATE", plain().byte(2, 5 << 3), NotImp),
        ("opcode 15", plain().byte(2, 15 << 3), NotImp),
        ("STATUS with EDNS", plain().byte(2, 2 << 3).opt(1232, 0, 0), NotImp),
        ("AXFR", ask("example.org", rtype::AXFR), Refused),
        ("IXFR", ask("example.org", rtype::IXFR), Refused),
        ("TKEY", ask("example.org", rtype::TKEY), NotImp),
        ("two OPT", two_opts, FormErr),
        ("two questions", plain().byte(5, 2).tail(&question), FormErr),
        ("counts that lie", plain().byte(7, 9), FormErr),
    ]
}

#[test]
fn udp_answers_from_the_published_set_and_follows_a_change() {
    let (running, publication) = start(|_| {});
    let to = running.addresses()[0];
    let reply = udp(to, &ask("www.example.org", rtype::A).opt(1232, 0, 0));
    assert_eq!(reply.answers(), ["www.example.org. 30 A 10.0.0.1"]);
    publication.publish(Arc::new(world::changed()));
    let reply = udp(to, &ask("www.example.org", rtype::A).opt(1232, 0, 0));
    assert_eq!(reply.answers(), ["www.example.org. 30 A 10.0.2.1"]);
    let answered: u64 = running.counters().iter().map(|c| c.of_region(0) + c.of_region(2)).sum();
    assert_eq!(answered, 2);
    running.stop();
}

#[test]
fn odd_queries_are_answered_over_both_transports() {
    let (running, _publication) = start(|_| {});
    let to = running.addresses()[0];
    for (what, query, code) in odd_queries() {
        let reply = udp(to, &query);
        assert_eq!(reply.code(), code, "{what} over UDP");
        let mut stream = connect(to);
        send(&mut stream, std::slice::from_ref(&query));
        assert_eq!(receive(&mut stream, &query).code(), code, "{what} over TCP");
    }
    let status = ask("static.example.org", rtype::A).byte(2, 2 << 3).opt(1232, 0, 0x80);
    let edns = udp(to, &status).message.edns.expect("OPT in an error, too");
    assert!(edns.flags().dnssec_ok);
}

#[test]
fn an_odd_but_sound_query_is_answered_by_the_engine_through_hickory() {
    let (running, _publication) = start(|_| {});
    let extra = [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4];
    let query = ask("www.example.org", rtype::A).subnet("198.51.100.0/24").tail(&extra).byte(11, 2);
    let reply = udp(running.addresses()[0], &query);
    assert_eq!(reply.code(), NoError);
    assert_eq!(reply.answers(), ["www.example.org. 30 A 10.0.1.1"]);
}

/// A record of no use in the additional section: it sends a query the slow way.
const EXTRA: [u8; 15] = [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4];

#[test]
fn an_odd_query_gets_no_more_bytes_than_it_asked_for() {
    let (running, _publication) = start(|_| {});
    let to = running.addresses()[0];
    let mut cut = 0;
    for name in ["many.example.org", "some.example.org", "a.sub.example.org", "www.example.org"] {
        for size in (0..=1400).step_by(7) {
            let query = ask(name, rtype::A).opt(size, 0, 0).tail(&EXTRA).byte(11, 2);
            let reply = udp(to, &query);
            let limit = usize::from(size.clamp(512, 1232));
            assert!(reply.bytes.len() <= limit, "{name}: {} of {limit}", reply.bytes.len());
            assert!(reply.message.edns.is_some());
            cut += usize::from(reply.truncated());
            assert!(!reply.truncated() || reply.answers().is_empty());
        }
    }
    assert!(cut > 0);
}

#[test]
fn a_signed_query_is_told_that_its_key_is_not_known() {
    let (running, _publication) = start(|_| {});
    let key = b"\x03key\0\0\xfa\0\xff\0\0\0\0";
    let algorithm = b"\x0bhmac-sha256\0";
    let times_and_mac =
        [&[0; 6][..], &[1, 44, 0, 32], &[7; 32], &[0xab, 0xcd, 0, 0, 0, 0]].concat();
    let length = (algorithm.len() + times_and_mac.len()) as u16;
    let tsig = [&key[..], &length.to_be_bytes(), algorithm, &times_and_mac].concat();
    let query = ask("static.example.org", rtype::A).tail(&tsig).byte(11, 1);
    let reply = udp(running.addresses()[0], &query);
    assert_eq!((reply.code(), reply.answers().len()), (ResponseCode::NotAuth, 0));
}

#[test]
fn tcp_gives_whole_answers_in_the_order_of_the_queries() {
    let (running, _publication) = start(|_| {});
    let mut stream = connect(running.addresses()[0]);
    let queries = [
        ask("many.example.org", rtype::A),
        ask("example.org", rtype::AXFR),
        ask("static.example.org", rtype::TXT),
    ];
    send(&mut stream, &queries);
    let [many, axfr, text] = queries.map(|query| receive(&mut stream, &query));
    assert_eq!((many.answers().len(), many.truncated()), (90, false));
    assert_eq!(axfr.code(), Refused);
    assert_eq!(text.answers(), ["static.example.org. 3600 TXT text"]);
    assert!(udp(running.addresses()[0], &ask("many.example.org", rtype::A)).truncated());
}

#[test]
fn tcp_keeps_to_its_limits() {
    let (running, _publication) = start(|config| {
        config.tcp.connections_per_source = 2;
        config.tcp.idle_timeout = Duration::from_millis(300);
        config.tcp.query_bytes = 100;
    });
    let to = running.addresses()[0];
    let query = ask("static.example.org", rtype::TXT);
    let mut streams = [connect(to), connect(to)];
    for stream in &mut streams {
        send(stream, std::slice::from_ref(&query));
        receive(stream, &query);
    }
    let ended = |stream: &mut TcpStream| matches!(stream.read(&mut [0; 1]), Ok(0) | Err(_));
    let mut third = connect(to);
    assert!(ended(&mut third), "a third connection is closed at once");
    assert_eq!(running.stream_counters().refused.get(), 1);
    for stream in &mut streams {
        assert!(ended(stream), "an idle connection is closed");
    }
    assert_eq!(running.stream_counters().timed_out.get(), 2);
    let mut large = connect(to);
    large.write_all(&[0, 101]).unwrap();
    assert!(ended(&mut large), "a large query ends the connection");
    let mut good = connect(to);
    send(&mut good, std::slice::from_ref(&query));
    assert_eq!(receive(&mut good, &query).answers().len(), 1);
}

#[test]
fn several_workers_and_addresses_answer_from_the_address_that_was_asked() {
    let (running, _publication) = start(|config| {
        config.workers = 2;
        config.addresses = ["0.0.0.0:0", "127.0.0.1:0"].map(|a| a.parse().unwrap()).to_vec();
    });
    let [wildcard, plain] = running.addresses() else { panic!("{:?}", running.addresses()) };
    for last in 1..=40 {
        let to = SocketAddr::from(([127, 0, 0, last], wildcard.port()));
        // The socket of `udp` is connected: an answer from another address would not reach it.
        assert_eq!(udp(to, &ask("static.example.org", rtype::TXT)).answers().len(), 1);
        assert_eq!(udp(to, &ask("example.org", rtype::IXFR)).code(), Refused);
        assert_eq!(udp(*plain, &ask("static.example.org", rtype::TXT)).answers().len(), 1);
    }
}

#[test]
fn workers_that_are_tied_to_cpus_and_steered_by_them_answer_everybody() {
    let (running, _publication) = start(|config| {
        config.workers = 2;
        (config.pin_workers, config.steer_by_cpu) = (true, true);
    });
    for _ in 0..50 {
        let reply = udp(running.addresses()[0], &ask("static.example.org", rtype::A));
        assert_eq!(reply.message.answers.len(), 3);
    }
    assert_eq!(running.receive_drops(), 0);
}

#[test]
fn ipv6_is_answered_where_the_host_has_it() {
    if UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    let (running, _publication) =
        start(|config| config.addresses = vec!["[::]:0".parse().unwrap()]);
    let to = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, running.addresses()[0].port()));
    let query = ask("static.example.org", rtype::AAAA);
    assert_eq!(udp(to, &query).answers().len(), 1);
    let mut stream = connect(to);
    send(&mut stream, std::slice::from_ref(&query));
    assert_eq!(receive(&mut stream, &query).answers().len(), 1);
}

#[test]
fn what_cannot_be_bound_is_said_in_one_sentence() {
    let (running, publication) = start(|_| {});
    let taken = running.addresses()[0];
    let try_start = |address: SocketAddr| {
        let config = ServeConfig::new(vec![address]);
        Server::start(config, Arc::clone(&publication)).unwrap_err()
    };
    let error = try_start(taken);
    assert!(matches!(error, ServeError::Taken(address, "TCP") if address == taken), "{error}");
    assert!(error.to_string().contains("taken by another program"), "{error}");
    let alone = UdpSocket::bind("127.0.0.1:0").unwrap();
    let error = try_start(alone.local_addr().unwrap());
    assert!(matches!(error, ServeError::Taken(_, "UDP")), "{error}");
    let error = try_start("192.0.2.1:5300".parse().unwrap());
    assert!(matches!(error, ServeError::NotHere(_)), "{error}");
    running.stop();
    drop(
        Server::start(ServeConfig::new(vec![taken]), publication).expect("the port is free again"),
    );
}
