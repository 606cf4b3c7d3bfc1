use domain::{Key, KeyState, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

/// A key of an app; not the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyOut {
    #[schema(example = "key_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    #[schema(example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    app_id: String,
    /// For people; may be empty.
    #[schema(example = "laptop")]
    label: String,
    /// `good`, `expired` or `revoked`.
    #[schema(example = "good")]
    state: &'static str,
    /// RFC 3339, UTC.
    made_at: String,
    /// RFC 3339, UTC; null: it does not end by itself.
    #[schema(required)]
    expires_at: Option<String>,
    /// RFC 3339, UTC; null while it is not.
    #[schema(required)]
    revoked_at: Option<String>,
    /// It ends when WhatIsUp quits.
    until_quit: bool,
    /// The key whose place it takes.
    #[schema(required)]
    replaces: Option<String>,
    /// RFC 3339, UTC; null: never. Noted every half minute.
    #[schema(required)]
    last_used_at: Option<String>,
    /// An address, or a program's file.
    #[schema(required, example = "127.0.0.1")]
    last_from: Option<String>,
    /// Requests since midnight UTC.
    #[schema(example = 0)]
    requests_today: u64,
}

/// A key that was just made, with its text: keep it, it is not shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyMade {
    #[serde(flatten)]
    pub made: KeyOut,
    /// The key itself: send it as `Authorization: Bearer wiu_…`.
    #[schema(example = "wiu_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    pub key: String,
}

impl KeyMade {
    pub fn of(made: &access::NewKey, now: Timestamp) -> Self {
        KeyMade { made: KeyOut::of(&made.key, now), key: made.secret.expose().to_owned() }
    }
}

impl KeyOut {
    pub fn of(key: &Key, now: Timestamp) -> Self {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        KeyOut {
            id: key.id.to_string(),
            app_id: key.app.to_string(),
            label: key.label.clone(),
            state: match key.state(now) {
                KeyState::Good => "good",
                KeyState::Expired { .. } => "expired",
                KeyState::Revoked { .. } => "revoked",
            },
            made_at: key.made_at.to_string(),
            expires_at: text(key.expires_at),
            revoked_at: text(key.revoked_at),
            until_quit: key.until_quit,
            replaces: key.replaces.map(|id| id.to_string()),
            last_used_at: text(key.last_used_at),
            last_from: key.last_from.clone(),
            requests_today: key.requests_on(now),
        }
    }
}
