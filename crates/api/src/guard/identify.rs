use super::Caller;
use super::origin::Origin;
use crate::api::Api;
use crate::problem::{Code, Problem};
use crate::session::{Found, cookie};
use crate::tickets;
use access::Refusal;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::{Actor, DoorKind, Peer, Timestamp, Via};
use tokio::time::Instant;

/// Who asks, as far as that is known before it is known what for. In the extensions of every request that the door let in.
#[derive(Clone, Debug)]
pub(crate) struct Asker(pub Result<Caller, Stranger>);

/// Why nobody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// Nothing was given that says who it is, or a cookie that is over.
    Unsaid,
    /// The cookie of a browser that is signed in, without what its page was told: whoever listens at another port has it, too.
    CookieAlone,
    /// Something that is none was given for a key.
    WrongKey,
    Expired {
        at: Timestamp,
    },
    Revoked,
    /// The app of the key is disabled.
    Disabled,
    /// Something that is none, or none for this address, was given for a ticket.
    WrongTicket,
    /// Who made the ticket is signed out by now.
    StaleTicket,
    /// A page of this origin has a key that is not its own app's.
    NotAtHome,
}

/// Around all routes: finds out who asks, and refuses nobody. Takes microseconds for a good key: nothing is read but memory.
pub(crate) async fn identify(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().cloned().unwrap_or(UNTOLD);
    let origin = request.extensions().get::<Origin>().cloned().unwrap_or(Origin::Unsaid);
    let asker = ask(&api, &mut request, &peer).await.and_then(|caller| at_home(caller, &origin));
    let via = via(request.headers(), &origin);
    let actor = match &asker {
        Ok(caller) => caller.actor(via),
        Err(_) => Actor::Nobody,
    };
    if let Ok(Caller::App(grantee)) = &asker {
        api.access.used(grantee, &peer, api.now());
    }
    let extensions = request.extensions_mut();
    extensions.insert(Asker(asker));
    extensions.insert(actor);
    extensions.insert(peer);
    extensions.insert(api);
    next.run(request).await
}

/// Of a connection that nobody has described.
const UNTOLD: Peer = Peer { door: DoorKind::Tcp, address: None, program: None };

/// A key that was given counts alone: a wrong one is not made good by a cookie, and neither is a ticket.
async fn ask(api: &Api, request: &mut Request, peer: &Peer) -> Result<Caller, Stranger> {
    let mut given = request.headers().get_all(header::AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (Some(one), None) => {
            let key = one.to_str().ok().and_then(|text| text.split_once(' '));
            let key = key.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
            by_key(api, key.ok_or(Stranger::WrongKey)?).await
        }
        (Some(_), Some(_)) => Err(Stranger::WrongKey),
        (None, _) => match ticket(request.method(), request.uri()) {
            Some(ticket) => by_ticket(api, request, &ticket),
            None => by_cookie(api, request.headers(), request.extensions().get())
                .await
                .or_else(|stranger| by_program(api, peer).ok_or(stranger)),
        },
    }
}

async fn by_key(api: &Api, key: &str) -> Result<Caller, Stranger> {
    if api.key.matches(key) {
        return Ok(Caller::Admin);
    }
    let known = match api.access.authenticate(key, api.now()) {
        // Another worker may have handed it out a moment ago.
        Err(Refusal::Unknown) => api.access.authenticate_anew(key, api.now()).await,
        known => known,
    };
    known.map(Caller::App).map_err(|refusal| match refusal {
        Refusal::Unknown => Stranger::WrongKey,
        Refusal::Expired { at } => Stranger::Expired { at },
        Refusal::Revoked => Stranger::Revoked,
        Refusal::Disabled => Stranger::Disabled,
    })
}

/// Pages of other origins have keys. To a browser another port of this machine is the same site, so it would send the cookie along.
async fn by_cookie(api: &Api, headers: &HeaderMap, origin: Option<&Origin>) -> Result<Caller, Stranger> {
    if matches!(origin, Some(Origin::App(_))) {
        return Err(Stranger::Unsaid);
    }
    let token = cookie::read(headers, api.port()).ok_or(Stranger::Unsaid)?;
    let find = || api.sessions.find(token, cookie::page(headers), api.now());
    let found = match find() {
        // Another worker may have given it a moment ago.
        Found::Nobody => {
            api.sessions.look(&api.ledger, Instant::now()).await;
            find()
        }
        known @ (Found::CookieAlone | Found::Browser(_)) => known,
    };
    match found {
        Found::Browser(browser) => Ok(Caller::Browser(browser)),
        Found::CookieAlone => Err(Stranger::CookieAlone),
        Found::Nobody => Err(Stranger::Unsaid),
    }
}

/// A program of this user's own that a person lets in by its file.
fn by_program(api: &Api, peer: &Peer) -> Option<Caller> {
    match (peer.door, &peer.program) {
        (DoorKind::Unix, Some(program)) => api.access.peer(&program.path, program.uid).map(Caller::App),
        (DoorKind::Unix, None) | (DoorKind::Tcp | DoorKind::Tls, _) => None,
    }
}

