//! What all apps, keys and requests come to at a moment: who is let in by what. Pure, but for the tokens that tell those who were
//! let in that it is over.

use crate::secret::Hash;
use crate::{Grantee, Refusal};
use domain::{App, AppId, AppRequest, Key, KeyId, Timestamp};
use ledger::AccessState;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub apps: BTreeMap<AppId, App>,
    /// In the order in which they were made, as the ledger keeps them; also those that were answered.
    pub requests: Vec<AppRequest>,
    /// The union over all apps that are not disabled.
    pub origins: Arc<BTreeSet<String>>,
    keys: HashMap<Hash, Held>,
    programs: HashMap<PathBuf, Arc<Grantee>>,
}

#[derive(Clone, Debug)]
struct Held {
    revoked: bool,
    expires_at: Option<Timestamp>,
    disabled: bool,
    grantee: Arc<Grantee>,
}

impl Table {
    /// What is from now on, and those for whom it is over: to be cancelled once the new table stands. Who may do as much as before,
    /// or more, is not disturbed.
    pub fn of(state: AccessState, before: &Table, now: Timestamp) -> (Table, Vec<CancellationToken>) {
        let mut table = Table { requests: state.requests, ..Table::default() };
        table.apps = state.apps.into_iter().map(|app| (app.id, app)).collect();
        let in_use = || table.apps.values().filter(|app| app.disabled_at.is_none());
        table.origins = Arc::new(in_use().flat_map(|app| app.origins.iter().cloned()).collect());

        let (mut programs, mut keys) = (HashMap::new(), HashMap::new());
        let (mut same_programs, mut same_keys) = (HashSet::new(), HashSet::new());
        for app in in_use() {
            for path in &app.programs {
                // The app that was there first keeps it.
                if programs.contains_key(path) {
                    continue;
                }
                let known = before.programs.get(path).filter(|grantee| grantee.app == app.id);
                let (grantee, goes_on) = carried(Grantee::of(app, None), known);
                same_programs.extend(goes_on.then_some(path.as_path()));
                programs.insert(path.clone(), grantee);
            }
        }
        for (key, hash) in &state.keys {
            let (hash, Some(app)) = (Hash(*hash), table.apps.get(&key.app)) else { continue };
            let mut held = Held::of(key, app);
            let known = before.keys.get(&hash);
            if let Some(known) = known.filter(|known| known.has_expired(key.expires_at)) {
                // It stays so, also when the clock is set back.
                held.grantee = known.grantee.clone();
            } else if held.opens(now) {
                let (grantee, goes_on) = carried(Grantee::of(app, Some(key.id)), known.map(|held| &held.grantee));
                same_keys.extend(goes_on.then_some(hash));
                held.grantee = grantee;
            }
            keys.insert(hash, held);
        }

        let ended = before.keys.iter().filter(|(hash, _)| !same_keys.contains(*hash)).map(|(_, held)| &held.grantee);
        let ended =
            ended.chain(before.programs.iter().filter(|(path, _)| !same_programs.contains(path.as_path())).map(|(_, g)| g));
        let ended = ended.map(|grantee| grantee.gone.clone()).collect();
        (table.programs, table.keys) = (programs, keys);
        (table, ended)
    }

    /// Without these: when what was changed in the ledger cannot be read back, what was taken away is closed all the same.
    pub fn without(&self, gone: &[Gone]) -> (Table, Vec<CancellationToken>) {
        let mut table = self.clone();
        let mut ended = Vec::new();
        let mut keep = |grantee: &Grantee| {
            let goes = gone.iter().any(|gone| match gone {
                Gone::App(app) => grantee.app == *app,
                Gone::Key(key) => grantee.key == Some(*key),
            });
            ended.extend(goes.then(|| grantee.gone.clone()));
            !goes
        };
        table.keys.retain(|_, held| keep(&held.grantee));
        table.programs.retain(|_, grantee| keep(grantee));
        (table, ended)
    }

