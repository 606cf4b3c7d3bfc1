//! A length of time as people type it: `90s`, `30m`, `12h`, `7d`, `4w`.

use std::str::FromStr;

/// In seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub u64);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no length of time; write it as in 90s, 30m, 12h, 7d or 4w");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(wrong()),
        };
        let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
        number.checked_mul(seconds).filter(|seconds| *seconds > 0).map(Span).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_a_span_and_nothing_else_is() {
        let read = |text: &str| text.parse::<Span>().ok().map(|span| span.0);
        assert_eq!(read("90s"), Some(90));
        assert_eq!(read("12h"), Some(43_200));
        assert_eq!(read("30d"), Some(2_592_000));
        assert_eq!(read("4w"), Some(2_419_200));
        for wrong in ["", "h", "12", "0d", "-1d", "1.5h", "12 h", "1y", "99999999999999999999d", "99999999999999999d", "1µ"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!("12".parse::<Span>().unwrap_err().contains("as in 90s"));
    }
}
