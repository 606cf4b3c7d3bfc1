use crate::problem::Problem;
use crate::session::Browser;
use access::Grantee;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{Actor, AppId, ChannelId, ChatId, Permits, Reach, Scope, Via};
use ledger::Within;
use std::sync::Arc;

/// Who asks, once their key, cookie, ticket or program was found good. Handlers take it as an argument.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Whoever has the admin key.
    Admin,
    /// A browser that was signed in.
    Browser(Browser),
    /// A program, with what it may do.
    App(Arc<Grantee>),
}

impl Caller {
    pub fn is_person(&self) -> bool {
        self.permits().is_none()
    }

    pub fn app(&self) -> Option<AppId> {
        match self {
            Caller::Admin | Caller::Browser(_) => None,
            Caller::App(grantee) => Some(grantee.app),
        }
    }

    /// What bounds it; `None`: nothing does.
    pub fn permits(&self) -> Option<&Permits> {
        match self {
            Caller::Admin | Caller::Browser(_) => None,
            Caller::App(grantee) => Some(&grantee.permits),
        }
    }

    /// As [`Permits::allows`].
    pub fn may(&self, scope: Scope, channel: Option<ChannelId>, chat: Option<&ChatId>) -> bool {
        self.permits().is_none_or(|permits| permits.allows(scope, channel, chat))
    }

    /// The channels in the reach of this scope, for some chat at least.
    pub fn channels(&self, scope: Scope) -> Reach<ChannelId> {
        self.permits().map_or(Reach::All, |permits| permits.channels(scope))
    }

    /// The messages in the reach of this scope.
    pub fn messages(&self, scope: Scope) -> Within {
        self.permits().map_or_else(Within::everything, |permits| Within::of(permits, scope))
    }

    /// Whether it is the same one, however it comes: an app is one with all of its keys.
    pub fn same(&self, other: &Caller) -> bool {
        match (self, other) {
            (Caller::Admin, Caller::Admin) => true,
            (Caller::Browser(one), Caller::Browser(other)) => one.same(other),
            (Caller::App(one), Caller::App(other)) => one.app == other.app,
            (Caller::Admin | Caller::Browser(_) | Caller::App(_), _) => false,
        }
    }

    /// Returns when it may not go on as it is: its key was revoked or has expired, its permits were changed, or the browser is
    /// signed out.
    pub async fn gone(&self) {
        match self {
            Caller::Admin => std::future::pending().await,
            Caller::Browser(browser) => browser.gone.cancelled().await,
            Caller::App(grantee) => grantee.gone.cancelled().await,
        }
    }

    pub fn is_gone(&self) -> bool {
        match self {
            Caller::Admin => false,
            Caller::Browser(browser) => browser.gone.is_cancelled(),
            Caller::App(grantee) => grantee.gone.is_cancelled(),
        }
    }

    /// As the audit log names it; `via` is where the admin key says that it is used.
    pub(super) fn actor(&self, via: Option<Via>) -> Actor {
        match (self, via) {
            (Caller::Admin, None) => Actor::Admin,
            (Caller::Admin, Some(via)) => Actor::Person { via },
            (Caller::Browser(_), _) => Actor::Person { via: Via::Dashboard },
            (Caller::App(grantee), _) => grantee.actor(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// Only routes that need one may ask for it.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(|| Problem::internal(&"a route without a caller asked for one"))
    }
}
