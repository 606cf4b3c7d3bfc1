//! An entry as the table keeps it. Frozen with the schema and with the canonical form.

use super::chain::{Canonical, FORMAT};
use super::{AuditHash, Audited, audit_hash};
use crate::LedgerError;
use crate::access::door_from;
use crate::batch::{Batch, signed};
use crate::rows::pieces;
use crate::sql::{QueryBuilder, Row};
use crate::stored::{to_json, unreadable};
use domain::{Actor, AuditEntry, Outcome, Peer, Program, Timestamp, Via};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AuditRow {
    pub seq: u64,
    pub at: i64,
    pub actor: String,
    pub via: Option<String>,
    pub app_id: Option<String>,
    pub key_id: Option<String>,
    pub app_name: Option<String>,
    pub door: Option<String>,
    pub address: Option<String>,
    pub pid: Option<i64>,
    pub program: Option<String>,
    pub uid: Option<i64>,
    pub action: String,
    pub target: Option<String>,
    pub outcome: String,
    pub detail: Option<String>,
    pub prev_hash: String,
}

macro_rules! audit_columns {
    () => {
        "seq, at, actor, via, app_id, key_id, app_name, door, address, pid, program, uid, action, target, outcome, detail, \
         prev_hash, hash"
    };
}
pub(super) const SELECT: &str = concat!("SELECT ", audit_columns!(), " FROM audit ");
pub(crate) const NEXT: &str = concat!("SELECT ", audit_columns!(), " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2");

impl AuditRow {
    pub fn of(entry: &AuditEntry, at: Timestamp, seq: u64, prev: &AuditHash) -> Self {
        let (via, app, key, name) = match &entry.actor {
            Actor::Person { via } => (Some(via.as_str().to_owned()), None, None, None),
            Actor::App { app, key, name } => (None, Some(*app), *key, Some(name.clone())),
            Actor::Admin | Actor::Itself | Actor::Nobody => (None, None, None, None),
        };
        let peer = entry.peer.as_ref();
        let program = peer.and_then(|peer| peer.program.as_ref());
        AuditRow {
            seq,
            at: at.as_millis(),
            actor: entry.actor.as_str().to_owned(),
            via,
            app_id: app.map(|id| id.to_string()),
            key_id: key.map(|id| id.to_string()),
            app_name: name,
            door: peer.map(|peer| peer.door.as_str().to_owned()),
            address: peer.and_then(|peer| peer.address.clone()),
            pid: program.map(|program| i64::from(program.pid)),
            program: program.map(|program| program.path.to_string_lossy().into_owned()),
            uid: program.map(|program| i64::from(program.uid)),
            action: entry.action.clone(),
            target: entry.target.clone(),
            outcome: entry.outcome.as_str().to_owned(),
            detail: entry.detail.clone(),
            prev_hash: prev.to_string(),
        }
    }

    pub fn canonical(&self) -> String {
        to_json(&Canonical {
            format: FORMAT,
            prev_hash: &self.prev_hash,
            seq: self.seq,
            at: self.at,
            actor: &self.actor,
            via: self.via.as_deref(),
            app_id: self.app_id.as_deref(),
            key_id: self.key_id.as_deref(),
            app_name: self.app_name.as_deref(),
            door: self.door.as_deref(),
            address: self.address.as_deref(),
            pid: self.pid,
            program: self.program.as_deref(),
            uid: self.uid,
            action: &self.action,
            target: self.target.as_deref(),
            outcome: &self.outcome,
            detail: self.detail.as_deref(),
        })
    }

    pub fn hash(&self) -> AuditHash {
        audit_hash(&self.canonical())
    }

