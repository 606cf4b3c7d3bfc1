use crate::problem::{FieldError, Problem};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Writes a position so that clients take it for what it is: a token to hand back, not a number to reckon with.
pub(crate) fn write(list: &str, position: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{position}"))
}

/// Reads what [`write`] wrote for the same list.
pub(crate) fn read(list: &str, cursor: &str) -> Result<u64, Problem> {
    let plain = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let position = plain.as_deref().and_then(|p| p.strip_prefix(list)).and_then(|p| p.strip_prefix(':'));
    position.and_then(|p| p.parse().ok()).ok_or_else(|| {
        Problem::invalid(vec![FieldError::parameter(
            "cursor",
            "is not a cursor of this list: hand back `next_cursor` as it came",
        )])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_its_own_list_only() {
        let cursor = write("timeline", 42);
        assert_eq!(read("timeline", &cursor), Ok(42));
        assert!(read("messages", &cursor).is_err() && read("timeline", "").is_err() && read("timeline", "?!").is_err());
    }
}
