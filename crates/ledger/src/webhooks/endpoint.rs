use domain::{AppId, EndpointId, EventFilter, PauseReason, Timestamp};
use secrecy::SecretString;
use std::fmt;

/// A webhook receiver.
#[derive(Clone)]
pub struct Endpoint {
    pub id: EndpointId,
    pub url: String,
    pub description: String,
    /// Which events are owed to it.
    pub filter: EventFilter,
    /// Sent with every delivery.
    pub headers: Vec<(String, String)>,
    /// What signs deliveries, newest first; at most two.
    pub secrets: Vec<SigningSecret>,
    /// Deliveries under way at once (1 to 16). With 1 their order holds.
    pub concurrency: u32,
    pub status: EndpointStatus,
    /// When the first of the tries failed that have failed since one last succeeded.
    pub failing_since: Option<Timestamp>,
    /// The app that made it: it is owed what that app may see. `None`: a person made it, or the admin key.
    pub app: Option<AppId>,
    /// Whether it may be on this machine or in its networks: a person said so.
    pub trusted_addresses: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a receiver checks signatures with.
#[derive(Clone, Debug)]
pub struct SigningSecret {
    /// In the form that the receiver was given: `whsec_` and base64.
    pub secret: SecretString,
    pub created_at: Timestamp,
    /// Deliveries are signed with it until then; `None`: until it is rotated.
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointStatus {
    Active,
    Paused {
        reason: PauseReason,
        since: Timestamp,
    },
    /// It answered 410: nothing more is owed to it until a person switches it on again.
    Disabled {
        since: Timestamp,
    },
}

/// What to change of an endpoint; `None` leaves a thing as it is.
#[derive(Clone, Default)]
pub struct EndpointPatch {
    pub url: Option<String>,
    pub description: Option<String>,
    /// Counts for events after the change.
    pub filter: Option<EventFilter>,
    /// To add or to replace; `None` takes one away. Names in lower case.
    pub headers: Vec<(String, Option<String>)>,
    pub concurrency: Option<u32>,
    /// Whether a person names the `url`: then it may be on this machine or in its networks, and gets the headers that were set for
    /// the address before. Otherwise it gets those of this patch alone.
    pub by_person: bool,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("url", &public_url(&self.url))
            .field("filter", &self.filter)
            .field("headers", &names(&self.headers))
            .field("secrets", &self.secrets.len())
            .field("status", &self.status)
            .field("failing_since", &self.failing_since)
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EndpointPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointPatch")
            .field("url", &self.url.as_deref().map(public_url))
            .field("filter", &self.filter)
            .field("headers", &names(&self.headers))
            .field("concurrency", &self.concurrency)
            .field("by_person", &self.by_person)
            .finish_non_exhaustive()
    }
}

/// Headers carry credentials; their names do not.
fn names<V>(headers: &[(String, V)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

/// The address as it may be shown to everybody: without credentials, query and fragment, which may carry secrets.
pub(crate) fn public_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("https://example.com/hook", "https://example.com/hook"),
            ("http://ada:pw@127.0.0.1:8080/a@b?token=x#y", "http://127.0.0.1:8080/a@b"),
            ("https://example.com?token=x", "https://example.com"),
            ("nonsense", ""),
        ] {
            assert_eq!(public_url(url), shown);
        }
    }

    #[test]
    fn an_endpoint_is_printed_without_its_secrets() {
        let endpoint = Endpoint {
            id: EndpointId::new(Timestamp::EPOCH, 1),
            url: "https://example.com/hook?key=s3cret".into(),
            description: String::new(),
            filter: EventFilter::default(),
            headers: vec![("authorization".into(), "Bearer s3cret".into())],
            secrets: vec![SigningSecret {
                secret: "whsec_s3cret".to_owned().into(),
                created_at: Timestamp::EPOCH,
                expires_at: None,
            }],
            concurrency: 1,
            status: EndpointStatus::Active,
            failing_since: None,
            app: None,
            trusted_addresses: true,
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        };
        let patch = EndpointPatch {
            url: Some(endpoint.url.clone()),
            headers: endpoint.headers.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect(),
            ..EndpointPatch::default()
        };
        let told = format!("{endpoint:?} {patch:?} {:?}", endpoint.secrets);
        assert!(!told.contains("s3cret") && told.contains("authorization"), "{told}");
    }
}