    /// Whom the key with this hash lets in.
    pub fn by_key(&self, hash: &Hash, now: Timestamp) -> Result<Arc<Grantee>, Refusal> {
        let held = self.keys.get(hash).ok_or(Refusal::Unknown)?;
        match held.expires_at {
            _ if held.revoked => Err(Refusal::Revoked),
            // Once it has expired it stays so, also when the clock is set back.
            Some(at) if at <= now || held.grantee.gone.is_cancelled() => Err(Refusal::Expired { at }),
            _ if held.disabled => Err(Refusal::Disabled),
            Some(_) | None => Ok(held.grantee.clone()),
        }
    }

    pub fn by_program(&self, path: &Path) -> Option<&Arc<Grantee>> {
        self.programs.get(path)
    }

    /// Those whose keys have expired by now and who have not been told.
    pub fn expired(&self, now: Timestamp) -> Vec<CancellationToken> {
        let over = |held: &&Held| held.expires_at.is_some_and(|at| at <= now) && !held.grantee.gone.is_cancelled();
        self.keys.values().filter(over).map(|held| held.grantee.gone.clone()).collect()
    }

    /// When the next key expires.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let open = self.keys.values().filter(|held| !held.revoked && !held.grantee.gone.is_cancelled());
        open.filter_map(|held| held.expires_at).min()
    }

    /// Whether this app has any key, good or not.
    pub fn has_keys(&self, app: AppId) -> bool {
        self.keys.values().any(|held| held.grantee.app == app)
    }

    /// How many keys of this app open something.
    pub fn keys_of(&self, app: AppId, now: Timestamp) -> usize {
        self.keys
            .values()
            .filter(|held| held.grantee.app == app && !held.revoked && held.expires_at.is_none_or(|at| now < at))
            .count()
    }
}

/// Who may not come in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    App(AppId),
    Key(KeyId),
}

impl Held {
    fn of(key: &Key, app: &App) -> Self {
        Held {
            revoked: key.revoked_at.is_some(),
            expires_at: key.expires_at,
            disabled: app.disabled_at.is_some(),
            grantee: Arc::new(Grantee::of(app, Some(key.id))),
        }
    }

    /// Whether whoever worked by it was told that it is over, and this end is still the one.
    fn has_expired(&self, at: Option<Timestamp>) -> bool {
        at.is_some() && at == self.expires_at && self.grantee.gone.is_cancelled()
    }

    fn opens(&self, now: Timestamp) -> bool {
        !self.revoked && !self.disabled && self.expires_at.is_none_or(|at| now < at)
    }
}

