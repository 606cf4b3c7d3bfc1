use crate::access::{Access, Change};
use crate::keys::revoked;
use crate::table::Gone;
use crate::{By, Error, brief};
use domain::{App, AppId, Permits, RevokeReason};
use ledger::AccessWrite;
use std::path::PathBuf;

/// Somebody else may change the same app at the same moment, but not again and again.
const TRIES: usize = 4;

/// What is to be another way; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppPatch {
    pub name: Option<String>,
    pub permits: Option<Permits>,
    pub origins: Option<Vec<String>>,
    /// The programs' files, by their own paths without links.
    pub programs: Option<Vec<PathBuf>>,
    /// `Some(None)`: as many requests as others.
    pub limits: Option<Option<u32>>,
    pub disabled: Option<bool>,
}

impl Access {
    /// Changes an app. Its open streams close when it may do less than before.
    ///
    /// # Errors
    /// `NoSuchApp`; `NotAPerson`, unless it only takes something away; `NothingAllowed`; `ProgramTaken`.
    pub async fn patch_app(&self, id: AppId, patch: AppPatch, by: By) -> Result<App, Error> {
        let now = self.inner.clock.now();
        self.patched(id, &by, |app| {
            let AppPatch { name, permits, origins, programs, limits, disabled } = patch.clone();
            app.name = name.unwrap_or_else(|| std::mem::take(&mut app.name));
            app.permits = permits.unwrap_or_else(|| std::mem::take(&mut app.permits));
            app.origins = origins.unwrap_or_else(|| std::mem::take(&mut app.origins));
            app.programs = programs.unwrap_or_else(|| std::mem::take(&mut app.programs));
            app.limits = limits.unwrap_or(app.limits);
            app.disabled_at = match disabled {
                Some(true) => app.disabled_at.or(Some(now)),
                Some(false) => None,
                None => app.disabled_at,
            };
        })
        .await
    }

    pub(crate) async fn patched(&self, id: AppId, by: &By, patch: impl Fn(&mut App)) -> Result<App, Error> {
        for _ in 0..TRIES {
            let was = self.app(id).await?;
            let mut app = was.clone();
            patch(&mut app);
            if app == was {
                return Ok(app);
            }
            if app.permits.is_empty() {
                return Err(Error::NothingAllowed);
            }
            if !by.actor.is_person() && !only_less(&was, &app, self.inner.config.usual_limit) {
                return Err(Error::NotAPerson);
            }
            self.no_other_has(&app)?;
            let disabled = was.disabled_at.is_none() && app.disabled_at.is_some();
            let changed = Change {
                audit: vec![by.did(action(&was, &app), id, detail(&was, &app))],
                events: disabled.then(|| revoked(&app, None, RevokeReason::Disabled)).into_iter().collect(),
                // Whatever was taken away: who comes in anew has what is left.
                gone: if grows(&was, &app) { vec![] } else { vec![Gone::App(id)] },
                writes: vec![AccessWrite::App { was, now: app.clone() }],
            };
            match self.change(changed).await {
                Ok(()) => return Ok(app),
                Err(Error::Changed) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::Changed)
    }
}

/// Whether the app can do nothing now that it could not do before, and looks the same to people. Without a limit of its own it
/// has the `usual` one.
fn only_less(was: &App, now: &App, usual: u32) -> bool {
    let limit = |app: &App| app.limits.unwrap_or(usual);
    was.name == now.name
        && now.permits.within(&was.permits)
        && now.origins.iter().all(|origin| was.origins.contains(origin))
        && now.programs.iter().all(|path| was.programs.contains(path))
        && (was.disabled_at.is_none() || was.disabled_at == now.disabled_at)
        && limit(now) <= limit(was)
}

/// Whether nothing was taken away.
fn grows(was: &App, now: &App) -> bool {
    was.permits.within(&now.permits)
        && was.origins.iter().all(|origin| now.origins.contains(origin))
        && was.programs.iter().all(|path| now.programs.contains(path))
        && (was.disabled_at.is_some() || now.disabled_at.is_none())
}

fn action(was: &App, now: &App) -> &'static str {
    match (was.disabled_at.is_some(), now.disabled_at.is_some()) {
        (false, true) => return "app.disable",
        (true, false) => return "app.enable",
        (false, false) | (true, true) => {}
    }
    if was.permits == now.permits {
        return if was.name == now.name { "app.change" } else { "app.rename" };
    }
    if now.permits.within(&was.permits) { "app.narrow" } else { "app.widen" }
}

