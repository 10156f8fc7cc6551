//! What is asked.

use crate::world::{STEERED, ZONE};
use gslb_tests::load::template::Template;
use gslb_tests::load::verdict::Expected;
use std::net::Ipv4Addr;

/// One kind of query. Each costs the node another part of its answer path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Names with records of their own, without EDNS: the plain hit.
    Static,
    /// The same with EDNS.
    Edns,
    /// Labels that are drawn anew each time and do not exist.
    Nxdomain,
    /// Labels that are drawn anew each time, below a wildcard.
    Wildcard,
    /// Names steered by place, for a client subnet that is drawn anew each time.
    Ecs,
    /// The same names for the address of the client, without a subnet.
    Source,
    /// Names whose answer is drawn by weight.
    Weighted,
    /// Names with an order of regions.
    Failover,
    /// Plain hits with twelve EDNS options.
    Options,
}

impl Scenario {
    /// Each of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Static,
        Self::Edns,
        Self::Nxdomain,
        Self::Wildcard,
        Self::Ecs,
        Self::Source,
        Self::Weighted,
        Self::Failover,
        Self::Options,
    ];

    /// Its name, as it is typed.
    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Its queries, in a zone of so many static names.
    pub(crate) fn templates(self, names: u64) -> Vec<Template> {
        let fixed = || (0..names).map(|n| Template::new(&format!("s{n}.{ZONE}")));
        let steered = |kind: &str| {
            let name = |n| Template::new(&format!("{kind}-{n}.{ZONE}"));
            (0..STEERED).map(name).collect::<Vec<_>>().into_iter()
        };
        match self {
            Self::Static => fixed().collect(),
            Self::Edns => fixed().map(Template::edns).collect(),
            Self::Nxdomain => vec![Template::below(ZONE)],
            Self::Wildcard => vec![Template::below(&format!("wild.{ZONE}"))],
            Self::Ecs => steered("near").map(Template::subnet).collect(),
            Self::Source => steered("near").map(Template::edns).collect(),
            Self::Weighted => steered("fair").map(Template::edns).collect(),
            Self::Failover => steered("first").map(Template::edns).collect(),
            Self::Options => fixed().map(with_many_options).collect(),
        }
    }

    /// What a node answers to all of them.
    pub(crate) fn expected(self) -> Expected {
        if self == Self::Nxdomain { Expected::NoSuchName } else { Expected::Records }
    }

    /// The addresses that it is asked from: of eight places, or one of none.
    pub(crate) fn sources(self) -> Vec<Ipv4Addr> {
        match self {
            Self::Source => {
                [1, 2, 5, 11, 15, 19, 27, 32].map(|n| Ipv4Addr::new(127, n, 0, 1)).into()
            }
            _ => vec![Ipv4Addr::LOCALHOST],
        }
    }
}

/// Twelve options of the range for private use (RFC 6891 9), which a server skips one by one.
fn with_many_options(template: Template) -> Template {
    (65_001..65_013).fold(template, |with, code| with.option(code, b"12345678"))
}
