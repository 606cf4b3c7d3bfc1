//! When a message may leave, and until when.

use crate::problem::FieldError;
use domain::Timestamp;
use std::time::Duration;

/// How far ahead a message may be scheduled.
const FARTHEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// A time as it was written.
pub(super) fn read(pointer: &str, given: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
    let text = given?;
    let time = Timestamp::parse(text);
    if time.is_none() {
        errors.push(FieldError::at(pointer, "must be a time such as 2026-01-31T12:00:00Z (RFC 3339)"));
    }
    time
}

/// Whether these times make sense for a message that comes at `now`. A `send_at` that has passed means at once.
pub(super) fn check(send_at: Option<Timestamp>, expires_at: Option<Timestamp>, now: Timestamp, errors: &mut Vec<FieldError>) {
    if send_at.is_some_and(|at| at > now.plus(FARTHEST)) {
        errors.push(FieldError::at("/send_at", "must be within a year from now"));
    }
    match (send_at, expires_at) {
        (_, Some(end)) if end <= now => errors.push(FieldError::at("/expires_at", "must lie in the future")),
        (Some(at), Some(end)) if end <= at => errors.push(FieldError::at("/expires_at", "must be later than send_at")),
        (_, Some(_) | None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[track_caller]
    fn says(send_at: Option<i64>, expires_at: Option<i64>, expected: &[&str]) {
        let mut errors = Vec::new();
        let at = |s: i64| Timestamp::from_millis(NOW.as_millis() + s * 1000);
        check(send_at.map(at), expires_at.map(at), NOW, &mut errors);
        let told: Vec<String> = errors.into_iter().map(|e| format!("{} {}", e.pointer.unwrap_or_default(), e.detail)).collect();
        assert_eq!(told, expected, "{send_at:?} {expires_at:?}");
    }

    #[test]
    fn a_message_leaves_before_it_expires() {
        says(None, None, &[]);
        says(Some(-10), Some(10), &[]);
        says(Some(10), Some(11), &[]);
        says(None, Some(0), &["/expires_at must lie in the future"]);
        says(Some(10), Some(10), &["/expires_at must be later than send_at"]);
        says(Some(10), Some(-10), &["/expires_at must lie in the future"]);
        says(Some(400 * 24 * 3600), None, &["/send_at must be within a year from now"]);
    }

    #[test]
    fn a_time_is_rfc_3339() {
        for bad in ["", "tomorrow", "2026-01-31", "2026-01-31T12:00:00", "1700000000"] {
            let mut errors = Vec::new();
            assert_eq!((read("/send_at", Some(bad), &mut errors), errors.len()), (None, 1), "{bad}");
        }
        let mut errors = Vec::new();
        assert_eq!(read("/send_at", Some("2023-11-14T23:13:20+01:00"), &mut errors), Some(NOW));
        assert_eq!(read("/send_at", None, &mut errors), None);
        assert!(errors.is_empty());
    }
}
