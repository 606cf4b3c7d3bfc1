//! Webhook receivers, what is owed to them, and how the tries went.

mod attempts;
mod claims;
mod deliveries;
mod delivery;
mod endpoint;
mod endpoints;
mod plan;
mod replay;
mod sight;
mod stored;

#[cfg(test)]
pub(crate) use deliveries::{PENDING, page_sql};
pub use delivery::{
    Attempt, AttemptOutcome, AttemptRecord, Delivery, DeliveryPage, DeliveryQuery, DeliveryStatus, PendingCount, Planned,
};
pub use endpoint::{Endpoint, EndpointPatch, EndpointStatus, SigningSecret};
pub(crate) use endpoints::{of_app, set_status};
#[cfg(test)]
pub(crate) use plan::{UNPLANNED, UNPLANNED_DATA};
#[cfg(test)]
pub(crate) use replay::IN_RANGE;