/// The ticket in the URL, where one is taken.
fn ticket(method: &Method, uri: &Uri) -> Option<String> {
    let query = uri.query().filter(|_| *method == Method::GET && tickets::opens(uri.path()))?;
    let mut given = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == tickets::PARAMETER);
    given.next().map(|(_, value)| value.into_owned())
}

/// Uses it up and takes it out of the URL, so that nothing further in sees it.
fn by_ticket(api: &Api, request: &mut Request, ticket: &str) -> Result<Caller, Stranger> {
    let redeemed = api.passes.redeem(ticket, request.uri(), api.now());
    *request.uri_mut() = without_ticket(request.uri());
    match redeemed {
        Some(Caller::App(grantee)) if grantee.gone.is_cancelled() => Err(Stranger::Revoked),
        Some(Caller::Browser(browser)) if browser.gone.is_cancelled() || browser.until <= api.now() => {
            Err(Stranger::StaleTicket)
        }
        Some(caller) => Ok(caller),
        None => Err(Stranger::WrongTicket),
    }
}

fn without_ticket(uri: &Uri) -> Uri {
    let kept =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).filter(|(name, _)| name != tickets::PARAMETER);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    let target = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = target.parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| Uri::from_static("/"))
}

/// From a page of an app's origin only that app's own keys are good.
fn at_home(caller: Caller, origin: &Origin) -> Result<Caller, Stranger> {
    let Origin::App(origin) = origin else { return Ok(caller) };
    match &caller {
        Caller::App(grantee) if grantee.origins.iter().any(|own| own.as_bytes() == origin.as_bytes()) => Ok(caller),
        Caller::App(_) | Caller::Admin | Caller::Browser(_) => Err(Stranger::NotAtHome),
    }
}

/// Where the admin key says that it is used.
fn via(headers: &HeaderMap, origin: &Origin) -> Option<Via> {
    match origin {
        Origin::Shell => Some(Via::Desktop),
        Origin::Unsaid if headers.get("x-whatisup").is_some_and(|said| said == "cli") => Some(Via::Cli),
        Origin::Unsaid | Origin::Own | Origin::App(_) => None,
    }
}

impl Stranger {
    /// What a route that needs somebody answers.
    pub fn problem(self) -> Problem {
        match self {
            Stranger::Unsaid | Stranger::WrongKey => Problem::of(Code::Unauthorized),
            Stranger::CookieAlone => Problem::new(
                Code::Unauthorized,
                "A browser's cookie is good together with what its page was told when it signed in, sent as X-WhatIsUp. Sign in again.",
            ),
            Stranger::Expired { at } => {
                Problem::new(Code::KeyExpired, format!("This key ended at {at}. Ask for access again."))
            }
            Stranger::Revoked => Problem::of(Code::KeyRevoked),
            Stranger::Disabled => {
                Problem::new(Code::KeyRevoked, "The app of this key is disabled. A person can enable it again.")
            }
            Stranger::WrongTicket | Stranger::StaleTicket => Problem::of(Code::TicketInvalid),
            Stranger::NotAtHome => {
                Problem::new(Code::OriginNotAllowed, "Pages of this origin may use the keys of their own app only.")
            }
        }
    }

    /// Whether it may be one who tries what might open something.
    pub fn guesses(self) -> bool {
        match self {
            Stranger::WrongKey | Stranger::WrongTicket => true,
            Stranger::Unsaid
            | Stranger::CookieAlone
            | Stranger::Expired { .. }
            | Stranger::Revoked
            | Stranger::Disabled
            | Stranger::StaleTicket
            | Stranger::NotAtHome => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_ticket_is_taken_where_browsers_have_nothing_else_and_leaves_the_url() {
        let taken = |method: Method, uri: &str| ticket(&method, &uri.parse().unwrap());
        assert_eq!(taken(Method::GET, "/v1/events?a=b&ticket=x"), Some("x".to_owned()));
        assert_eq!(taken(Method::GET, "/v1/channels/ch_01j5a9k3m4n5p6q7r8s9t0v1w2/qr?ticket=x"), Some("x".to_owned()));
        assert_eq!(taken(Method::GET, "/v1/events?tickets=x"), None);
        assert_eq!(taken(Method::GET, "/v1/channels?ticket=x"), None);
        assert_eq!(taken(Method::POST, "/v1/events?ticket=x"), None);
        let left = |uri: &str| without_ticket(&uri.parse().unwrap()).to_string();
        assert_eq!(left("/v1/events?ticket=x"), "/v1/events");
        assert_eq!(left("/v1/events?types=message.*&ticket=x&after=3"), "/v1/events?types=message.*&after=3");
        assert_eq!(left("/v1/events?%74icket=x"), "/v1/events");
    }

    #[test]
    fn only_the_admin_key_says_where_it_is_used() {
        let mut headers = HeaderMap::new();
        headers.insert("x-whatisup", "cli".parse().unwrap());
        assert_eq!(via(&headers, &Origin::Unsaid), Some(Via::Cli));
        assert_eq!(via(&headers, &Origin::Own), None);
        assert_eq!(via(&headers, &Origin::Shell), Some(Via::Desktop));
        assert_eq!(via(&HeaderMap::new(), &Origin::Unsaid), None);
    }
}
