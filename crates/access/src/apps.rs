use crate::access::{Access, Change};
use crate::keys::{new_key_of, revoked};
use crate::table::Gone;
use crate::{By, Error, NewKey, brief};
use domain::{App, AppId, Event, Permit, Permits, RevokeReason};
use ledger::AccessWrite;
use std::path::PathBuf;
use std::time::Duration;

const MOST_APPS: usize = 1000;

/// An app that a person makes by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewApp {
    pub name: String,
    pub permits: Permits,
    /// As browsers write them.
    pub origins: Vec<String>,
    /// The programs' files, by their own paths without links.
    pub programs: Vec<PathBuf>,
    /// Requests per minute; `None`: as many as others.
    pub limits: Option<u32>,
    /// How long its first key lives; `None`: without an end.
    pub expires_in: Option<Duration>,
}

impl Access {
    /// All apps in the order of their creation.
    pub async fn apps(&self) -> Result<Vec<App>, Error> {
        Ok(self.inner.ledger.apps().await?)
    }

    /// # Errors
    /// `NoSuchApp`.
    pub async fn app(&self, id: AppId) -> Result<App, Error> {
        self.apps().await?.into_iter().find(|app| app.id == id).ok_or(Error::NoSuchApp)
    }

    /// Makes an app and its first key by hand.
    ///
    /// # Errors
    /// `NotAPerson`; `NothingAllowed`; `ProgramTaken`; `TooMany`.
    pub async fn create_app(&self, new: NewApp, by: By) -> Result<(App, NewKey), Error> {
        if !by.actor.is_person() {
            return Err(Error::NotAPerson);
        }
        if new.permits.is_empty() {
            return Err(Error::NothingAllowed);
        }
        self.room_for_an_app()?;
        let now = self.inner.clock.now();
        let app = App {
            id: AppId::new(now, rand::random()),
            name: new.name,
            created_at: now,
            disabled_at: None,
            permits: new.permits,
            origins: new.origins,
            programs: new.programs,
            limits: new.limits,
        };
        self.no_other_has(&app)?;
        let (mut key, hash) = new_key_of(app.id, String::new(), now)?;
        key.key.expires_at = new.expires_in.map(|life| now.plus(life));
        let made = Change {
            writes: vec![AccessWrite::NewApp(app.clone()), AccessWrite::NewKey { key: key.key.clone(), hash: hash.0 }],
            audit: vec![by.did("app.make", app.id, format!("{:?} may {}", app.name, brief::permits(&app.permits)))],
            events: vec![Event::AppAllowed {
                request: None,
                app: app.id,
                name: app.name.clone(),
                permits: app.permits.clone(),
                once: false,
            }],
            ..Change::default()
        };
        self.change(made).await?;
        Ok((app, key))
    }

    /// The app may do this as well from now on.
    ///
    /// # Errors
    /// `NotAPerson`; `NoSuchApp`.
    pub async fn widen(&self, id: AppId, permit: Permit, by: By) -> Result<App, Error> {
        self.patched(id, &by, |app| app.permits.widen(permit.clone())).await
    }

    /// With its keys: none of them opens anything from now on. Its webhooks are paused; what waits for a person is denied.
    ///
    /// # Errors
    /// `NoSuchApp`.
    pub async fn delete_app(&self, id: AppId, by: By) -> Result<(), Error> {
        let app = self.app(id).await?;
        let deleted = Change {
            writes: vec![AccessWrite::DeleteApp(id)],
            audit: vec![by.did("app.delete", id, format!("{:?}", app.name))],
            events: vec![revoked(&app, None, RevokeReason::Deleted)],
            gone: vec![Gone::App(id)],
        };
        self.change(deleted).await
    }

    pub(crate) fn room_for_an_app(&self) -> Result<(), Error> {
        if self.table().apps.len() < MOST_APPS { Ok(()) } else { Err(Error::TooMany { what: "apps", most: MOST_APPS }) }
    }

    /// A program stands for one app.
    pub(crate) fn no_other_has(&self, app: &App) -> Result<(), Error> {
        let table = self.table();
        let mut others = table.apps.values().filter(|other| other.id != app.id).flat_map(|other| &other.programs);
        if others.any(|path| app.programs.contains(path)) { Err(Error::ProgramTaken) } else { Ok(()) }
    }
}
