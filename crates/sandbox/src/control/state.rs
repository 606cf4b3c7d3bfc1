//! The whole sandbox at a glance, its counters, and the way back to the start.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::faults::{self, FaultOut};
use super::phones;
use super::problem::Problem;
use super::view::PhoneOut;
use crate::network::Counters;
use crate::phone::Phones;

/// Everything that the panel shows.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateOut {
    pub phones: Vec<PhoneOut>,
    pub counters: CountersOut,
    pub faults: Vec<FaultOut>,
}

/// What the network counted since it started. A good client keeps the second half at zero.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountersOut {
    pub connections: u64,
    pub logins: u64,
    pub reconnects: u64,
    pub logins_xx: u64,
    pub logins_ik: u64,
    pub logins_xx_fallback: u64,
    pub messages_routed: u64,
    pub receipts_routed: u64,
    pub bundles_handed_out: u64,
    pub pings: u64,
    pub redelivered: u64,
    pub max_simultaneous_logins: u64,
    pub replaced: u64,
    pub malformed: u64,
    pub unknown_stanzas: u64,
    pub unknown_kinds: BTreeMap<String, u64>,
    pub devices_left_out: u64,
    pub bundles_without_one_time_key: u64,
    pub nacks: u64,
    pub undelivered: u64,
    pub unroutable: u64,
}

impl From<Counters> for CountersOut {
    fn from(counters: Counters) -> Self {
        Self {
            connections: counters.connections,
            logins: counters.logins,
            reconnects: counters.reconnects,
            logins_xx: counters.logins_xx,
            logins_ik: counters.logins_ik,
            logins_xx_fallback: counters.logins_xx_fallback,
            messages_routed: counters.messages_routed,
            receipts_routed: counters.receipts_routed,
            bundles_handed_out: counters.bundles_handed_out,
            pings: counters.pings,
            redelivered: counters.redelivered,
            max_simultaneous_logins: counters.max_simultaneous_logins,
            replaced: counters.replaced,
            malformed: counters.malformed,
            unknown_stanzas: counters.unknown_stanzas,
            unknown_kinds: counters.unknown_kinds,
            devices_left_out: counters.devices_left_out,
            bundles_without_one_time_key: counters.bundles_without_one_time_key,
            nacks: counters.nacks,
            undelivered: counters.undelivered,
            unroutable: counters.unroutable,
        }
    }
}

/// Phones, counters and faults in one answer.
#[utoipa::path(get, path = "/state", responses((status = 200, body = StateOut)))]
pub async fn show(State(handle): State<Phones>) -> Json<StateOut> {
    let network = handle.network();
    Json(StateOut {
        phones: phones::views(&handle).await,
        counters: network.counters().into(),
        faults: faults::in_force(network),
    })
}

/// What the network counted.
#[utoipa::path(get, path = "/counters", responses((status = 200, body = CountersOut)))]
pub async fn counters(State(phones): State<Phones>) -> Json<CountersOut> {
    Json(phones.network().counters().into())
}

/// Heals all faults, unlinks all companions, empties all chats, switches all phones on.
#[utoipa::path(post, path = "/reset", responses((status = 204)))]
pub async fn reset(State(phones): State<Phones>) -> Result<StatusCode, Problem> {
    faults::heal_all(phones.network());
    phones.reset().await?;
    Ok(StatusCode::NO_CONTENT)
}
