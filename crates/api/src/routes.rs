//! Every route of the API. What each of them needs stands beside its handler.

use crate::api::Api;
use crate::guard::Route;
use crate::{
    apps, asks, audit, channels, deliveries, events, me, messages, ops, outbox, session, settings, stats, tickets, webhooks,
};
use utoipa_axum::router::OpenApiRouter;

/// The routes outside of the key's reach.
pub(crate) fn open() -> OpenApiRouter<Api> {
    mounted([ops::livez::route()])
}

/// All others: to each of them somebody must be known, or have a ticket.
pub(crate) fn keyed() -> OpenApiRouter<Api> {
    let routes = channels().into_iter().chain(messages()).chain(webhooks()).chain(access()).chain(rest());
    mounted(routes)
}

fn channels() -> Vec<Route> {
    vec![
        channels::list::route(),
        channels::create::route(),
        channels::show::route(),
        channels::patch::route(),
        channels::delete::route(),
        channels::start::route(),
        channels::stop::route(),
        channels::restart::route(),
        channels::logout::route(),
        channels::export::route(),
        channels::import::route(),
        channels::qr::route(),
        channels::pairing_code::route(),
        channels::passkey::route(),
        channels::timeline::route(),
        channels::uptime::route(),
    ]
}

fn messages() -> Vec<Route> {
    vec![
        messages::list::route(),
        messages::send::route(),
        messages::show::route(),
        messages::cancel::route(),
        messages::retry::route(),
        outbox::list::route(),
        asks::list::route(),
        asks::approve::route(),
        asks::deny::route(),
    ]
}

fn webhooks() -> Vec<Route> {
    vec![
        webhooks::list::route(),
        webhooks::create::route(),
        webhooks::show::route(),
        webhooks::patch::route(),
        webhooks::delete::route(),
        webhooks::pause::route(),
        webhooks::resume::route(),
        webhooks::rotate_secret::route(),
        webhooks::test::route(),
        webhooks::redeliver::route(),
        webhooks::deliveries::route(),
        deliveries::show::route(),
        deliveries::redeliver::route(),
        deliveries::skip::route(),
    ]
}

/// Who may use this API, and what was done with it.
fn access() -> Vec<Route> {
    vec![
        apps::requests::ask::route(),
        apps::requests::collect::route(),
        apps::requests::list::route(),
        apps::requests::allow::route(),
        apps::requests::deny::route(),
        apps::list::route(),
        apps::create::route(),
        apps::show::route(),
        apps::patch::route(),
        apps::delete::route(),
        apps::keys::list::route(),
        apps::keys::create::route(),
        apps::keys::rotate::route(),
        apps::keys::revoke::route(),
        audit::read::route(),
        me::route(),
        tickets::create::route(),
    ]
}

fn rest() -> Vec<Route> {
    vec![
        stats::show::route(),
        events::read::route(),
        settings::show::route(),
        settings::patch::route(),
        session::sign_in_link::route(),
        session::sign_in::route(),
        session::show::route(),
        session::sign_out::route(),
        ops::info::route(),
        ops::openapi::route(),
        ops::workers::route(),
        ops::readyz::route(),
        ops::metrics::route(),
    ]
}

fn mounted(routes: impl IntoIterator<Item = Route>) -> OpenApiRouter<Api> {
    routes.into_iter().fold(OpenApiRouter::new(), |router, route| route.mount(router))
}
