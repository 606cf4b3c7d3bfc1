//! `/v1/deliveries`: one event owed to one webhook. One file per verb.

mod out;
pub(crate) mod redeliver;
pub(crate) mod show;
pub(crate) mod skip;

pub(crate) use out::DeliveryOut;
