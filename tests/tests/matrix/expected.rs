//! What has to be answered, reckoned from the declaration alone.

use super::axes::{Content, From, Host, Is, Origin, Verdict, Who};
use super::declared::{Body, Need, Of, Operation};

/// A status, and the word of the problem where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub code: &'static str,
}

fn refused(status: u16, code: &'static str) -> Answer {
    Answer { status, code }
}

/// One request, as far as the answer depends on it.
pub struct Asked<'a> {
    /// The operation of this method on this path; `None` where there is none.
    pub operation: Option<&'a Operation>,
    /// Whether the path has operations for those alone who are known.
    pub path_is_closed: bool,
    pub host: &'a Host,
    pub origin: &'a Origin,
    pub content: &'a Content,
    pub who: Who,
    /// What a route that reads answers to those who may.
    pub reading: u16,
}

pub fn answer(asked: &Asked<'_>) -> Answer {
    match asked.host.good {
        Verdict::Malformed => return refused(400, "bad_host"),
        Verdict::Foreign => return refused(403, "host_not_allowed"),
        Verdict::Good => {}
    }
    if asked.origin.from == From::Elsewhere {
        return refused(403, "origin_not_allowed");
    }
    let Some(operation) = asked.operation else { return no_such_method(asked) };
    if let Some(no) = not_let_in(asked, operation) {
        return no;
    }
    if !operation.reads() && asked.content.is == Is::SomethingElse {
        return refused(415, "unsupported_media_type");
    }
    let_in(asked, operation)
}

/// Which methods there are is told to those who are known.
fn no_such_method(asked: &Asked<'_>) -> Answer {
    let unknown = if asked.path_is_closed { stranger(asked) } else { None };
    unknown.unwrap_or(refused(405, "method_not_allowed"))
}

/// Why nobody is known, where that is so.
fn stranger(asked: &Asked<'_>) -> Option<Answer> {
    let from_the_app = asked.origin.from == From::TheApp;
    match asked.who {
        Who::Nobody | Who::Wrong | Who::Basic | Who::Twice => Some(refused(401, "unauthorized")),
        Who::Expired => Some(refused(401, "key_expired")),
        Who::Revoked | Who::Disabled => Some(refused(401, "key_revoked")),
        // A cookie is for our own page.
        Who::Cookie => from_the_app.then(|| refused(401, "unauthorized")),
        Who::CookieAlone => {
            let same_for_all = asked.operation.is_some_and(|operation| operation.takes_cookie_alone);
            (from_the_app || !same_for_all).then(|| refused(401, "unauthorized"))
        }
        Who::Admin | Who::Lacking | Who::Elsewhere => from_the_app.then(|| refused(403, "origin_not_allowed")),
        Who::Full => None,
    }
}

fn not_let_in(asked: &Asked<'_>, operation: &Operation) -> Option<Answer> {
    let unknown = stranger(asked);
    match &operation.need {
        Need::PollToken => return Some(refused(401, "unauthorized")),
        Need::SignIn if asked.origin.from == From::TheApp => return Some(refused(403, "origin_not_allowed")),
        Need::Open | Need::SignIn => {}
        Need::Known | Need::Person | Need::Scope { .. } => {
            if unknown.is_some() {
                return unknown;
            }
        }
    }
    if !asked.who.is_app() {
        return None;
    }
    match &operation.need {
        Need::Open | Need::SignIn | Need::PollToken | Need::Known => None,
        Need::Person => Some(refused(403, "person_only")),
        Need::Scope { .. } if asked.who == Who::Lacking => Some(refused(403, "scope_missing")),
        // It reaches no further than its channels, and this scope has none.
        Need::Scope { scope, .. } if asked.who == Who::Elsewhere && scope == "apps:manage" => {
            Some(refused(403, "scope_missing"))
        }
        Need::Scope { of, .. } => match of {
            // However much an app may do: the receivers of others are not there for it.
            Of::Webhook | Of::Delivery => Some(refused(404, "not_found")),
            Of::EveryChannel if asked.who == Who::Elsewhere => Some(refused(403, "scope_missing")),
            Of::Channel | Of::Message if asked.who == Who::Elsewhere => Some(refused(404, "not_found")),
            Of::Anything | Of::EveryChannel | Of::Channel | Of::Message => None,
        },
    }
}

/// Nothing that this test sends changes anything where it is let in: bodies are such as no route takes, and what takes none is asked
/// about something that is not there.
fn let_in(asked: &Asked<'_>, operation: &Operation) -> Answer {
    if operation.reads() {
        return refused(asked.reading, "");
    }
    if let Some(status) = harmless(&operation.id) {
        return refused(status, "");
    }
    match (operation.body, asked.content.is) {
        (Body::Required | Body::Optional, Is::Json) => refused(422, "invalid"),
        (Body::Required, Is::Nothing) => refused(400, "bad_json"),
        (Body::Optional, Is::Nothing) | (Body::None, Is::Nothing | Is::Json) if operation.has_id() => refused(404, "not_found"),
        (body, content) => panic!(
            "{} takes {body:?} and names nothing that could be missing: with {content:?} it would act. Say in `harmless` that it may.",
            operation.id
        ),
    }
}

/// What may be done, again and again, without anything that could be seen from outside.
pub fn harmless(operation: &str) -> Option<u16> {
    match operation {
        // A ticket that nobody uses.
        "create_sign_in_link" => Some(201),
        // Without a cookie there is nothing to sign out of; with one, there is a new cookie each time.
        "sign_out" => Some(204),
        _ => None,
    }
}

/// Whether the id in the path has to be of something that is there. Else, nothing could happen even where the guard failed.
pub fn of_something(operation: Option<&Operation>, content: &Content) -> bool {
    match operation {
        None => true,
        Some(operation) if operation.reads() => true,
        Some(operation) => match (operation.body, content.is) {
            (Body::None, Is::Nothing | Is::Json) | (Body::Optional, Is::Nothing) => false,
            (Body::Required, Is::Nothing) | (Body::Optional | Body::Required, Is::Json) | (_, Is::SomethingElse) => true,
        },
    }
}
