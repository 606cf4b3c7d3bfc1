//! Standard Webhooks: what a receiver checks that an event comes from here, and is the one it says it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
/// Bytes of a secret made here; the standard allows 24 to 64.
const FRESH: usize = 32;

/// A new signing secret in the form that receivers take: `whsec_` and base64 of 32 random bytes.
pub fn fresh_secret() -> Zeroizing<String> {
    let bytes: Zeroizing<[u8; FRESH]> = Zeroizing::new(rand::random());
    Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(bytes.as_slice())))
}

/// The value of `webhook-signature`: one signature per secret, over `id.timestamp.body`. `None` when no secret can be read.
pub fn sign<'a>(secrets: impl IntoIterator<Item = &'a str>, id: &str, at: Timestamp, body: &[u8]) -> Option<String> {
    let seconds = seconds(at);
    let signatures: Vec<String> = secrets
        .into_iter()
        .filter_map(|secret| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&key(secret)?).ok()?;
            for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
                mac.update(part);
            }
            Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
        })
        .collect();
    (!signatures.is_empty()).then(|| signatures.join(" "))
}

/// The value of `webhook-timestamp`.
pub(crate) fn seconds(at: Timestamp) -> String {
    at.as_millis().div_euclid(1000).to_string()
}

fn key(secret: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).ok().map(Zeroizing::new).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signs_as_the_standards_example_does() {
        let signed = sign(
            ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_secs(1_614_265_330),
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn two_live_secrets_give_two_signatures_and_the_stock_library_takes_either() {
        let (old, new, other) = (fresh_secret(), fresh_secret(), fresh_secret());
        #[allow(clippy::disallowed_methods)]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let at = Timestamp::from_millis(now.as_millis().try_into().unwrap());
        let signed = sign([new.as_str(), old.as_str()], "evt_1", at, b"{}").unwrap();
        assert_eq!(signed.split(' ').count(), 2);
        let mut headers = hyper::HeaderMap::new();
        headers.insert("webhook-id", "evt_1".parse().unwrap());
        headers.insert("webhook-timestamp", seconds(at).parse().unwrap());
        headers.insert("webhook-signature", signed.parse().unwrap());
        for secret in [&old, &new] {
            standardwebhooks::Webhook::new(secret).unwrap().verify(b"{}", &headers).unwrap();
        }
        assert!(standardwebhooks::Webhook::new(&other).unwrap().verify(b"{}", &headers).is_err());
        assert!(standardwebhooks::Webhook::new(&new).unwrap().verify(b"{ }", &headers).is_err());
    }

    #[test]
    fn a_secret_that_cannot_be_read_signs_nothing() {
        assert_eq!(sign(["whsec_*", "whsec_"], "evt_1", Timestamp::EPOCH, b"{}"), None);
    }
}
