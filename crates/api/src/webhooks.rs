//! `/v1/webhooks`: the receivers of events. One file per verb; `field`, `address` and `header` check what people write.

mod address;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod deliveries;
mod field;
mod header;
pub(crate) mod list;
mod out;
pub(crate) mod patch;
pub(crate) mod pause;
pub(crate) mod redeliver;
pub(crate) mod resume;
pub(crate) mod rotate_secret;
mod sample;
pub(crate) mod show;
pub(crate) mod test;

pub(crate) use out::{WebhookMade, WebhookOut};

use crate::api::Parts;
use crate::problem::Problem;
use domain::EndpointId;
use ledger::Endpoint;

/// How many there may be: each is a queue of its own, and every event is matched against all of them.
const MOST: usize = 100;
/// How many of them one app may have.
const MOST_OF_APP: usize = 10;

impl Parts {
    async fn endpoint(&self, id: EndpointId) -> Result<Endpoint, Problem> {
        self.ledger.endpoint(id).await?.ok_or_else(|| Problem::no_such("webhook"))
    }

    /// With what waits for it.
    async fn webhook(&self, endpoint: &Endpoint) -> Result<WebhookOut, Problem> {
        let pending = self.ledger.pending_counts().await?;
        Ok(WebhookOut::of(endpoint, &pending))
    }
}
