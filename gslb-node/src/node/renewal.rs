//! A certificate that the nodes signed is renewed in time, with a new key.

use gslb_consensus::identity::{Identity, NodeKey, Validity};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::clock;
use crate::control::Api;

/// How often a node looks whether its certificate is due.
const LOOK: Duration = Duration::from_secs(5);
/// How long it rests after nobody could sign.
const REST: Duration = Duration::from_secs(60);

/// Asks for a new certificate each time that two thirds of the life of the present one are over.
pub(super) async fn run(api: Api, identity: Arc<Identity>) {
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now_s = i64::try_from(clock::unix_ms() / 1_000).unwrap_or(i64::MAX);
        if !identity.is_signed_by_nodes() || !is_due(identity.validity(), now_s) {
            continue;
        }
        match renew(&api, &identity).await {
            // The files are found new, checked and taken as those of an operator are.
            Ok(()) => tracing::info!("the certificate was renewed"),
            Err(why) => {
                tracing::warn!(%why, "the certificate could not be renewed; once more soon")
            }
        }
        sleep(REST).await;
    }
}

/// Whether two thirds of the life are over.
fn is_due(validity: Validity, now_s: i64) -> bool {
    let life = validity.ends_s.saturating_sub(validity.begins_s);
    now_s.saturating_sub(validity.begins_s) >= life / 3 * 2
}

/// Has the cluster sign a new key, and puts both in the place of the present ones.
async fn renew(api: &Api, identity: &Identity) -> Result<(), String> {
    let text = |error: gslb_consensus::identity::IdentityError| error.to_string();
    let key = NodeKey::create().map_err(text)?;
    let certificate = api.new_certificate(&key.request().map_err(text)?).await?;
    key.replace(identity.dir(), &certificate).map_err(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_due_when_two_thirds_of_its_life_are_over() {
        let validity = Validity { begins_s: 100, ends_s: 400, authority_ends_s: 9_000 };
        for (now_s, due) in [(0, false), (299, false), (300, true), (400, true), (9_000, true)] {
            assert_eq!(is_due(validity, now_s), due, "{now_s}");
        }
        // As the cluster grants them: 30 days before the end there is time, and status is silent.
        let day = 86_400;
        let granted = Validity { begins_s: -day, ends_s: 90 * day, authority_ends_s: 0 };
        assert!(!is_due(granted, 59 * day) && is_due(granted, 60 * day));
    }
}
