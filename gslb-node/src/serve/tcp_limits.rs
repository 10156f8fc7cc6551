//! How many TCP connections there are, in all and from each source.

use super::config::TcpLimits;
use crate::answer::counters::Count;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::rc::Rc;
use std::sync::Arc;

/// What happened to TCP connections. One writer; anybody may read.
#[derive(Debug, Default)]
pub struct StreamCounters {
    /// Connections that were taken.
    pub accepted: Count,
    /// Connections that were closed at once: too many in all, or from their source.
    pub refused: Count,
    /// Connections that ended because of the idle timeout.
    pub timed_out: Count,
}

/// Admits connections within the limits. It lives on the one thread that accepts.
#[derive(Clone)]
pub(super) struct Gate {
    limits: TcpLimits,
    open: Rc<RefCell<Open>>,
    counters: Arc<StreamCounters>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_source: HashMap<IpAddr, usize>,
}

/// The place of one connection; given back when dropped.
pub(super) struct Admission {
    open: Rc<RefCell<Open>>,
    source: IpAddr,
}

impl Gate {
    /// A gate that nobody has passed yet.
    pub(super) fn new(limits: TcpLimits, counters: Arc<StreamCounters>) -> Self {
        Self { limits, open: Rc::default(), counters }
    }

    /// A place for a connection from `address`, if there is one.
    pub(super) fn admit(&self, address: IpAddr) -> Option<Admission> {
        let source = source_of(address);
        let mut open = self.open.borrow_mut();
        let of_source = open.by_source.get(&source).copied().unwrap_or(0);
        if open.all >= self.limits.connections || of_source >= self.limits.connections_per_source {
            self.counters.refused.add();
            return None;
        }
        open.all += 1;
        open.by_source.insert(source, of_source + 1);
        self.counters.accepted.add();
        Some(Admission { open: Rc::clone(&self.open), source })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.open.borrow_mut();
        open.all = open.all.saturating_sub(1);
        if let Some(count) = open.by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                open.by_source.remove(&self.source);
            }
        }
    }
}

/// The network that counts as one source: a /24 of IPv4, a /56 of IPv6.
fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 72)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_all_and_by_source_and_given_back() {
        let limits =
            TcpLimits { connections: 3, connections_per_source: 2, ..TcpLimits::default() };
        let gate = Gate::new(limits, Arc::default());
        let at = |text: &str| gate.admit(text.parse().unwrap());
        let first = at("192.0.2.1");
        let second = at("192.0.2.200");
        assert!(first.is_some() && second.is_some());
        assert!(at("192.0.2.3").is_none(), "a third of one /24");
        let third = at("2001:db8::1");
        assert!(third.is_some());
        assert!(at("198.51.100.1").is_none(), "a fourth in all");
        drop(first);
        assert!(at("192.0.2.3").is_some());
        assert_eq!((gate.counters.accepted.get(), gate.counters.refused.get()), (4, 2));
        assert_eq!(
            source_of("2001:db8:0:12ff::1".parse().unwrap()),
            "2001:db8:0:1200::".parse::<IpAddr>().unwrap()
        );
    }
}
