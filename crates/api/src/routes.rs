//! Every route of the API, with its OpenAPI entry beside it.

use crate::api::Api;
use crate::{channels, events, messages, ops, session, settings};
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
        .routes(routes!(channels::qr::qr))
        .routes(routes!(channels::pairing_code::pairing_code))
        .routes(routes!(channels::passkey::passkey))
        .routes(routes!(channels::timeline::timeline))
        .routes(routes!(channels::uptime::uptime))
        .routes(routes!(messages::list::list, messages::send::send))
        .routes(routes!(messages::show::show))
        .routes(routes!(events::read::read))
        .routes(routes!(settings::show::show, settings::patch::patch))
        .routes(routes!(session::sign_in_link::sign_in_link))
        .routes(routes!(session::sign_in::sign_in, session::show::show, session::sign_out::sign_out))
        .routes(routes!(ops::openapi::openapi))
        .routes(routes!(ops::readyz::readyz))
        .routes(routes!(ops::metrics::metrics))
}
