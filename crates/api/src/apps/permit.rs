//! What a program may do, as it is written in JSON, and in words.

use crate::problem::FieldError;
use domain::{ChannelId, ChatId, Overview, Permit, Permits, Reach, Recipient, Scope};
use wire::PermitOut;

const MOST_PERMITS: usize = 32;
const MOST_CHANNELS: usize = 200;
const MOST_RECIPIENTS: usize = 200;

/// Each permit as a sentence for a person, in the order of the permits.
pub(crate) fn words(permits: &Permits, overview: &Overview) -> Vec<String> {
    permits.iter().map(|permit| sentence(permit, overview)).collect()
}

fn sentence(permit: &Permit, overview: &Overview) -> String {
    let mut sentence = permit.scope.words().to_owned();
    if let Some(channels) = permit.channels.named() {
        let name = |id: &ChannelId| overview.get(*id).map_or_else(|| id.to_string(), |channel| channel.name.clone());
        sentence += &format!(", only on {}", channels.iter().map(name).collect::<Vec<_>>().join(", "));
    }
    if let Some(chats) = permit.recipients.named() {
        let name = |chat: &ChatId| match chat.as_str().strip_suffix("@s.whatsapp.net") {
            Some(phone) => format!("+{phone}"),
            None => chat.to_string(),
        };
        sentence += &format!(", only with {}", chats.iter().map(name).collect::<Vec<_>>().join(", "));
    }
    sentence
}

/// What is asked for, in one of two ways: a list of scopes that share their channels and recipients, or permits, each with its own.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub scopes: Option<Vec<String>>,
    pub channels: Option<Vec<String>>,
    pub recipients: Option<Vec<String>>,
    pub permits: Option<Vec<PermitOut>>,
}

impl Asked {
    /// The permits, or what is wrong with them. Channels need not exist: who has no key is not told which do.
    pub fn read(self, errors: &mut Vec<FieldError>) -> Permits {
        match (self.scopes, self.permits) {
            (Some(_), Some(_)) => errors.push(FieldError::at("/permits", "give scopes or permits, not both")),
            (None, None) => errors.push(FieldError::at("/scopes", "name at least one scope")),
            (None, Some(permits)) => {
                for (field, given) in [("/channels", &self.channels), ("/recipients", &self.recipients)] {
                    if given.is_some() {
                        errors.push(FieldError::at(field, "belongs into each of the permits when permits are given"));
                    }
                }
                return read(&permits, "/permits", errors);
            }
            (Some(scopes), None) => return flat(&scopes, self.channels.as_deref(), self.recipients.as_deref(), errors),
        }
        Permits::default()
    }
}

/// A list of permits that stands at `base` of the body.
pub(super) fn read(given: &[PermitOut], base: &str, errors: &mut Vec<FieldError>) -> Permits {
    if !(1..=MOST_PERMITS).contains(&given.len()) {
        errors.push(FieldError::at(base, format!("must be from 1 to {MOST_PERMITS}")));
        return Permits::default();
    }
    let mut permits = Permits::default();
    for (i, one) in given.iter().enumerate() {
        let base = format!("{base}/{i}");
        for (field, named, most) in
            [("channels", &one.channels, MOST_CHANNELS), ("recipients", &one.recipients, MOST_RECIPIENTS)]
        {
            if named.as_ref().is_some_and(|named| named.len() > most) {
                errors.push(FieldError::at(format!("{base}/{field}"), format!("must be at most {most}, or null for all")));
            }
        }
        match one.permit() {
            // Refused rather than ignored: who writes it takes the permit for narrower than it would be.
            Ok(permit) if one.channels.is_some() && !permit.scope.is_by_channel() => {
                errors.push(FieldError::at(format!("{base}/channels"), format!("{} belongs to no channel", permit.scope)));
            }
            Ok(permit) if one.recipients.is_some() && !permit.scope.is_by_chat() => {
                errors.push(FieldError::at(format!("{base}/recipients"), format!("{} has no recipients", permit.scope)));
            }
            Ok(permit) => permits.widen(permit),
            Err(e) => errors.push(FieldError::at(format!("{base}{}", e.pointer), e.message)),
        }
    }
    permits
}

fn flat(scopes: &[String], on: Option<&[String]>, to: Option<&[String]>, errors: &mut Vec<FieldError>) -> Permits {
    if !(1..=MOST_PERMITS).contains(&scopes.len()) {
        errors.push(FieldError::at("/scopes", "name at least one scope"));
    }
    let channels = channels(on, "/channels", errors);
    let recipients = recipients(to, "/recipients", errors);
    let mut permits = Permits::default();
    let (mut by_channel, mut by_chat) = (false, false);
    for (i, text) in scopes.iter().take(MOST_PERMITS).enumerate() {
        let Some(scope) = scope(text, &format!("/scopes/{i}"), errors) else { continue };
        by_channel |= scope.is_by_channel();
        by_chat |= scope.is_by_chat();
        // Takes away what the scope does not have.
        if let Some(permit) = Permit::new(scope, channels.clone(), recipients.clone()) {
            permits.widen(permit);
        }
    }
    // Refused rather than ignored: who writes it takes the permits for narrower than they would be.
    if on.is_some() && !by_channel && errors.is_empty() {
        errors.push(FieldError::at("/channels", "none of the scopes belongs to channels"));
    }
    if to.is_some() && !by_chat && errors.is_empty() {
        errors.push(FieldError::at("/recipients", "none of the scopes has recipients"));
    }
    permits
}

