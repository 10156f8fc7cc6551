//! Reads policies.

use super::fields::Fields;
use crate::model::id::RegionId;
use crate::model::limits;
use crate::model::policy::{Filter, GeoRule, Policy};
use geo::{Continent, Country, Selector, Subdivision};

pub(super) fn policy(fields: &Fields<'_, '_>) -> Option<Policy> {
    let id = fields.required("id");
    let max_answers = fields.number(
        "max_answers",
        1,
        i64::from(limits::ANSWERS_MAX),
        i64::from(limits::ANSWERS_MAX),
    ) as u8;
    let mut filters = Vec::new();
    let declared = fields.tables("filters", "kind");
    if declared.len() > limits::FILTERS_MAX {
        fields.fault("filters", format!("a policy has at most {} filters", limits::FILTERS_MAX));
    }
    for one in declared {
        filters.extend(filter(&one));
        one.done();
    }
    Some(Policy { id: id?, filters, max_answers })
}

fn filter(fields: &Fields<'_, '_>) -> Option<Filter> {
    match fields.text("kind") {
        Some("geo") => {
            let declared = fields.tables("rules", "");
            if declared.is_empty() || declared.len() > limits::GEO_RULES_MAX {
                fields.fault(
                    "rules",
                    format!("a geo filter has 1 to {} rules", limits::GEO_RULES_MAX),
                );
            }
            let mut rules = Vec::new();
            for one in declared {
                rules.extend(rule(&one));
                one.done();
            }
            rules.sort_by(|a, b| a.places.cmp(&b.places));
            Some(Filter::Geo { rules })
        }
        Some("proximity") => Some(Filter::Proximity),
        Some("weighted") => Some(Filter::Weighted),
        Some("failover") => {
            let order: Vec<RegionId> = fields.list("order");
            if order.is_empty() {
                fields.fault("order", "a failover filter names its regions, first choice first");
            }
            Some(Filter::Failover { order })
        }
        _ => {
            fields.fault("kind", "expected \"geo\", \"proximity\", \"failover\" or \"weighted\"");
            fields.also(&["rules", "order"]);
            None
        }
    }
}

fn rule(fields: &Fields<'_, '_>) -> Option<GeoRule> {
    let continent: Option<Continent> = fields.parsed("continent");
    let country: Option<Country> = fields.parsed("country");
    let subdivision: Option<Subdivision> = fields.parsed("subdivision");
    let city = fields.text("city").map(str::to_owned);
    let anywhere = fields.flag("anywhere", false);
    let mut regions: Vec<RegionId> = fields.list("regions");
    regions.sort();
    regions.dedup();
    if fields.is_broken() {
        return None;
    }
    if regions.is_empty() {
        fields.fault("regions", "a rule names the regions that serve its places");
    }
    let places = match (continent, country, subdivision, city, anywhere) {
        (None, None, None, None, true) => Selector::Anywhere,
        (Some(continent), None, None, None, false) => Selector::Continent(continent),
        (None, Some(country), None, None, false) => Selector::Country(country),
        (None, Some(country), Some(subdivision), None, false) => {
            Selector::Subdivision(country, subdivision)
        }
        (None, Some(country), None, Some(city), false) => Selector::City(country, city),
        _ => {
            fields.fault(
                "",
                "a rule names its places by one of: continent; country; country and subdivision; country and city; anywhere = true",
            );
            return None;
        }
    };
    Some(GeoRule { places, regions })
}
