//! Webhook receivers, what is owed to them, and how the tries went.

mod delivery;
mod endpoint;
mod todo;

pub use delivery::{
    Attempt, AttemptOutcome, AttemptRecord, Delivery, DeliveryPage, DeliveryQuery, DeliveryStatus, PendingCount, Planned,
};
pub use endpoint::{Endpoint, EndpointPatch, EndpointStatus, SigningSecret};
