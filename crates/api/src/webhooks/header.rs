//! The headers that are sent along with every delivery.

use crate::problem::FieldError;
use std::collections::BTreeMap;

const MOST: usize = 20;
const LONGEST_NAME: usize = 100;
/// What describes the body that we write, or belongs to the way it takes (RFC 9110).
const FAMILIES: [&str; 2] = ["content-", "proxy-"];

/// Adds the headers of `given` to `headers`; one that is null is taken away. What was given, by names in lower case, which is how they
/// are kept.
pub(super) fn merge(
    headers: &mut Vec<(String, String)>,
    given: &BTreeMap<String, Option<String>>,
    errors: &mut Vec<FieldError>,
) -> Vec<(String, Option<String>)> {
    let mut changes = Vec::new();
    for (name, value) in given {
        let at = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let lower = name.to_ascii_lowercase();
        let twice = given.keys().any(|other| other != name && other.to_ascii_lowercase() == lower);
        if let Some(says) = refused(&lower, value.as_deref().unwrap_or_default()).or(twice.then(|| "is given twice".to_owned()))
        {
            errors.push(FieldError::at(at, says));
            continue;
        }
        headers.retain(|(known, _)| *known != lower);
        if let Some(value) = value {
            headers.push((lower.clone(), value.clone()));
        }
        changes.push((lower, value.clone()));
    }
    if headers.len() > MOST {
        errors.push(FieldError::at("/headers", format!("must be at most {MOST}")));
    }
    changes
}

fn refused(name: &str, value: &str) -> Option<String> {
    if name.len() > LONGEST_NAME {
        return Some(format!("a header's name has at most {LONGEST_NAME} characters"));
    }
    if FAMILIES.iter().any(|family| name.starts_with(family)) {
        return Some(webhooks::HeaderError::Reserved.to_string());
    }
    webhooks::check_header(name, value).err().map(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(before: &[(&str, &str)], given: &[(&str, Option<&str>)]) -> Result<Vec<(String, String)>, Vec<String>> {
        let mut headers = before.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let given = given.iter().map(|(n, v)| ((*n).to_owned(), v.map(str::to_owned))).collect();
        let mut errors = Vec::new();
        merge(&mut headers, &given, &mut errors);
        if errors.is_empty() { Ok(headers) } else { Err(errors.into_iter().filter_map(|e| e.pointer).collect()) }
    }

    #[test]
    fn headers_are_added_replaced_and_taken_away() {
        let before = [("authorization", "Bearer old"), ("x-shop", "7")];
        let after = merged(&before, &[("Authorization", Some("Bearer new")), ("x-shop", None), ("x-till", Some(""))]);
        let expected = [("authorization", "Bearer new"), ("x-till", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(after, Ok(expected.to_vec()));
    }

    #[test]
    fn what_is_ours_or_the_connections_is_refused() {
        for name in [
            "Host",
            "Content-Type",
            "content-length",
            "Content-Language",
            "Webhook-Id",
            "webhook-signature",
            "Connection",
            "TE",
            "User-Agent",
            "Proxy-Authorization",
        ] {
            assert_eq!(merged(&[], &[(name, Some("x"))]), Err(vec![format!("/headers/{name}")]), "{name}");
        }
        for name in ["", "a b", "ä", "a:b", "a\r\nb"] {
            assert!(merged(&[], &[(name, Some("x"))]).is_err(), "{name:?}");
        }
        for value in ["a\r\nb: c", "ä", "\u{0}", &"x".repeat(5000)] {
            assert_eq!(merged(&[], &[("x-a", Some(value))]), Err(vec!["/headers/x-a".to_owned()]), "{value:?}");
        }
        assert_eq!(merged(&[], &[("X-A", Some("1")), ("x-a", Some("2"))]).map_err(|e| e.len()), Err(2));
        let many: Vec<(String, String)> = (0..21).map(|n| (format!("x-{n}"), "1".to_owned())).collect();
        let many: Vec<(&str, Option<&str>)> = many.iter().map(|(n, v)| (n.as_str(), Some(v.as_str()))).collect();
        assert_eq!(merged(&[], &many), Err(vec!["/headers".to_owned()]));
    }
}
