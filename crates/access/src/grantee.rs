use domain::{Actor, App, AppId, ChannelId, ChatId, KeyId, Permits, Scope};
use tokio_util::sync::CancellationToken;

/// An app that was let in, by one of its keys or as a program, and what it may do as of now.
#[derive(Clone, Debug)]
pub struct Grantee {
    pub app: AppId,
    /// `None`: let in by program.
    pub key: Option<KeyId>,
    pub name: String,
    pub permits: Permits,
    /// The web origins from which its key may be used.
    pub origins: Vec<String>,
    /// Requests per minute; `None`: as many as others.
    pub limit: Option<u32>,
    /// Cancelled when the key is revoked or expires, when its app is disabled or deleted, and when the app may do less than
    /// before: whoever goes on working for it stops then, and has it come in anew.
    pub gone: CancellationToken,
}

impl Grantee {
    pub(crate) fn of(app: &App, key: Option<KeyId>) -> Self {
        Grantee {
            app: app.id,
            key,
            name: app.name.clone(),
            permits: app.permits.clone(),
            origins: app.origins.clone(),
            limit: app.limits,
            gone: CancellationToken::new(),
        }
    }

    /// Whether nothing that `other` may do is lost.
    pub(crate) fn may_all_of(&self, other: &Grantee) -> bool {
        other.permits.within(&self.permits) && other.origins.iter().all(|origin| self.origins.contains(origin))
    }

    /// But for the token.
    pub(crate) fn is_as(&self, other: &Grantee) -> bool {
        let Grantee { app, key, name, permits, origins, limit, gone: _ } = self;
        (app, key, name, permits, origins, limit)
            == (&other.app, &other.key, &other.name, &other.permits, &other.origins, &other.limit)
    }

    pub fn allows(&self, scope: Scope, channel: Option<ChannelId>, chat: Option<&ChatId>) -> bool {
        self.permits.allows(scope, channel, chat)
    }

    /// For the audit log.
    pub fn actor(&self) -> Actor {
        Actor::App { app: self.app, key: self.key, name: self.name.clone() }
    }
}