fn scope(text: &str, at: &str, errors: &mut Vec<FieldError>) -> Option<Scope> {
    let scope = text.parse().ok();
    if scope.is_none() {
        let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        errors.push(FieldError::at(at, format!("must be one of {}", all.join(", "))));
    }
    scope
}

fn channels(given: Option<&[String]>, base: &str, errors: &mut Vec<FieldError>) -> Reach<ChannelId> {
    reach(given, MOST_CHANNELS, base, errors, |text| text.parse().map_err(|e: domain::IdError| e.to_string()))
}

fn recipients(given: Option<&[String]>, base: &str, errors: &mut Vec<FieldError>) -> Reach<ChatId> {
    let chat = |text: &str| text.parse::<Recipient>().map(Recipient::into_chat).map_err(|e| e.to_string());
    reach(given, MOST_RECIPIENTS, base, errors, chat)
}

fn reach<T: Ord + Clone>(
    given: Option<&[String]>,
    most: usize,
    base: &str,
    errors: &mut Vec<FieldError>,
    read: impl Fn(&str) -> Result<T, String>,
) -> Reach<T> {
    let Some(given) = given else { return Reach::All };
    if !(1..=most).contains(&given.len()) {
        errors.push(FieldError::at(base, format!("must be from 1 to {most}, or null for all")));
        return Reach::All;
    }
    let mut some = Vec::new();
    for (i, text) in given.iter().enumerate() {
        match read(text) {
            Ok(one) => some.push(one),
            Err(says) => errors.push(FieldError::at(format!("{base}/{i}"), says)),
        }
    }
    Reach::only(some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;
    use serde_json::{Value, json};

    #[derive(Deserialize)]
    struct Body {
        scopes: Option<Vec<String>>,
        channels: Option<Vec<String>>,
        recipients: Option<Vec<String>>,
        permits: Option<Vec<PermitOut>>,
    }

    fn told(body: Value) -> Result<Value, Vec<String>> {
        let Body { scopes, channels, recipients, permits } = serde_json::from_value(body).unwrap();
        let mut errors = Vec::new();
        let permits = Asked { scopes, channels, recipients, permits }.read(&mut errors);
        if errors.is_empty() {
            let shown = PermitOut::all(&permits).into_iter().map(|p| json!([p.scope, p.channels, p.recipients]));
            Ok(shown.collect())
        } else {
            Err(errors.into_iter().map(|e| e.pointer.unwrap()).collect())
        }
    }

    #[test]
    fn scopes_share_their_channels_and_recipients_as_far_as_they_have_them() {
        let one = ChannelId::new(domain::Timestamp::from_secs(1), 1).to_string();
        let body = json!({"scopes": ["messages:send", "channels:read", "apps:manage"], "channels": [one], "recipients": ["+15550100123"]});
        let read = told(body).unwrap();
        assert!(read.as_array().unwrap().contains(&json!(["messages:send", [one], ["15550100123@s.whatsapp.net"]])), "{read}");
        assert!(read.as_array().unwrap().contains(&json!(["channels:read", [one], null])), "{read}");
        assert!(read.as_array().unwrap().contains(&json!(["apps:manage", null, null])), "{read}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, expected) in [
            (json!({}), vec!["/scopes"]),
            (json!({"scopes": []}), vec!["/scopes"]),
            (json!({"scopes": ["channels:read", "everything"]}), vec!["/scopes/1"]),
            (json!({"scopes": ["channels:read"], "channels": []}), vec!["/channels"]),
            (json!({"scopes": ["channels:read"], "channels": ["ch_x"]}), vec!["/channels/0"]),
            (json!({"scopes": ["messages:send"], "recipients": ["nobody"]}), vec!["/recipients/0"]),
            (json!({"scopes": ["channels:read"], "recipients": ["+15550100123"]}), vec!["/recipients"]),
            (json!({"scopes": ["channels:read"], "permits": [{"scope": "channels:read"}]}), vec!["/permits"]),
            (json!({"permits": []}), vec!["/permits"]),
            (json!({"permits": [{"scope": "channels:read"}], "channels": []}), vec!["/channels"]),
            (json!({"permits": [{"scope": "channels:read", "recipients": ["+15550100123"]}]}), vec!["/permits/0/recipients"]),
            (json!({"permits": [{"scope": "apps:manage", "channels": ["ch_x"]}]}), vec!["/permits/0/channels/0"]),
        ] {
            assert_eq!(told(body.clone()).unwrap_err(), expected, "{body}");
        }
    }
}
