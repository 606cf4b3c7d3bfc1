//! What a client is told of its limit with each answer: the `RateLimit` fields of the IETF's draft, up to its seventh version,
//! which clients read.

use super::rates::Level;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// `Remaining` is what may come at once now; `Reset` the seconds after which that is the whole burst again.
pub(super) fn tell(headers: &mut HeaderMap, level: &Level) {
    let rate = level.rate;
    headers.insert(LIMIT, HeaderValue::from(rate.per_minute()));
    headers.insert(REMAINING, HeaderValue::from(level.left));
    headers.insert(RESET, HeaderValue::from(seconds(level.rested_in)));
    let policy = format!("{};w=60;burst={}", rate.per_minute(), rate.burst());
    headers.insert(POLICY, HeaderValue::try_from(policy).expect("digits and signs are good in a header"));
}

/// Whole seconds, never too few.
pub(super) fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}
