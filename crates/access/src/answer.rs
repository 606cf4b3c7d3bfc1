use crate::access::{Access, Change};
use crate::{By, Error, brief, requests};
use domain::{App, AppId, AppRequest, AppRequestId, Event, Permits, RequestCode, RequestState};
use ledger::AccessWrite;
use std::time::Duration;

/// Which request is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestName {
    Id(AppRequestId),
    /// What the program shows.
    Code(RequestCode),
}

/// What a person gives to a program that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// A part of what was asked for; `None`: all of it.
    pub permits: Option<Permits>,
    /// Until WhatIsUp quits.
    pub once: bool,
    /// How long its key lives; `None`: without an end.
    pub expires_in: Option<Duration>,
    /// What the app is to be called; `None`: as it calls itself.
    pub name: Option<String>,
}

impl Access {
    /// A person lets a program in. It becomes an app; its key is made when it collects it.
    ///
    /// # Errors
    /// `NotAPerson`; `NoSuchRequest`; `Answered` before; `NotWithin` what it asked for; `NothingAllowed`.
    pub async fn allow(&self, which: RequestName, allowance: Allowance, by: By) -> Result<AppRequest, Error> {
        let request = self.unanswered(which, &by)?;
        let permits = allowance.permits.unwrap_or_else(|| request.permits.clone());
        if permits.is_empty() {
            return Err(Error::NothingAllowed);
        }
        if !permits.within(&request.permits) {
            return Err(Error::NotWithin);
        }
        let now = self.inner.clock.now();
        self.room_for_an_app()?;
        let app = App {
            id: AppId::new(now, rand::random()),
            name: allowance.name.unwrap_or_else(|| request.name.clone()),
            created_at: now,
            disabled_at: None,
            permits,
            origins: request.origin.iter().cloned().collect(),
            programs: Vec::new(),
            limits: None,
        };
        let key_until = allowance.expires_in.map(|life| now.plus(life));
        let state = RequestState::Allowed { app: app.id, once: allowance.once, key_until };
        let until = if allowance.once { ", until WhatIsUp quits" } else { "" };
        let detail = format!("{:?} may {}{until}", app.name, brief::permits(&app.permits));
        let allowed = Change {
            audit: vec![by.did("app.allow", request.id, detail)],
            events: vec![Event::AppAllowed {
                request: Some(request.id),
                app: app.id,
                name: app.name.clone(),
                permits: app.permits.clone(),
                once: allowance.once,
            }],
            writes: vec![AccessWrite::NewApp(app), AccessWrite::Request { id: request.id, was: request.state, now: state }],
            ..Change::default()
        };
        self.answer(request, state, allowed).await
    }

    /// A person turns a program away.
    ///
    /// # Errors
    /// `NotAPerson`; `NoSuchRequest`; `Answered` before.
    pub async fn deny(&self, which: RequestName, by: By) -> Result<AppRequest, Error> {
        let request = self.unanswered(which, &by)?;
        let denied = Change {
            writes: vec![AccessWrite::Request { id: request.id, was: request.state, now: RequestState::Denied }],
            audit: vec![by.did("app.deny", request.id, format!("{:?} is not let in", request.name))],
            events: vec![Event::AppDenied { request: request.id, name: request.name.clone() }],
            ..Change::default()
        };
        self.answer(request, RequestState::Denied, denied).await
    }

    /// The request that is meant, if this is one who may answer it and it waits for that.
    fn unanswered(&self, which: RequestName, by: &By) -> Result<AppRequest, Error> {
        if !by.actor.is_person() {
            return Err(Error::NotAPerson);
        }
        let (table, now) = (self.table(), self.inner.clock.now());
        let meant = |request: &&AppRequest| match which {
            RequestName::Id(id) => request.id == id,
            // Codes are used again; the one that was meant is the newest.
            RequestName::Code(code) => request.code == code,
        };
        let request = table.requests.iter().rev().find(meant).ok_or(Error::NoSuchRequest)?;
        match request.state {
            RequestState::Waiting if requests::is_over(request, now) => Err(Error::Answered(RequestState::Expired)),
            RequestState::Waiting => Ok(request.clone()),
            state @ (RequestState::Allowed { .. } | RequestState::Denied | RequestState::Expired | RequestState::Collected) => {
                Err(Error::Answered(state))
            }
        }
    }

    async fn answer(&self, request: AppRequest, state: RequestState, change: Change) -> Result<AppRequest, Error> {
        match self.change(change).await {
            Ok(()) => Ok(AppRequest { state, ..request }),
            Err(Error::Changed) => {
                let now = self.request(request.id).map(|request| request.state);
                Err(now.map_or(Error::NoSuchRequest, Error::Answered))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn request(&self, id: AppRequestId) -> Option<AppRequest> {
        self.table().requests.iter().find(|request| request.id == id).cloned()
    }
}
