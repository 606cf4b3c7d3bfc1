//! The types of events, as people name them when they ask for some.

use domain::EventKind;

/// Whether `wanted` is a type, a family such as `message.*`, or `*`; if not, what is wrong, with the nearest that exists.
pub(crate) fn check(wanted: &str) -> Result<(), String> {
    let mut known: Vec<String> = families().map(|family| format!("{family}.*")).collect();
    known.push("*".to_owned());
    known.extend(EventKind::ALL.iter().map(|kind| kind.as_str().to_owned()));
    if known.iter().any(|k| k == wanted) {
        return Ok(());
    }
    let shown: String = wanted.chars().take(60).collect();
    let nearest = known.iter().min_by_key(|k| strsim::damerau_levenshtein(k, &shown)).map(String::as_str);
    Err(format!("there is no event type {shown:?}; did you mean {:?}?", nearest.unwrap_or("*")))
}

/// Whether `wanted` is one type; if not, what is wrong.
pub(crate) fn exact(wanted: &str) -> Result<(), String> {
    check(wanted)?;
    if wanted.ends_with('*') { Err("must be one type, such as message.received".to_owned()) } else { Ok(()) }
}

/// `channel`, `message` and so on, each once.
fn families() -> impl Iterator<Item = &'static str> {
    let mut seen: Vec<&str> = Vec::new();
    EventKind::ALL.iter().filter_map(move |kind| {
        let (family, _) = kind.as_str().split_once('.')?;
        let new = !seen.contains(&family);
        seen.push(family);
        new.then_some(family)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn types_families_and_all_are_known() {
        for wanted in ["*", "message.*", "channel.*", "webhook.*", "receipt.*", "message.received", "channel.flapping"] {
            assert_eq!(check(wanted), Ok(()), "{wanted}");
        }
    }

    #[test]
    fn an_unknown_type_is_told_with_the_nearest_that_exists() {
        let says = |wanted: &str| check(wanted).unwrap_err();
        assert!(says("message.recieved").contains("did you mean \"message.received\""), "{}", says("message.recieved"));
        assert!(says("chanel.*").contains("did you mean \"channel.*\""));
        assert!(says("").contains("did you mean \"*\""));
        for bad in ["message", "message.", "messages.*", "**", "message.re*", "Message.received", "message.received "] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(says(&"x".repeat(100_000)).len() < 200);
    }
}
