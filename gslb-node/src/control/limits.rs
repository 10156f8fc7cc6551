//! What one caller may ask for: how often, and how deep its JSON may be.
//!
//! ```text
//!  a request --> its caller's bucket: so many drops fit, so many come back a second
//!                one is taken for a request, more for a whole configuration; none left: 429
//! ```

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What a bucket holds, and what comes back to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    /// Requests at once.
    burst: f64,
    /// Requests a second, for long.
    per_second: f64,
}

/// For a caller that is known: well above what a person or a pipeline does.
pub(super) const KNOWN: Bucket = Bucket { burst: 2_000.0, per_second: 1_000.0 };
/// For an address whose callers were not known: nobody finds a token by guessing.
pub(super) const UNKNOWN: Bucket = Bucket { burst: 30.0, per_second: 2.0 };

/// What a whole configuration counts for, in requests.
pub(super) const CONFIG_COST: f64 = 50.0;

/// Most callers that are kept apart; beyond it those whose buckets are full are forgotten.
const CALLERS_MAX: usize = 10_000;

/// Deepest JSON that a body may hold; the API's own goes to 3.
pub(super) const DEPTH_MAX: usize = 16;

/// How much every caller has asked for lately.
#[derive(Default)]
pub(super) struct Throttle {
    levels: Mutex<HashMap<String, Level>>,
}

/// What is in a bucket, and since when.
#[derive(Clone, Copy)]
struct Level {
    left: f64,
    at: Instant,
    bucket: Bucket,
}

impl Level {
    fn now(&self, now: Instant) -> f64 {
        let came = now.duration_since(self.at).as_secs_f64() * self.bucket.per_second;
        (self.left + came).min(self.bucket.burst)
    }
}

impl Throttle {
    /// Takes a request's cost out of its caller's bucket, or says how long to wait.
    pub(super) fn take(
        &self,
        caller: &str,
        bucket: Bucket,
        cost: f64,
        now: Instant,
    ) -> Result<(), Duration> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= CALLERS_MAX && !levels.contains_key(caller) {
            levels.retain(|_, level| level.now(now) < level.bucket.burst);
            if levels.len() >= CALLERS_MAX {
                return Err(Duration::from_secs(1));
            }
        }
        let full = Level { left: bucket.burst, at: now, bucket };
        let level = levels.entry(caller.to_owned()).or_insert(full);
        let left = level.now(now);
        if left < cost {
            return Err(Duration::from_secs_f64((cost - left) / bucket.per_second));
        }
        *level = Level { left: left - cost, at: now, bucket };
        Ok(())
    }
}

/// How deep the lists and objects of a JSON text lie in each other, before anything else is read of it.
pub(super) fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_so_many_a_second() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        let bucket = Bucket { burst: 3.0, per_second: 2.0 };
        let take = |ms| throttle.take("a", bucket, 1.0, start + Duration::from_millis(ms));
        for _ in 0..3 {
            assert_eq!(take(0), Ok(()));
        }
        assert_eq!(take(0), Err(Duration::from_millis(500)));
        assert_eq!(take(250), Err(Duration::from_millis(250)));
        assert_eq!((take(500), take(600).is_err()), (Ok(()), true));
        let other = throttle.take("b", bucket, 1.0, start);
        assert_eq!(other, Ok(()), "each caller has a bucket of its own");
        for _ in 0..3 {
            assert_eq!(take(60_000), Ok(()));
        }
        assert!(take(60_000).is_err(), "it holds no more than its burst");
    }

    #[test]
    fn a_flood_of_callers_does_not_fill_the_memory() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for caller in 0..CALLERS_MAX {
            assert!(throttle.take(&caller.to_string(), UNKNOWN, 1.0, start).is_ok());
        }
        assert!(throttle.take("one more", UNKNOWN, 1.0, start).is_err());
        let later = start + Duration::from_secs(60);
        assert!(throttle.take("one more", UNKNOWN, 1.0, later).is_ok());
        assert_eq!(throttle.levels.lock().unwrap().len(), 1);
    }

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        for (json, expected) in [
            ("7", 0),
            (r#"{"a":[{}]}"#, 3),
            (r#"{"a":"[[[\"[","b":{}}"#, 2),
            ("[[[[", 4),
            ("]]]][", 1),
        ] {
            assert_eq!(depth(json.as_bytes()), expected, "{json}");
        }
        let (most, over) = ("[".repeat(DEPTH_MAX), "[".repeat(DEPTH_MAX + 1));
        assert!(depth(most.as_bytes()) <= DEPTH_MAX && depth(over.as_bytes()) > DEPTH_MAX);
    }
}
