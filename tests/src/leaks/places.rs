//! What may be where: nearly nothing, nearly nowhere; the rest is written down here, each with its reason.

/// What must not be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key, a passphrase, a token, a private key.
    Secret,
    /// What people write to each other.
    Text,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Text => "text",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        [Kind::Secret, Kind::Text].into_iter().find(|kind| kind.word() == word)
    }
}

/// Answers that hand a secret out: to whoever made it, when it is made.
const GIVE_SECRETS: [(&str, &str); 13] = [
    ("POST /v1/webhooks", "the secret of a receiver, when it is made"),
    ("POST /v1/webhooks/{}/rotate-secret", "its new secret"),
    ("POST /v1/apps", "the first key of an app made by hand"),
    ("POST /v1/apps/{}/keys", "a further key"),
    ("POST /v1/apps/{}/keys/{}/rotate", "a key in another one's place"),
    ("POST /v1/apps/requests", "the token to ask for the answer with"),
    ("GET /v1/apps/requests/{}", "the key that a program was given, once"),
    ("POST /v1/tickets", "a ticket"),
    ("POST /v1/sign-in-links", "a ticket in a link"),
    ("POST /v1/session", "what the page of a browser keeps beside the cookie"),
    ("POST /v1/channels/{}/export", "a whole session, for Baileys"),
    ("POST /sandbox/", "not the application's: phones of the sandbox"),
    ("GET /sandbox/", "not the application's: phones of the sandbox"),
];

/// Answers that have messages in them, because that is what they are for.
const GIVE_TEXTS: [(&str, &str); 17] = [
    ("GET /v1/channels/{}/messages", "the messages of a channel"),
    ("POST /v1/channels/{}/messages", "the message that was accepted"),
    ("GET /v1/messages/{}", "a message"),
    ("DELETE /v1/messages/{}", "the message that was cancelled"),
    ("POST /v1/messages/{}/retry", "the message that is tried again"),
    ("POST /v1/messages/{}/approve", "the message that goes out"),
    ("POST /v1/messages/{}/deny", "the message that does not"),
    ("GET /v1/asks", "the messages that wait for a person"),
    ("GET /v1/outbox", "the messages that wait"),
    ("GET /v1/events", "events about messages"),
    ("GET /v1/deliveries/{}", "the event that is delivered"),
    ("POST /v1/deliveries/{}/", "the event that is delivered"),
    ("GET /v1/webhooks/{}/deliveries", "the events that are delivered"),
    ("POST /sandbox/", "not the application's: phones of the sandbox"),
    ("GET /sandbox/", "not the application's: phones of the sandbox"),
    ("POST /phones/", "not the application's: a sandbox that is a process of its own"),
    ("GET /phones/", "not the application's: a sandbox that is a process of its own"),
];

/// Whether an answer of this route may have something of this kind.
pub(super) fn answer_may_have(route: &str, kind: Kind) -> bool {
    let table: &[(&str, &str)] = match kind {
        Kind::Secret => &GIVE_SECRETS,
        Kind::Text => &GIVE_TEXTS,
    };
    table.iter().any(|(place, _)| *place == route || place.ends_with('/') && route.starts_with(place))
}

/// Whether an event of this name may: those about messages carry them, none carries a secret.
pub(super) fn event_may_have(event: &str, kind: Kind) -> bool {
    kind == Kind::Text && event.starts_with("message.")
}

/// `GET /v1/channels/{}`: the method and the path without the ids in it.
pub fn route(method: &str, path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "{}" } else { part }).collect();
    format!("{method} {}", parts.join("/"))
}

/// A typed id, or a number.
fn is_id(part: &str) -> bool {
    let typed = part
        .split_once('_')
        .is_some_and(|(prefix, rest)| prefix.len() <= 4 && rest.len() == 26 && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
    typed || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_has_no_ids() {
        let path = "/v1/apps/app_01j5a9k3m4n5p6q7r8s9t0v1w2/keys/key_01J5A9K3M4N5P6Q7R8S9T0V1W2/rotate?x=1";
        assert_eq!(route("POST", path), "POST /v1/apps/{}/keys/{}/rotate");
        assert_eq!(route("GET", "/v1/sign-in-links"), "GET /v1/sign-in-links");
        assert_eq!(route("GET", "/sandbox/phones/15550100101/messages"), "GET /sandbox/phones/{}/messages");
    }

    #[test]
    fn a_place_is_good_for_what_it_is_for_alone() {
        assert!(answer_may_have("POST /v1/webhooks", Kind::Secret) && !answer_may_have("POST /v1/webhooks", Kind::Text));
        assert!(answer_may_have("GET /v1/asks", Kind::Text) && !answer_may_have("GET /v1/asks", Kind::Secret));
        assert!(!answer_may_have("GET /v1/webhooks", Kind::Secret) && !answer_may_have("GET /v1/apps/{}", Kind::Secret));
        assert!(answer_may_have("POST /v1/deliveries/{}/redeliver", Kind::Text));
        assert!(event_may_have("message.received", Kind::Text) && !event_may_have("message.received", Kind::Secret));
        assert!(!event_may_have("app.requested", Kind::Text));
    }
}
