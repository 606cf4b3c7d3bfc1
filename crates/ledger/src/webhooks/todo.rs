#![allow(unused_variables, clippy::unused_async)]
use super::*;
use crate::{Ledger, LedgerError, LoggedEvent};
use domain::{DeliveryId, EndpointId, Timestamp};
use tokio::sync::watch;

fn todo<T>() -> Result<T, LedgerError> {
    Err(LedgerError::Io("not yet".into()))
}

impl Ledger {
    pub async fn create_endpoint(&self, endpoint: Endpoint) -> Result<(), LedgerError> { todo() }
    pub async fn update_endpoint(&self, id: EndpointId, patch: EndpointPatch, at: Timestamp) -> Result<Endpoint, LedgerError> { todo() }
    pub async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, LedgerError> { todo() }
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, LedgerError> { todo() }
    pub async fn delete_endpoint(&self, id: EndpointId) -> Result<(), LedgerError> { todo() }
    pub async fn set_endpoint_status(&self, id: EndpointId, status: EndpointStatus, at: Timestamp) -> Result<Endpoint, LedgerError> { todo() }
    pub async fn rotate_secret(&self, id: EndpointId, new: SigningSecret, old_expires_at: Timestamp, at: Timestamp) -> Result<Endpoint, LedgerError> { todo() }
    pub async fn plan_deliveries(&self, now: Timestamp, limit: u32) -> Result<Planned, LedgerError> { todo() }
    pub async fn pending(&self, endpoint: EndpointId, limit: u32) -> Result<Vec<(Delivery, LoggedEvent)>, LedgerError> { todo() }
    pub async fn record_attempt(&self, record: AttemptRecord, status: Option<EndpointStatus>) -> Result<(), LedgerError> { todo() }
    pub async fn deliveries(&self, query: &DeliveryQuery) -> Result<DeliveryPage, LedgerError> { todo() }
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, Option<LoggedEvent>, Vec<Attempt>)>, LedgerError> { todo() }
    pub async fn redeliver(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, LedgerError> { todo() }
    pub async fn skip(&self, id: DeliveryId, now: Timestamp) -> Result<Delivery, LedgerError> { todo() }
    pub async fn redeliver_range(&self, endpoint: EndpointId, since: Timestamp, until: Timestamp, only_undelivered: bool, now: Timestamp) -> Result<u64, LedgerError> { todo() }
    pub async fn pending_counts(&self) -> Result<Vec<PendingCount>, LedgerError> { todo() }
    pub async fn prune_deliveries(&self, done_before: Timestamp, step: u32) -> Result<crate::Pruned, LedgerError> { todo() }
    pub fn deliveries_tip(&self) -> watch::Receiver<u64> { watch::channel(0).1 }
}
