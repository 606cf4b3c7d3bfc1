use crate::access::{Access, Change};
use crate::keys::new_key_of;
use crate::{By, Error, NewKey, PollToken, requests};
use domain::{Actor, App, AppRequest, AppRequestId, Peer, RequestState};
use ledger::AccessWrite;
use std::time::Duration;

/// How long what another worker has written may not be known here.
const ON_ITS_WAY: Duration = Duration::from_secs(60);

/// How it stands with a request, for the program that made it.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "made once and taken apart at once")]
pub enum Collected {
    Waiting,
    /// Just now: this is the one time that the key is shown.
    Allowed {
        app: App,
        key: NewKey,
    },
    Denied,
    Expired,
    /// Its key was collected before.
    Collected,
}

impl Access {
    /// How it stands; when it was allowed, the key is made now and handed out, once. `from`: who asks this.
    ///
    /// # Errors
    /// `NoSuchRequest`, also when the token is not this request's.
    pub async fn collect(&self, id: AppRequestId, token: &PollToken, from: &Peer) -> Result<Collected, Error> {
        let request = self.own_request(id, token).await?;
        match request.state {
            RequestState::Waiting if requests::is_over(&request, self.inner.clock.now()) => Ok(Collected::Expired),
            RequestState::Waiting => Ok(Collected::Waiting),
            RequestState::Denied => Ok(Collected::Denied),
            RequestState::Expired => Ok(Collected::Expired),
            RequestState::Collected => Ok(Collected::Collected),
            RequestState::Allowed { .. } if requests::is_over(&request, self.inner.clock.now()) => Ok(Collected::Expired),
            RequestState::Allowed { app, once, key_until } => {
                // Deleted before it was collected: that is a no, too.
                let Some(app) = self.table().apps.get(&app).cloned() else { return Ok(Collected::Denied) };
                let now = self.inner.clock.now();
                let (mut key, hash) = new_key_of(app.id, String::new(), now)?;
                (key.key.until_quit, key.key.expires_at) = (once, key_until);
                let actor = Actor::App { app: app.id, key: Some(key.key.id), name: app.name.clone() };
                let by = By::new(actor, Some(from.clone()));
                let collected = Change {
                    writes: vec![
                        AccessWrite::Request { id, was: request.state, now: RequestState::Collected },
                        AccessWrite::NewKey { key: key.key.clone(), hash: hash.0 },
                    ],
                    audit: vec![by.did("key.collect", key.key.id, None)],
                    ..Change::default()
                };
                match self.change(collected).await {
                    Ok(()) => Ok(Collected::Allowed { app, key }),
                    // Somebody with the same token was faster, or it was deleted meanwhile.
                    Err(Error::Changed) => Ok(Collected::Collected),
                    Err(Error::NoSuchApp) => Ok(Collected::Denied),
                    Err(error) => Err(error),
                }
            }
        }
    }

    async fn own_request(&self, id: AppRequestId, token: &PollToken) -> Result<AppRequest, Error> {
        let made_at = id.made_at();
        // Made a moment ago, perhaps by another worker whose word is on its way.
        if self.request(id).is_none() && token.is_one() && self.inner.clock.now().since(made_at) < ON_ITS_WAY {
            self.look().await;
        }
        let request = self.request(id).filter(|request| token.hash().same(&request.poll_hash));
        request.ok_or(Error::NoSuchRequest)
    }
}