/// Everything that is another way now, in few words.
fn detail(was: &App, now: &App) -> String {
    let mut parts = Vec::new();
    if was.name == now.name {
        parts.push(format!("{:?}", now.name));
    } else {
        parts.push(format!("{:?}, before {:?}", now.name, was.name));
    }
    if was.permits != now.permits {
        parts.push(format!("may {} (before: {})", brief::permits(&now.permits), brief::permits(&was.permits)));
    }
    if was.origins != now.origins {
        parts.push(format!("from pages of {:?}", now.origins));
    }
    if was.programs != now.programs {
        parts.push(format!("as the programs {:?}", now.programs));
    }
    if was.limits != now.limits {
        let limit = now.limits.map_or_else(|| "as many requests as others".to_owned(), |n| format!("{n} requests a minute"));
        parts.push(limit);
    }
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChannelId, Permit, Reach, Scope, Timestamp};

    fn app() -> App {
        App {
            id: AppId::new(Timestamp::EPOCH, 1),
            name: "Till".into(),
            created_at: Timestamp::EPOCH,
            disabled_at: None,
            permits: Permits::new([Permit::of(Scope::MessagesSend), Permit::of(Scope::EventsRead)]),
            origins: vec!["https://example.org".into()],
            programs: vec!["/usr/bin/till".into()],
            limits: Some(60),
        }
    }

    #[test]
    fn taking_away_is_told_from_giving() {
        let less = [
            App { permits: Permits::new([Permit::of(Scope::MessagesSendAsk)]), ..app() },
            App { origins: vec![], ..app() },
            App { programs: vec![], ..app() },
            App { limits: Some(1), ..app() },
            App { disabled_at: Some(Timestamp::EPOCH), ..app() },
        ];
        for less in less {
            assert!(only_less(&app(), &less, 600) && !only_less(&less, &app(), 600), "{less:?}");
        }
        let channel = Reach::only([ChannelId::new(Timestamp::EPOCH, 1)]);
        let other = Permits::new(Permit::new(Scope::ChannelsRead, channel, Reach::All));
        let neither = [App { name: "Bank".into(), ..app() }, App { permits: other, ..app() }];
        for neither in neither {
            assert!(!only_less(&app(), &neither, 600) && !only_less(&neither, &app(), 600), "{neither:?}");
        }
        let usual = App { limits: None, ..app() };
        assert!(only_less(&usual, &app(), 600) && !only_less(&app(), &usual, 600));
        assert!(!only_less(&usual, &app(), 1), "what is more than usual is more");
    }

    #[test]
    fn what_was_changed_is_named() {
        let narrower = App { permits: Permits::new([Permit::of(Scope::EventsRead)]), ..app() };
        assert_eq!(action(&app(), &narrower), "app.narrow");
        assert_eq!(detail(&app(), &narrower), r#""Till"; may events:read (before: messages:send, events:read)"#);
        assert_eq!(action(&narrower, &app()), "app.widen");
        let bank = App { name: "Bank".into(), limits: None, ..app() };
        assert_eq!(action(&app(), &bank), "app.rename");
        assert_eq!(detail(&app(), &bank), r#""Bank", before "Till"; as many requests as others"#);
        let off = App { disabled_at: Some(Timestamp::EPOCH), ..app() };
        assert_eq!((action(&app(), &off), action(&off, &app())), ("app.disable", "app.enable"));
    }
}
