use super::need::{Need, Who};
use crate::api::Api;
use crate::problem::Code;
use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::Response;
use domain::{Actor, AuditEntry, Outcome, Peer, Via};

/// The longest target that is kept, in bytes: longer than any id of ours.
const LONGEST_TARGET: usize = 64;

/// A request on its way into the audit log: who, from where, what and upon what. Never a body or a query. A change whose caller
/// goes away before its answer is noted too, when this is dropped: it may have been made.
pub(super) struct Asked {
    api: Api,
    need: Need,
    method: Method,
    actor: Actor,
    peer: Option<Peer>,
    route: Option<MatchedPath>,
    target: Option<String>,
    noted: bool,
}

impl Asked {
    pub async fn of(api: &Api, parts: &mut Parts, need: Need) -> Self {
        let ids = RawPathParams::from_request_parts(parts, &()).await.ok();
        let target = ids.as_ref().and_then(|ids| ids.iter().last()).and_then(|(_, value)| id(value));
        Asked {
            api: api.clone(),
            need,
            method: parts.method.clone(),
            actor: parts.extensions.get().cloned().unwrap_or(Actor::Nobody),
            peer: parts.extensions.get().cloned(),
            route: parts.extensions.get().cloned(),
            target,
            noted: false,
        }
    }

    /// What came of it, for the log: of whatever changes something, and of whatever was refused to somebody who is known.
    pub fn told(mut self, response: &Response, refused: bool) -> Option<AuditEntry> {
        self.noted = true;
        let outcome = outcome(response, refused);
        if !(self.changes() || outcome == Outcome::Refused) || (self.need.audits_itself && outcome == Outcome::Done) {
            return None;
        }
        if self.actor == Actor::Nobody {
            // Strangers are many, and those who try keys are counted elsewhere.
            if self.need.who != Who::SignIn || outcome != Outcome::Done {
                return None;
            }
            self.actor = Actor::Person { via: Via::Dashboard };
        }
        let status = response.status().as_u16();
        let code = response.extensions().get::<Code>().map(|code| format!(" {}", code.as_str())).unwrap_or_default();
        self.target = self.target.take().or_else(|| made(response));
        Some(self.entry(outcome, format!("{status}{code}")))
    }

    fn changes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    fn entry(&self, outcome: Outcome, detail: String) -> AuditEntry {
        let path = self.route.as_ref().map_or("", MatchedPath::as_str);
        AuditEntry {
            actor: self.actor.clone(),
            peer: self.peer.clone(),
            action: format!("{} {path}", self.method),
            target: self.target.clone(),
            outcome,
            detail: Some(detail),
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if !self.noted && self.changes() && self.actor != Actor::Nobody {
            let entry = self.entry(Outcome::Failed, "the caller went away before the answer".to_owned());
            self.api.auditor.note_soon(self.api.now(), entry);
        }
    }
}

fn outcome(response: &Response, refused: bool) -> Outcome {
    let status = response.status();
    if refused || matches!(status.as_u16(), 401 | 403) {
        Outcome::Refused
    } else if status.is_client_error() || status.is_server_error() {
        Outcome::Failed
    } else {
        Outcome::Done
    }
}

/// Only what looks like one of our ids: a path may hold anything, also the code of a request for access.
fn id(text: &str) -> Option<String> {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let (kind, rest) = text.split_once('_')?;
    (text.len() <= LONGEST_TARGET && plain(kind) && plain(rest)).then(|| text.to_owned())
}

/// The id of what was made.
fn made(response: &Response) -> Option<String> {
    let address = response.headers().get(header::LOCATION)?.to_str().ok()?;
    id(address.rsplit('/').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_id_or_nothing() {
        assert_eq!(id("ch_01j5a9k3m4n5p6q7r8s9t0v1w2").as_deref(), Some("ch_01j5a9k3m4n5p6q7r8s9t0v1w2"));
        for other in ["ABC-DEF", "abcdef", "", "_", "ch_", "ch_../x", "ch_A", &format!("ch_{}", "a".repeat(99))] {
            assert_eq!(id(other), None, "{other}");
        }
    }
}
