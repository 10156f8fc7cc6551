//! `gslbctl explain`.

use crate::control::shape::{ExplainParams, ExplainReply, Explanation, StepReasons};
use crate::ctl::args::Explain;
use crate::ctl::client::Client;
use crate::ctl::error::CtlError;
use crate::ctl::output::{Output, Tone};
use crate::ctl::table::{Cell, Table};
use geo::Place;
use std::net::IpAddr;

/// Prints why a client gets the answer that it gets.
pub(in crate::ctl) async fn explain(
    client: &Client,
    args: Explain,
    output: Output,
) -> Result<(), CtlError> {
    let params = ExplainParams { name: args.name, client: args.client, rtype: args.rtype };
    let reply: ExplainReply = client.get("/v1/explain", &params).await?;
    output.show(&reply, |o| {
        let (name, rtype) = (&reply.name, &reply.rtype);
        o.line(&o.tone(Tone::Strong, &format!("{name} {rtype} for {}", reply.client)));
        o.line(&reply.summary);
        reply.records.iter().for_each(|record| o.line(&format!("  {record}")));
        if let Some(decision) = &reply.decision {
            facts(&reply, decision).iter().for_each(|line| o.line(line));
            for (position, step) in steps(&reply.reasons, decision) {
                o.line("");
                o.line(&o.tone(Tone::Strong, &heading(position, step, decision)));
                o.table(&step_table(position, step, decision));
            }
            o.line("");
            o.table(&shares(decision, &reply.rtype));
        }
    })
}

/// The steps with their positions; the last one only if the weights still set regions apart.
fn steps<'r>(
    reasons: &'r [StepReasons],
    decision: &Explanation,
) -> impl Iterator<Item = (usize, &'r StepReasons)> {
    let same = match decision.steps.as_slice() {
        [.., before, last] => before.filter == "weighted" && before.tiers == last.tiers,
        _ => false,
    };
    reasons.iter().take(reasons.len() - usize::from(same)).enumerate()
}

/// What the decision rests on.
fn facts(reply: &ExplainReply, decision: &Explanation) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("place   {}", place(&decision.place)),
        format!(
            "        by {}, prefix {}, class {}",
            reply.places.label, decision.place_prefix, decision.class
        ),
    ];
    let policy = decision.policy.as_deref().unwrap_or("none: by region weight");
    lines.push(format!("policy  {policy}, pool {}", decision.pool));
    if decision.steered != decision.name {
        lines.push(format!("name    answered by {}", decision.steered));
    }
    lines.push(format!(
        "answer  TTL {} s, scope /{}, revision {}, told by {}",
        decision.ttl, decision.scope, reply.revision, reply.node
    ));
    lines
}

fn place(place: &Place) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(place.continent.map(|c| c.to_string()));
    parts.extend(place.country.map(|c| c.to_string()));
    parts.extend(place.subdivision.map(|s| s.to_string()));
    parts.extend(place.city.as_ref().map(ToString::to_string));
    if let Some(point) = place.location {
        parts.push(format!(
            "({:.2}, {:.2} within {} km)",
            point.lat(),
            point.lon(),
            place.radius_km
        ));
    }
    parts.extend(place.asn.map(|asn| format!("AS{asn}")));
    if parts.is_empty() { "unknown".to_owned() } else { parts.join(" ") }
}

/// A step, and the order that it left.
fn heading(position: usize, step: &StepReasons, decision: &Explanation) -> String {
    let tiers = decision.steps.get(position).map(|s| s.tiers.as_slice()).unwrap_or_default();
    let order = tiers.iter().map(|tier| tier.join(" = ")).collect::<Vec<_>>().join(" > ");
    format!("{} {}: {order}", position + 1, step.filter)
}

/// Why each region stands where it does, best first.
fn step_table(position: usize, step: &StepReasons, decision: &Explanation) -> Table {
    let tiers = decision.steps.get(position).map(|s| s.tiers.as_slice()).unwrap_or_default();
    let mut regions: Vec<_> = step.regions.iter().collect();
    regions.sort_by_key(|region| tiers.iter().position(|tier| tier.contains(&region.region)));
    let mut table = Table::new(&["", "REGION", "WHY"]);
    for region in regions {
        let mark = if region.kept {
            Cell::new(Tone::Good, "first")
        } else {
            Cell::new(Tone::Faint, "later")
        };
        table.row([mark, region.region.as_str().into(), region.why.as_str().into()]);
    }
    table
}

/// The regions with their shares, and the endpoints below each.
fn shares(decision: &Explanation, rtype: &str) -> Table {
    let mut table =
        Table::new(&["REGION", "SHARE", "WEIGHT", "STATE", "ENDPOINT", "TARGET", "GIVEN"]);
    for region in &decision.regions {
        let share = format!("{:.1} %", region.share * 100.0);
        let state =
            if region.up { Cell::new(Tone::Good, "up") } else { Cell::new(Tone::Bad, "down") };
        let first = [region.id.as_str().into(), share.into(), region.weight.into(), state];
        table.row(first);
        for endpoint in &region.endpoints {
            let given = match (endpoint.given, endpoint.target.parse::<IpAddr>()) {
                (false, _) => "no".into(),
                (true, Ok(IpAddr::V4(_))) if rtype == "AAAA" => "for A".into(),
                (true, Ok(IpAddr::V6(_))) if rtype == "A" => "for AAAA".into(),
                (true, _) => Cell::new(Tone::Good, "yes"),
            };
            table.row([
                "".into(),
                "".into(),
                endpoint.weight.into(),
                endpoint.state.as_str().into(),
                endpoint.id.as_str().into(),
                endpoint.target.as_str().into(),
                given,
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_place_says_so() {
        assert_eq!(place(&Place::default()), "unknown");
        let known = Place {
            continent: "EU".parse().ok(),
            country: "DE".parse().ok(),
            location: geo::Point::from_degrees(50.11, 8.68),
            radius_km: 20,
            asn: Some(64_500),
            ..Place::default()
        };
        assert_eq!(place(&known), "EU DE (50.11, 8.68 within 20 km) AS64500");
    }
}