    /// Of [`SELECT`]: with the hash that stands beside it.
    pub fn read(row: &Row) -> Result<(AuditRow, AuditHash), LedgerError> {
        let kept = AuditRow {
            seq: row.get::<i64>("seq").unsigned_abs(),
            at: row.get("at"),
            actor: row.get("actor"),
            via: row.get("via"),
            app_id: row.get("app_id"),
            key_id: row.get("key_id"),
            app_name: row.get("app_name"),
            door: row.get("door"),
            address: row.get("address"),
            pid: row.get("pid"),
            program: row.get("program"),
            uid: row.get("uid"),
            action: row.get("action"),
            target: row.get("target"),
            outcome: row.get("outcome"),
            detail: row.get("detail"),
            prev_hash: row.get("prev_hash"),
        };
        let hash = row.get::<&str>("hash").parse().map_err(|_| unreadable("a hash of the audit log"))?;
        Ok((kept, hash))
    }

    pub fn audited(self, hash: AuditHash) -> Result<Audited, LedgerError> {
        let canonical = self.canonical();
        let prev_hash = self.prev_hash.parse().map_err(|_| unreadable("a hash of the audit log"))?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == self.outcome);
        let entry = AuditEntry {
            actor: self.actor()?,
            peer: self.peer()?,
            action: self.action,
            target: self.target,
            outcome: outcome.ok_or(unreadable("what came of something"))?,
            detail: self.detail,
        };
        Ok(Audited { seq: self.seq, at: Timestamp::from_millis(self.at), entry, prev_hash, hash, canonical })
    }

    fn actor(&self) -> Result<Actor, LedgerError> {
        const WHAT: &str = "who did something";
        let plain = [Actor::Admin, Actor::Itself, Actor::Nobody];
        if let Some(actor) = plain.into_iter().find(|actor| actor.as_str() == self.actor) {
            return Ok(actor);
        }
        match (self.actor.as_str(), &self.via, &self.app_id) {
            ("person", Some(via), _) => {
                let via = Via::ALL.into_iter().find(|known| known.as_str() == via);
                Ok(Actor::Person { via: via.ok_or(unreadable(WHAT))? })
            }
            ("app", _, Some(app)) => Ok(Actor::App {
                app: app.parse().map_err(|_| unreadable(WHAT))?,
                key: self.key_id.as_deref().map(str::parse).transpose().map_err(|_| unreadable(WHAT))?,
                name: self.app_name.clone().unwrap_or_default(),
            }),
            _ => Err(unreadable(WHAT).into()),
        }
    }

    fn peer(&self) -> Result<Option<Peer>, LedgerError> {
        let Some(door) = &self.door else { return Ok(None) };
        let number = |kept: i64| u32::try_from(kept).map_err(|_| unreadable("a number of a program"));
        let program = match (self.pid, &self.program, self.uid) {
            (Some(pid), Some(path), Some(uid)) => Some(Program { pid: number(pid)?, path: path.into(), uid: number(uid)? }),
            _ => None,
        };
        Ok(Some(Peer { door: door_from(door)?, address: self.address.clone(), program }))
    }
}

pub(super) async fn insert(batch: &mut Batch, rows: &[AuditRow]) -> Result<(), LedgerError> {
    for piece in pieces(rows) {
        let mut sql = QueryBuilder::new(concat!("INSERT INTO audit (", audit_columns!(), ") "));
        sql.push_values(piece, |values, row| {
            values
                .push_bind(signed(row.seq))
                .push_bind(row.at)
                .push_bind(row.actor.as_str())
                .push_bind(row.via.as_deref())
                .push_bind(row.app_id.as_deref())
                .push_bind(row.key_id.as_deref())
                .push_bind(row.app_name.as_deref())
                .push_bind(row.door.as_deref())
                .push_bind(row.address.as_deref())
                .push_bind(row.pid)
                .push_bind(row.program.as_deref())
                .push_bind(row.uid)
                .push_bind(row.action.as_str())
                .push_bind(row.target.as_deref())
                .push_bind(row.outcome.as_str())
                .push_bind(row.detail.as_deref())
                .push_bind(row.prev_hash.as_str())
                .push_bind(row.hash().to_string());
        });
        sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    Ok(())
}
