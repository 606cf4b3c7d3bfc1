use domain::Timestamp;
use std::time::{Duration, UNIX_EPOCH};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What a receiver asks for with `Retry-After` (seconds, or an HTTP date), never less than a second nor more than a day.
/// `None` when it cannot be read.
pub(crate) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let asked = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let at = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Timestamp::from_millis(i64::try_from(at.as_millis()).ok()?).since(now)
    };
    Some(asked.clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const NOW: Timestamp = Timestamp::from_secs(784_111_777);

    fn seconds(value: &str) -> Option<u64> {
        parse(value, NOW).map(|d| d.as_secs())
    }

    #[test]
    fn reads_seconds_and_dates() {
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds(" 7 "), Some(7));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
    }

    #[test]
    fn keeps_within_a_second_and_a_day() {
        assert_eq!(seconds("0"), Some(1));
        assert_eq!(seconds("999999999999999999999999"), Some(86_400));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(1));
        assert_eq!(seconds("Tue, 06 Nov 2035 08:49:37 GMT"), Some(86_400));
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for value in ["", "-5", "soon", "1.5", "+3"] {
            assert_eq!(seconds(value), None, "{value:?}");
        }
    }
}
