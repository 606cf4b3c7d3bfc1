//! How values are written into columns. Frozen with the schema: these forms belong to the file, not to the API and not to
//! the domain, which may both change.

mod message;
mod prompt;
mod reactions;
mod state;

pub(crate) use message::{content_from, content_to, failure, reason_from, reason_to, status, statuses};
pub(crate) use prompt::{prompt_from, prompt_to};
pub(crate) use reactions::Reactions;
pub(crate) use state::{state, state_detail};

use domain::{Desired, Identity, Lid, Phone, Proxy, ProxyCredentials, ProxyScheme};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A column holds what no version of this program wrote.
#[derive(Debug, thiserror::Error)]
#[error("{what} holds something unknown")]
pub(crate) struct Unreadable {
    what: &'static str,
}

pub(crate) fn unreadable(what: &'static str) -> Unreadable {
    Unreadable { what }
}

impl From<Unreadable> for crate::LedgerError {
    fn from(e: Unreadable) -> Self {
        crate::LedgerError::Damaged(e.to_string())
    }
}

pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("these structs have only string keys and plain values")
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable { what })
}

/// Finds the value whose word is `word`.
fn by_word<T: Copy>(all: &[T], as_str: impl Fn(&T) -> &'static str, word: &str, what: &'static str) -> Result<T, Unreadable> {
    all.iter().copied().find(|value| as_str(value) == word).ok_or(Unreadable { what })
}

pub(crate) fn desired(word: &str) -> Result<Desired, Unreadable> {
    by_word(&[Desired::Running, Desired::Stopped], |d| d.as_str(), word, "a channel's desired state")
}

#[derive(Default, Serialize, Deserialize)]
struct StoredIdentity {
    phone: Option<String>,
    lid: Option<String>,
    push_name: Option<String>,
}

impl StoredIdentity {
    fn of(identity: &Identity) -> Self {
        StoredIdentity {
            phone: identity.phone.as_ref().map(|p| p.digits().to_owned()),
            lid: identity.lid.as_ref().map(|l| l.user().to_owned()),
            push_name: identity.push_name.clone(),
        }
    }

    fn into_identity(self) -> Result<Identity, Unreadable> {
        Ok(Identity { phone: phone(self.phone)?, lid: self.lid.map(Lid::from_user), push_name: self.push_name })
    }
}

pub(crate) fn identity_to(identity: &Identity) -> String {
    to_json(&StoredIdentity::of(identity))
}

pub(crate) fn identity_from(text: &str) -> Result<Identity, Unreadable> {
    from_json::<StoredIdentity>(text, "a channel's account")?.into_identity()
}

pub(crate) fn phone(digits: Option<String>) -> Result<Option<Phone>, Unreadable> {
    digits.map(|d| d.parse().map_err(|_| Unreadable { what: "a phone number" })).transpose()
}

/// With its credentials: the file is encrypted.
#[derive(Serialize, Deserialize)]
struct StoredProxy {
    scheme: String,
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
}

pub(crate) fn proxy_to(proxy: &Proxy) -> String {
    to_json(&StoredProxy {
        scheme: proxy.scheme.as_str().to_owned(),
        host: proxy.host.clone(),
        port: proxy.port,
        user: proxy.credentials.as_ref().map(|c| c.user.clone()),
        password: proxy.credentials.as_ref().map(|c| c.password.clone()),
    })
}

pub(crate) fn proxy_from(text: &str) -> Result<Proxy, Unreadable> {
    let stored: StoredProxy = from_json(text, "a channel's proxy")?;
    Ok(Proxy {
        scheme: by_word(&[ProxyScheme::Http, ProxyScheme::Socks5], |s| s.as_str(), &stored.scheme, "a proxy's scheme")?,
        host: stored.host,
        port: stored.port,
        credentials: stored.user.map(|user| ProxyCredentials { user, password: stored.password.unwrap_or_default() }),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_proxy_keeps_its_credentials() {
        for text in ["socks5://ada:p%40ss@127.0.0.1:9050", "http://proxy.example:3128"] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy_from(&proxy_to(&proxy)).unwrap(), proxy);
        }
    }
}
