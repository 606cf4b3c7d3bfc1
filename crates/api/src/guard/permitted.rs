use super::identify::{Asker, Stranger};
use super::need::{Need, Of, Who};
use super::origin::Origin;
use super::{Caller, media_type, record};
use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Router;
use axum::extract::{FromRequestParts as _, RawPathParams, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use domain::{ChannelId, DeliveryId, EndpointId, MessageId, Peer, Reach, Scope};
use std::str::FromStr;

/// Around one route: lets in who has what it needs, and notes in the audit log what was changed or refused.
pub(super) async fn permitted(State(need): State<Need>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(api) = parts.extensions.get::<Api>().cloned() else {
        return Problem::internal(&"a route was reached around the guard").into_answer(&parts.headers);
    };
    let asked = record::Asked::of(&api, &mut parts, need).await;
    let admitted = admit(&api, need, &mut parts).await;
    let refused = admitted.is_err();
    let response = match admitted {
        Err(problem) => problem.into_answer(&parts.headers),
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
    };
    if let Some(entry) = asked.told(&response, refused) {
        api.auditor.note(api.now(), entry).await;
    }
    response
}

/// First whether anybody is known, then whether it may, and only then what it says: who has no right learns nothing.
async fn admit(api: &Api, need: Need, parts: &mut Parts) -> Result<(), Problem> {
    let reads = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let caller = caller(api, need, parts)?;
    if let Some(caller) = &caller {
        allow(api, need, caller, parts).await?;
    }
    if !reads {
        media_type::check(&parts.headers, need.body)?;
    }
    if let Some(caller) = caller {
        parts.extensions.insert(caller);
    }
    Ok(())
}

/// Who asks; `None` where nobody needs to be known and nobody is.
fn caller(api: &Api, need: Need, parts: &Parts) -> Result<Option<Caller>, Problem> {
    let asker = parts.extensions.get::<Asker>().ok_or_else(|| Problem::internal(&"nobody looked who asks"))?;
    if need.cookie_alone && matches!(asker.0, Err(Stranger::CookieAlone)) {
        return Ok(None);
    }
    if need.is_keyed() {
        return known(api, asker, parts.extensions.get()).map(Some);
    }
    // The cookie that signing in gives is for our own page, also where the ticket is good.
    if need.who == Who::SignIn && matches!(parts.extensions.get::<Origin>(), Some(Origin::App(_))) {
        return Err(Problem::of(Code::OriginNotAllowed));
    }
    Ok(asker.0.as_ref().ok().cloned())
}

/// Who asks, where somebody must be known. What was guessed is counted, and who guesses much is told to wait.
pub(crate) fn known(api: &Api, asker: &Asker, peer: Option<&Peer>) -> Result<Caller, Problem> {
    let stranger = match &asker.0 {
        Ok(caller) => return Ok(caller.clone()),
        Err(stranger) => *stranger,
    };
    let wait = peer.filter(|_| stranger.guesses()).and_then(|peer| api.access.failed(peer, api.now()));
    Err(wait.map_or_else(|| stranger.problem(), |wait| Problem::of(Code::TooManyAttempts).after(wait)))
}

async fn allow(api: &Api, need: Need, caller: &Caller, parts: &mut Parts) -> Result<(), Problem> {
    let (Some(permits), Who::Scope(scope, of)) = (caller.permits(), need.who) else {
        let person_only = need.who == Who::Person && !caller.is_person();
        return if person_only { Err(Problem::of(Code::PersonOnly)) } else { Ok(()) };
    };
    let own = need.or_own && own(api, of, caller, parts).await?;
    if own {
        return Ok(());
    }
    if !permits.has(scope) {
        return Err(lacks(scope));
    }
    match of {
        Of::Anything => Ok(()),
        Of::EveryChannel if permits.channels(scope) == Reach::All => Ok(()),
        Of::EveryChannel => Err(Problem::new(
            Code::ScopeMissing,
            format!("This needs the scope {scope} over all channels; the key has it for some of them."),
        )),
        Of::Channel(name) => {
            let channel: ChannelId = named(parts, name, "channel").await?;
            if permits.allows(scope, Some(channel), None) { Ok(()) } else { Err(Problem::no_such("channel")) }
        }
        Of::Message(name) => {
            let id: MessageId = named(parts, name, "message").await?;
            let message = api.ledger.message(id).await?.ok_or_else(|| Problem::no_such("message"))?;
            let within = permits.allows(scope, Some(message.channel), Some(&message.chat));
            if within { Ok(()) } else { Err(Problem::no_such("message")) }
        }
        Of::Webhook(name) => {
            let id: EndpointId = named(parts, name, "webhook").await?;
            if of_app(api, id, caller).await? { Ok(()) } else { Err(Problem::no_such("webhook")) }
        }
        Of::Delivery(name) => {
            let id: DeliveryId = named(parts, name, "delivery").await?;
            let (delivery, _, _) = api.ledger.delivery(id).await?.ok_or_else(|| Problem::no_such("delivery"))?;
            if of_app(api, delivery.endpoint, caller).await? { Ok(()) } else { Err(Problem::no_such("delivery")) }
        }
    }
}

/// Whether the app sent this message itself.
async fn own(api: &Api, of: Of, caller: &Caller, parts: &mut Parts) -> Result<bool, Problem> {
    let Of::Message(name) = of else { return Ok(false) };
    let Ok(id) = named::<MessageId>(parts, name, "message").await else { return Ok(false) };
    let message = api.ledger.message(id).await?;
    Ok(message.is_some_and(|message| message.outbox.app.is_some() && message.outbox.app == caller.app()))
}

async fn of_app(api: &Api, webhook: EndpointId, caller: &Caller) -> Result<bool, Problem> {
    let endpoint = api.ledger.endpoint(webhook).await?;
    Ok(endpoint.is_some_and(|endpoint| endpoint.app.is_some() && endpoint.app == caller.app()))
}

/// The refusal of one who lacks a scope.
fn lacks(scope: Scope) -> Problem {
    Problem::new(Code::ScopeMissing, format!("This needs the scope {scope}, which the key does not have."))
}

/// The id that a parameter of the path holds. A text that is no id names nothing.
async fn named<T: FromStr>(parts: &mut Parts, parameter: &str, what: &str) -> Result<T, Problem> {
    let none = || Problem::no_such(what);
    let all = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| none())?;
    let text = all.iter().find(|(name, _)| *name == parameter).map(|(_, value)| value.parse());
    text.and_then(Result::ok).ok_or_else(none)
}

/// Puts what is no [`Route`](super::Route) (a page, another router) behind a need.
pub(crate) fn behind<S: Clone + Send + Sync + 'static>(need: Need, router: Router<S>) -> Router<S> {
    router.layer(from_fn_with_state(need, permitted))
}
