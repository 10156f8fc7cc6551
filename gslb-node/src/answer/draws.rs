//! The weighted draw: even over time, and equal for the A and the AAAA query of one client.
//!
//! draw = hash(agreed key, name, client, moment, n), with n = how many queries of this type the
//! worker had from this client for this name within the moment. All but n is the same on every
//! node, and n is 0 for the first query of each type: so both families lead to one region, wherever
//! they are asked.

use crate::wire::name::fold;
use std::net::IpAddr;

/// How many (client, name, type) a worker remembers; one that is overwritten starts at 0 again.
const PLACES: usize = 4096;

/// How long a moment is.
const MOMENT_S: u64 = 2;

/// Counts the queries of a moment; direct-mapped, so a look-up is one read.
#[derive(Debug)]
pub(super) struct Draws {
    places: Box<[Place]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    tag: u32,
    moment: u16,
    count: u16,
}

/// What a draw is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    /// Agreed by the cluster.
    pub(super) key: u64,
    /// The name's own key.
    pub(super) name: u64,
    /// The ECS prefix or the source address: see [`client`].
    pub(super) client: u64,
    /// The query type.
    pub(super) qtype: u16,
    /// The time, seconds.
    pub(super) now_s: u64,
}

impl Default for Draws {
    fn default() -> Self {
        Self { places: vec![Place::default(); PLACES].into_boxed_slice() }
    }
}

impl Draws {
    /// A number spread evenly over all of `u64`.
    #[inline]
    pub(super) fn next(&mut self, draw: &Draw) -> u64 {
        let moment = draw.now_s / MOMENT_S;
        let who = mix(mix(draw.key, draw.name), draw.client);
        let count = self.count(mix(who, draw.qtype.into()), moment as u16);
        mix(mix(mix(who, moment), count.into()), draw.key)
    }

    /// How many times this was called before with these arguments, as far as remembered.
    #[inline]
    fn count(&mut self, tag: u64, moment: u16) -> u16 {
        let (index, tag) = (tag as usize % PLACES, (tag >> 32) as u32);
        let Some(place) = self.places.get_mut(index) else { return 0 };
        if place.tag != tag || place.moment != moment {
            *place = Place { tag, moment, count: 0 };
        }
        let count = place.count;
        place.count = count.wrapping_add(1);
        count
    }
}

/// The number that stands for a client.
#[inline]
pub(super) fn client(address: IpAddr, length: u8) -> u64 {
    let bits = match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) | 1 << 64,
        IpAddr::V6(v6) => v6.to_bits(),
    };
    mix(mix(bits as u64, (bits >> 64) as u64), length.into())
}

#[inline]
fn mix(a: u64, b: u64) -> u64 {
    fold(a ^ 0xa076_1d64_78bd_642f, b ^ 0xe703_7ed1_a0b4_28db)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(client: u64, qtype: u16, now_s: u64) -> Draw {
        Draw { key: 0, name: 0, client, qtype, now_s }
    }

    #[test]
    fn types_agree_within_a_moment_on_every_worker() {
        let (mut here, mut there) = (Draws::default(), Draws::default());
        for n in 0..10 {
            let first = here.next(&draw(7, 1, 100));
            assert_eq!(first, here.next(&draw(7, 28, 101)), "query {n}");
            assert_eq!(first, there.next(&draw(7, 1, 101)));
        }
    }

    #[test]
    fn queries_moments_and_clients_spread_evenly() {
        let mut draws = Draws::default();
        let client_of = |n: u64| client(IpAddr::from([10, 0, (n / 256) as u8, n as u8]), 32);
        let sources: [Box<dyn Fn(u64) -> Draw>; 3] = [
            Box::new(|_| draw(7, 1, 0)),
            Box::new(|n| draw(7, 1, n * 2)),
            Box::new(|n| draw(client_of(n), 1, 0)),
        ];
        for (source, which) in sources.iter().zip(0..) {
            let mut hits = [0_u32; 10];
            for n in 0..50_000 {
                let spread = u128::from(draws.next(&source(n))) * 10;
                hits[(spread >> 64) as usize] += 1;
            }
            // The standard deviation of a tenth of 50,000 is 67.
            assert!(hits.iter().all(|hit| hit.abs_diff(5000) < 335), "{which}: {hits:?}");
        }
    }

    #[test]
    fn clients_of_other_prefixes_differ() {
        let v4 = IpAddr::from([192, 0, 2, 0]);
        let v6 = IpAddr::from([0, 0, 0, 0, 0, 0, 0xc000, 0x200]);
        let all = [client(v4, 24), client(v4, 25), client(v6, 24)];
        assert!(all[0] != all[1] && all[0] != all[2]);
    }
}
