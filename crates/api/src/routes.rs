//! Every route of the API, with its OpenAPI entry beside it.

use crate::api::Api;
use crate::{channels, deliveries, events, messages, ops, outbox, session, settings, stats, webhooks};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes outside of the key's reach.
pub(crate) fn open() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(ops::livez::livez))
}

/// The routes behind the key; `guard::keyed` lets signing in pass without one.
pub(crate) fn keyed() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(ops::info::info))
        .routes(routes!(channels::list::list, channels::create::create))
        .routes(routes!(channels::show::show, channels::patch::patch, channels::delete::delete))
        .routes(routes!(channels::start::start))
        .routes(routes!(channels::stop::stop))
        .routes(routes!(channels::restart::restart))
        .routes(routes!(channels::logout::logout))
        .routes(routes!(channels::export::export))
        .routes(routes!(channels::import::import))
        .routes(routes!(channels::qr::qr))
        .routes(routes!(channels::pairing_code::pairing_code))
        .routes(routes!(channels::passkey::passkey))
        .routes(routes!(channels::timeline::timeline))
        .routes(routes!(channels::uptime::uptime))
        .routes(routes!(messages::list::list, messages::send::send))
        .routes(routes!(messages::show::show, messages::cancel::cancel))
        .routes(routes!(messages::retry::retry))
        .routes(routes!(outbox::list::list))
        .routes(routes!(webhooks::list::list, webhooks::create::create))
        .routes(routes!(webhooks::show::show, webhooks::patch::patch, webhooks::delete::delete))
        .routes(routes!(webhooks::pause::pause))
        .routes(routes!(webhooks::resume::resume))
        .routes(routes!(webhooks::rotate_secret::rotate_secret))
        .routes(routes!(webhooks::test::test))
        .routes(routes!(webhooks::redeliver::redeliver))
        .routes(routes!(webhooks::deliveries::deliveries))
        .routes(routes!(deliveries::show::show))
        .routes(routes!(deliveries::redeliver::redeliver))
        .routes(routes!(deliveries::skip::skip))
        .routes(routes!(stats::show::show))
        .routes(routes!(events::read::read))
        .routes(routes!(settings::show::show, settings::patch::patch))
        .routes(routes!(session::sign_in_link::sign_in_link))
        .routes(routes!(session::sign_in::sign_in, session::show::show, session::sign_out::sign_out))
        .routes(routes!(ops::openapi::openapi))
        .routes(routes!(ops::workers::list))
        .routes(routes!(ops::readyz::readyz))
        .routes(routes!(ops::metrics::metrics))
}