/// The new one, and whether whoever works by the one `before` goes on: nothing was taken away from it then.
fn carried(mut new: Grantee, before: Option<&Arc<Grantee>>) -> (Arc<Grantee>, bool) {
    match before {
        Some(before) if before.gone.is_cancelled() || !new.may_all_of(before) => (Arc::new(new), false),
        Some(before) if new.is_as(before) => (before.clone(), true),
        Some(before) => {
            new.gone = before.gone.clone();
            (Arc::new(new), true)
        }
        None => (Arc::new(new), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Permit, Permits, Scope};

    fn app(n: u128, program: &str) -> App {
        App {
            id: AppId::new(Timestamp::EPOCH, n),
            name: "Till".into(),
            created_at: Timestamp::EPOCH,
            disabled_at: None,
            permits: Permits::new([Permit::of(Scope::EventsRead)]),
            origins: vec![],
            programs: vec![program.into()],
            limits: None,
        }
    }

    fn key(n: u128, app: &App) -> (Key, [u8; 32]) {
        let key = Key {
            id: KeyId::new(Timestamp::EPOCH, n),
            app: app.id,
            label: String::new(),
            made_at: Timestamp::EPOCH,
            expires_at: None,
            revoked_at: None,
            until_quit: false,
            replaces: None,
            last_used_at: None,
            last_from: None,
            requests_today: 0,
            day: 0,
        };
        (key, [n as u8; 32])
    }

    fn state() -> AccessState {
        let apps = vec![app(1, "/usr/bin/one"), app(2, "/usr/bin/two")];
        let keys = vec![key(1, &apps[0]), key(2, &apps[0]), key(3, &apps[1])];
        AccessState { apps, keys, requests: vec![] }
    }

    fn lets_in(table: &Table, n: u8) -> Result<Arc<Grantee>, Refusal> {
        table.by_key(&Hash([n; 32]), Timestamp::EPOCH)
    }

    #[test]
    fn what_was_taken_away_is_closed_also_when_the_ledger_cannot_be_read() {
        let (table, _) = Table::of(state(), &Table::default(), Timestamp::EPOCH);
        let (after, ended) = table.without(&[Gone::Key(KeyId::new(Timestamp::EPOCH, 1))]);
        ended.iter().for_each(CancellationToken::cancel);
        assert_eq!(ended.len(), 1);
        assert!(lets_in(&table, 1).unwrap().gone.is_cancelled() && lets_in(&after, 1).is_err());
        assert!(!lets_in(&after, 2).unwrap().gone.is_cancelled());
        let (after, ended) = table.without(&[Gone::App(AppId::new(Timestamp::EPOCH, 1))]);
        assert_eq!(ended.len(), 3, "both keys and the program");
        assert!(lets_in(&after, 2).is_err() && after.by_program(Path::new("/usr/bin/one")).is_none());
        assert!(lets_in(&after, 3).is_ok() && after.by_program(Path::new("/usr/bin/two")).is_some());
    }

    #[test]
    fn reading_the_same_again_disturbs_nobody() {
        let (one, _) = Table::of(state(), &Table::default(), Timestamp::EPOCH);
        let (two, ended) = Table::of(state(), &one, Timestamp::EPOCH);
        assert!(ended.is_empty());
        assert!(Arc::ptr_eq(&lets_in(&one, 1).unwrap(), &lets_in(&two, 1).unwrap()));
    }

    #[test]
    fn a_key_that_has_expired_stays_so_when_the_clock_is_set_back_and_all_is_read_again() {
        let (at, late) = (Timestamp::from_secs(100), Timestamp::from_secs(200));
        let mut ends = state();
        ends.keys[0].0.expires_at = Some(at);
        let (table, _) = Table::of(ends.clone(), &Table::default(), Timestamp::EPOCH);
        assert!(lets_in(&table, 1).is_ok());
        table.expired(late).iter().for_each(CancellationToken::cancel);
        let (table, _) = Table::of(ends.clone(), &table, Timestamp::EPOCH);
        assert_eq!(lets_in(&table, 1).unwrap_err(), Refusal::Expired { at });
        let (table, _) = Table::of(ends.clone(), &table, Timestamp::EPOCH);
        assert_eq!(lets_in(&table, 1).unwrap_err(), Refusal::Expired { at }, "and again");
        assert!(lets_in(&table, 2).is_ok());
        // With another end it is judged anew.
        ends.keys[0].0.expires_at = Some(late);
        let (table, _) = Table::of(ends.clone(), &table, Timestamp::EPOCH);
        assert!(lets_in(&table, 1).is_ok_and(|grantee| !grantee.gone.is_cancelled()));
        // Disabled for a while and let in again, it has not expired.
        ends.apps[0].disabled_at = Some(Timestamp::EPOCH);
        let (off, ended) = Table::of(ends.clone(), &table, Timestamp::EPOCH);
        ended.iter().for_each(CancellationToken::cancel);
        assert_eq!(lets_in(&off, 1).unwrap_err(), Refusal::Disabled);
        ends.apps[0].disabled_at = None;
        let (on, _) = Table::of(ends, &off, Timestamp::EPOCH);
        assert!(lets_in(&on, 1).is_ok());
    }

    #[test]
    fn a_key_whose_app_is_not_there_opens_nothing() {
        let mut state = state();
        state.apps.remove(0);
        let (table, _) = Table::of(state, &Table::default(), Timestamp::EPOCH);
        assert_eq!(lets_in(&table, 1).unwrap_err(), Refusal::Unknown);
    }

    #[test]
    fn a_program_that_two_apps_name_is_the_elders() {
        let state = AccessState { apps: vec![app(2, "/usr/bin/till"), app(1, "/usr/bin/till")], ..AccessState::default() };
        let (table, _) = Table::of(state, &Table::default(), Timestamp::EPOCH);
        assert_eq!(table.by_program(Path::new("/usr/bin/till")).unwrap().app, AppId::new(Timestamp::EPOCH, 1));
    }
}
