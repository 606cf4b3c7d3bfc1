use crate::access::{Access, Change};
use crate::secret::new_token;
use crate::{AskError, By, Error, PollToken, brief, requests};
use domain::{Actor, AppRequest, AppRequestId, Event, Peer, Permits, RequestState};
use ledger::{AccessWrite, LedgerError};

/// What a program asks for, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    pub name: String,
    pub reason: String,
    pub permits: Permits,
    /// The web origin from which its key is to be used.
    pub origin: Option<String>,
}

impl Access {
    /// Whether anybody of this machine (`here`), or of others, may ask now. From memory: before more is found out of who it is.
    ///
    /// # Errors
    /// As many wait as may, or too many have asked within a minute.
    pub fn room_to_ask(&self, here: bool) -> Result<(), AskError> {
        requests::room(&self.table().requests, here, self.inner.clock.now())
    }

    /// A program asks to be let in; from now on a person is asked. The token is for the program alone: with it, it collects its key.
    ///
    /// # Errors
    /// Too many ask, or this one has asked often enough: see [`AskError::retry_after`].
    pub async fn ask(&self, new: NewRequest, peer: Peer) -> Result<(AppRequest, PollToken), AskError> {
        if new.permits.is_empty() {
            return Err(AskError::NothingAsked);
        }
        let _one = self.inner.asking.lock().await;
        let now = self.inner.clock.now();
        let table = self.table();
        requests::admit(&table.requests, &peer, now)?;
        let token = new_token()?;
        let request = AppRequest {
            id: AppRequestId::new(now, rand::random()),
            name: new.name,
            reason: new.reason,
            permits: new.permits,
            origin: new.origin,
            peer,
            code: requests::free_code(&table.requests, rand::random),
            poll_hash: token.hash().0,
            made_at: now,
            expires_at: now.plus(self.inner.config.request_life),
            state: RequestState::Waiting,
        };
        let by = By::new(Actor::Nobody, Some(request.peer.clone()));
        let detail = format!("{:?} asks for {}", request.name, brief::permits(&request.permits));
        let asked = Change {
            audit: vec![by.did("app.request", request.id, detail)],
            events: vec![Event::AppRequested {
                request: request.id,
                name: request.name.clone(),
                permits: request.permits.clone(),
                origin: request.origin.clone(),
                peer: request.peer.clone(),
                expires_at: request.expires_at,
            }],
            writes: vec![AccessWrite::NewRequest(request.clone())],
            ..Change::default()
        };
        match self.change(asked).await {
            Ok(()) => Ok((request, token)),
            Err(Error::Ledger(error)) => Err(error.into()),
            Err(error) => Err(LedgerError::Io(error.to_string()).into()),
        }
    }
}
