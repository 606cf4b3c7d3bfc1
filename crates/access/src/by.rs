use crate::Grantee;
use domain::{Actor, AuditEntry, Outcome, Peer};

/// Who changes something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub actor: Actor,
    pub peer: Option<Peer>,
}

impl By {
    pub fn new(actor: Actor, peer: Option<Peer>) -> Self {
        By { actor, peer }
    }

    pub(crate) fn itself() -> Self {
        By { actor: Actor::Itself, peer: None }
    }

    pub(crate) fn did(&self, action: &str, target: impl ToString, detail: impl Into<Option<String>>) -> AuditEntry {
        AuditEntry {
            actor: self.actor.clone(),
            peer: self.peer.clone(),
            action: action.to_owned(),
            target: Some(target.to_string()),
            outcome: Outcome::Done,
            detail: detail.into(),
        }
    }
}

impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        By { actor, peer: None }
    }
}

impl From<&Grantee> for By {
    fn from(grantee: &Grantee) -> Self {
        By { actor: grantee.actor(), peer: None }
    }
}
