//! Why a client gets the answer that it gets.

use crate::compile::explain::{Explanation, explain as decide};
use crate::control::api::Api;
use crate::control::error::ApiError;
use crate::control::input::Params;
use crate::control::reasons;
use crate::control::shape::{AnswerKind, ExplainParams, ExplainReply};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gslb_consensus::model::zone::write::presentation;
use gslb_consensus::model::{DnsName, Zone};
use gslb_consensus::state::State as Agreed;
use std::net::IpAddr;

/// `GET /v1/explain`.
pub(in crate::control) async fn explain(
    State(api): State<Api>,
    Params(params): Params<ExplainParams>,
) -> Result<Json<ExplainReply>, ApiError> {
    let name: DnsName = params
        .name
        .parse()
        .map_err(|error| ApiError::bad_request(format!("`name`: {}: {error}", params.name)))?;
    let client = client_address(&params.client)?;
    let rtype = match params.rtype {
        Some(rtype) => rtype.to_ascii_uppercase(),
        None => if client.is_ipv4() { "A" } else { "AAAA" }.to_owned(),
    };
    // The class table of a large place table takes a while: off the threads that answer requests.
    let told = tokio::task::spawn_blocking(move || tell(&api, name, client, rtype)).await;
    told.map(Json).map_err(|_| {
        let what = "the answer could not be explained: see the node's log";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what)
    })
}

/// An address, or the first one of a prefix.
fn client_address(text: &str) -> Result<IpAddr, ApiError> {
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    address.parse().map_err(|_| {
        let what = format!("`client` is {text:?}; expected an address or prefix, as 203.0.113.7");
        ApiError::bad_request(what)
    })
}

fn tell(api: &Api, name: DnsName, client: IpAddr, rtype: String) -> ExplainReply {
    let (state, table) = (api.parts.cluster.state(), api.parts.insight.places());
    let zone = state.config.zone_of(&name).cloned();
    let decision = decide(&state, &table, &name, client);
    let (kind, records) = match (&decision, &zone) {
        (Some(_), _) => (AnswerKind::Steered, Vec::new()),
        (None, Some(zone)) => (AnswerKind::Static, records(zone, &name)),
        (None, None) => (AnswerKind::Outside, Vec::new()),
    };
    ExplainReply {
        summary: match (&decision, &zone) {
            (Some(decision), _) => summary(&state, decision, &rtype),
            (None, Some(zone)) => static_summary(zone, &name, &records),
            (None, None) => format!("{name} lies in no zone of the nodes: they answer REFUSED"),
        },
        name: name.to_string(),
        rtype,
        client: client.to_string(),
        node: api.parts.identity.name.clone(),
        revision: state.revision(),
        zone: zone.map(|z| z.name.to_string()),
        kind,
        places: api.place_edition(),
        reasons: decision.as_ref().map(|d| reasons::tell(&state, d)).unwrap_or_default(),
        decision,
        records,
    }
}

fn records(zone: &Zone, name: &DnsName) -> Vec<String> {
    let own = zone.records_of(name);
    own.map(|record| {
        let (rtype, data) = presentation(record);
        format!("{name} {} {rtype} {data}", record.ttl)
    })
    .collect()
}

fn static_summary(zone: &Zone, name: &DnsName, records: &[String]) -> String {
    if records.is_empty() {
        format!(
            "{name} is no steered name and zone {} has no record of that very name: \
             a wildcard, a referral, NODATA or NXDOMAIN answers, the same for every client",
            zone.name
        )
    } else {
        format!("{name} is a static name of zone {}: every client gets the same records", zone.name)
    }
}

/// The decision in one sentence.
fn summary(state: &Agreed, decision: &Explanation, rtype: &str) -> String {
    let pool = state.config.pools.iter().find(|(id, _)| id.as_str() == decision.pool);
    let families = pool.map(|(_, pool)| pool.families(None));
    let has_type = families.is_none_or(|f| match rtype {
        "A" => f.v4 || f.alias,
        "AAAA" => f.v6 || f.alias,
        "CNAME" => f.alias,
        _ => false,
    });
    if !has_type {
        let what = "has no endpoint of that kind";
        return format!("NODATA: pool {} {what}, so there is no {rtype}", decision.pool);
    }
    let mut shares: Vec<_> = decision.regions.iter().filter(|r| r.share > 0.0).collect();
    shares.sort_by(|a, b| b.share.total_cmp(&a.share));
    let share = |r: &&crate::compile::explain::ExplainedRegion| match r.share {
        whole if whole >= 1.0 => r.id.clone(),
        part => format!("{} ({:.1} %)", r.id, part * 100.0),
    };
    let regions = shares.iter().map(share).collect::<Vec<_>>().join(", ");
    match decision.basis.as_str() {
        "up" => format!("this client is led to {regions}"),
        "all-sick" => format!(
            "nothing is up: this client gets the endpoints of {regions} that no operator took out"
        ),
        _ => format!("operators took everything out: this client gets all endpoints of {regions}"),
    }
}
