use super::keys::KeyOut;
use super::permit;
use domain::{App, AppId, Key, Overview, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use wire::PermitOut;

/// A program that may use this API.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub(crate) struct AppOut {
    #[schema(example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    id: String,
    #[schema(example = "Desk assistant")]
    name: String,
    /// What it may do.
    permits: Vec<PermitOut>,
    /// The same for a person, a sentence for each.
    #[schema(example = json!(["Propose messages; each is sent only after you have approved it, only on Front desk"]))]
    words: Vec<String>,
    /// The origins of pages that may use its keys, as browsers write them.
    #[schema(example = json!(["http://localhost:5173"]))]
    origins: Vec<String>,
    /// The programs of this machine that are let in over the Unix socket without a key.
    #[schema(example = json!(["/usr/bin/desk-assistant"]))]
    programs: Vec<String>,
    /// How many requests each of its keys may make in a minute; null: as many as any.
    #[schema(required)]
    limits: Option<u32>,
    /// RFC 3339, UTC.
    created_at: String,
    /// Since when it is shut out: RFC 3339, UTC; null while it is not.
    #[schema(required)]
    disabled_at: Option<String>,
    /// When any of its keys was last used: RFC 3339, UTC; null when none ever was.
    #[schema(required)]
    last_used_at: Option<String>,
    /// Requests since midnight UTC, of all its keys.
    #[schema(example = 0)]
    requests_today: u64,
    /// All keys that it ever had, newest first; those that are revoked or have expired are kept for a while.
    keys: Vec<KeyOut>,
}

impl AppOut {
    pub fn of(app: &App, keys: &[Key], overview: &Overview, now: Timestamp) -> Self {
        let mut own: Vec<&Key> = keys.iter().filter(|key| key.app == app.id).collect();
        own.sort_by_key(|key| std::cmp::Reverse((key.made_at, key.id)));
        AppOut {
            id: app.id.to_string(),
            name: app.name.clone(),
            permits: PermitOut::all(&app.permits),
            words: permit::words(&app.permits, overview),
            origins: app.origins.clone(),
            programs: app.programs.iter().map(|path| path.display().to_string()).collect(),
            limits: app.limits,
            created_at: app.created_at.to_string(),
            disabled_at: app.disabled_at.map(|at| at.to_string()),
            last_used_at: own.iter().filter_map(|key| key.last_used_at).max().map(|at| at.to_string()),
            requests_today: own.iter().map(|key| key.requests_on(now)).sum(),
            keys: own.into_iter().map(|key| KeyOut::of(key, now)).collect(),
        }
    }

    pub fn location(id: AppId) -> String {
        format!("/v1/apps/{id}")
    }
}
