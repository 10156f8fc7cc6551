//! Reads pools, endpoints and monitors.

use super::fields::Fields;
use super::read::Sources;
use crate::model::endpoint::{Endpoint, Target};
use crate::model::limits;
use crate::model::monitor::{Check, HttpCheck, HttpMethod, Monitor, StatusRange, TcpCheck};
use crate::model::pool::Pool;
use std::str::FromStr;

pub(super) fn pool(fields: &Fields<'_, '_>) -> Option<Pool> {
    let id = fields.required("id");
    let monitor = fields.parsed("monitor");
    let most = limits::ENDPOINTS_PER_REGION_MAX as i64;
    let min_healthy = fields.number("min_healthy", 1, most, 1) as u16;
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for endpoint in fields.tables("endpoints", "id") {
        endpoints.extend(self::endpoint(&endpoint));
        endpoint.done();
    }
    endpoints.sort_by(|a, b| a.id.cmp(&b.id));
    Some(Pool { id: id?, monitor, min_healthy, endpoints })
}

fn endpoint(fields: &Fields<'_, '_>) -> Option<Endpoint> {
    let id = fields.required("id");
    let region = fields.required("region");
    let target = match (fields.has("address"), fields.has("alias")) {
        (true, false) => fields.parsed("address").map(Target::Address),
        (false, true) => fields.parsed("alias").map(Target::Alias),
        _ => {
            fields.fault("", "an endpoint has either an `address` or an `alias`");
            None
        }
    };
    let weight = fields.number("weight", 0, i64::from(limits::WEIGHT_MAX), 100) as u16;
    let probe = fields.parsed("probe");
    Some(Endpoint { id: id?, region: region?, target: target?, weight, probe })
}

pub(super) fn monitor(fields: &Fields<'_, '_>, sources: Sources<'_>) -> Option<Monitor> {
    let id = fields.required("id");
    let check = check(fields, sources);
    let (min, max) = (limits::INTERVAL_MS_MIN, limits::INTERVAL_MS_MAX);
    let interval_ms = fields.duration_ms("interval", min, max, 10_000);
    let timeout_ms =
        fields.duration_ms("timeout", limits::TIMEOUT_MS_MIN, limits::TIMEOUT_MS_MAX, 3_000);
    let recheck_ms = fields.duration_ms("recheck", min, max, 1_000.min(interval_ms));
    let most = i64::from(limits::RISE_FALL_MAX);
    let rise = fields.number("rise", 1, most, 2) as u8;
    let fall = fields.number("fall", 1, most, 3) as u8;
    if recheck_ms > interval_ms {
        fields.fault("recheck", "recheck cannot be longer than interval");
    }
    Some(Monitor { id: id?, check: check?, interval_ms, timeout_ms, recheck_ms, rise, fall })
}

fn check(fields: &Fields<'_, '_>, sources: Sources<'_>) -> Option<Check> {
    let kind = fields.text("kind");
    match kind {
        Some(kind @ ("http" | "https")) => http(fields, kind == "https", sources),
        Some("tcp") => {
            if !fields.has("port") {
                fields.fault("port", "a tcp monitor needs a port");
            }
            Some(Check::Tcp(TcpCheck { port: fields.number("port", 1, 65_535, 1) as u16 }))
        }
        _ => {
            fields.fault("kind", "expected \"http\", \"https\" or \"tcp\"");
            // The other fields are known all the same.
            fields.also(&["port", "path", "host", "method", "status", "ca", "ca_file"]);
            None
        }
    }
}

fn http(fields: &Fields<'_, '_>, tls: bool, sources: Sources<'_>) -> Option<Check> {
    let port = fields.number("port", 1, 65_535, if tls { 443 } else { 80 }) as u16;
    let path = fields.text("path").unwrap_or("/").to_owned();
    if !path.starts_with('/') || path.contains(|c: char| c.is_control() || c == ' ') {
        fields.fault("path", "expected a path from the slash on, as \"/health\"");
    }
    let host = fields.text("host").map(str::to_owned);
    if host.as_ref().is_some_and(|h| {
        h.is_empty() || !h.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
    }) {
        fields.fault("host", "expected a host name");
    }
    let method = match fields.text("method") {
        None | Some("GET") => HttpMethod::Get,
        Some("HEAD") => HttpMethod::Head,
        Some(_) => {
            fields.fault("method", "expected \"GET\" or \"HEAD\"");
            HttpMethod::Get
        }
    };
    let mut status: Vec<StatusRange> = fields.list("status");
    if status.is_empty() {
        status.push(StatusRange { first: 200, last: 299 });
    }
    let ca = match (fields.text("ca"), fields.text("ca_file")) {
        (Some(_), Some(_)) => {
            fields.fault("ca", "either `ca` or `ca_file`, not both");
            None
        }
        (Some(pem), None) => Some(pem.to_owned()),
        (None, Some(file)) => match sources(file) {
            Ok(pem) => Some(pem),
            Err(error) => {
                fields.fault("ca_file", format!("{file}: {error}"));
                None
            }
        },
        (None, None) => None,
    };
    if ca.is_some() && !tls {
        fields.fault("ca", "only an https monitor has authorities to trust");
    }
    if ca.as_ref().is_some_and(|pem| !pem.contains("-----BEGIN CERTIFICATE-----")) {
        fields.fault("ca", "expected certificates in PEM form");
    }
    Some(Check::Http(HttpCheck { tls, port, method, path, host, status, ca }))
}

impl FromStr for StatusRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a status as \"200\" or a range as \"200-299\"";
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) =
            (first.parse().map_err(|_| expected)?, last.parse().map_err(|_| expected)?);
        if (100..=599).contains(&first) && (first..=599).contains(&last) {
            Ok(Self { first, last })
        } else {
            Err(expected)
        }
    }
}
