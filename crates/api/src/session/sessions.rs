use super::row::{self, Changes, Stored};
use super::secret;
use crate::key::Hashed;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use ledger::{Ledger, LedgerError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a browser stays signed in.
pub(crate) const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many browsers may be signed in; a further one signs the oldest out.
pub(super) const MOST: usize = 64;
/// Between two looks into the ledger for cookies that are not known here.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The browsers that are signed in. Only hashes of what they hold are kept.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    known: Mutex<Known>,
    /// Held from before the ledger's row is read until what it says is known here: one after the other. In it, the last look for a
    /// cookie that was not known.
    turn: tokio::sync::Mutex<Option<Instant>>,
}

/// What the row says, as of the last time that it was read, and what was done here since.
#[derive(Debug, Default)]
struct Known {
    open: Vec<Entry>,
    /// Over, while the row may still have them.
    closed: Vec<Browser>,
}

#[derive(Clone, Debug)]
struct Entry {
    browser: Browser,
    page: Hashed,
    /// Whether the row has had it.
    kept: bool,
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    cookie: Hashed,
    pub until: Timestamp,
    /// Told when it is signed out, by itself, by time, or by others that signed in.
    pub gone: CancellationToken,
}

/// What signing in gives, in two halves: browsers send a cookie to every port of the host, also to another's, but show what a page
/// has kept to pages of the same port alone.
pub(crate) struct Opened {
    pub cookie: String,
    pub page: String,
    pub until: Timestamp,
}

/// What is known of one who has sent a cookie.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Nobody,
    /// The cookie of a browser that is signed in, and not what its page was told: anybody to whom the browser sends it has it.
    CookieAlone,
    Browser(Browser),
}

impl Sessions {
    /// Signs a browser in.
    pub fn open(&self, now: Timestamp) -> Opened {
        let opened = Opened { cookie: secret(), page: secret(), until: now.plus(LIFE) };
        let browser = Browser::new(Hashed::of(&opened.cookie), opened.until);
        let mut known = self.locked();
        known.expire(now);
        let too_many = (known.open.len() + 1).saturating_sub(MOST);
        known.end(|place, _| place < too_many);
        known.open.push(Entry { browser, page: Hashed::of(&opened.page), kept: false });
        opened
    }

    /// Whose cookie it is; `page` is what the page says that it was told.
    pub fn find(&self, cookie: &str, page: Option<&str>, now: Timestamp) -> Found {
        let given = Hashed::of(cookie);
        let known = self.locked();
        let Some(entry) = known.open.iter().find(|e| e.browser.cookie.same(&given)).filter(|e| now < e.browser.until) else {
            return Found::Nobody;
        };
        match page {
            Some(page) if entry.page.matches(page) => Found::Browser(entry.browser.clone()),
            Some(_) | None => Found::CookieAlone,
        }
    }

    /// Signs it out.
    pub fn close(&self, browser: &Browser) {
        self.locked().end(|_, e| e.browser.same(browser));
    }

    /// Ends those whose time is over.
    pub fn expire(&self, now: Timestamp) {
        self.locked().expire(now);
    }

    /// Whether the ledger has all that was done here.
    pub fn is_kept(&self) -> bool {
        let known = self.locked();
        known.closed.is_empty() && known.open.iter().all(|e| e.kept)
    }

    /// Writes down what was done here, into what others have written meanwhile.
    pub async fn keep(&self, ledger: &Ledger, now: Timestamp) -> Result<(), LedgerError> {
        let _turn = self.turn.lock().await;
        let changes = self.locked().changes();
        let closed = changes.closed.clone();
        let row = ledger.change_setting(row::SETTING, move |row| row::merged(row.unwrap_or_default(), changes, now)).await?;
        let mut known = self.locked();
        known.adopt(row);
        known.closed.retain(|browser| !closed.contains(&text(&browser.cookie)));
        Ok(())
    }

    /// Reads what others have written.
    pub async fn refresh(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        let _turn = self.turn.lock().await;
        self.read(ledger).await
    }

    /// The same for a cookie that is not known here: another worker may have given it a moment ago. Once in a while only, whoever asks.
    pub async fn look(&self, ledger: &Ledger, at: Instant) {
        let mut last = self.turn.lock().await;
        if last.is_some_and(|last| at.saturating_duration_since(last) < LOOK_EVERY) {
            return;
        }
        *last = Some(at);
        if let Err(error) = self.read(ledger).await {
            tracing::debug!(%error, "who is signed in elsewhere could not be read");
        }
    }

    async fn read(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        let row: Option<Vec<Stored>> = ledger.setting(row::SETTING).await?;
        self.locked().adopt(row.unwrap_or_default());
        Ok(())
    }

    fn locked(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Takes these out, and tells what they have open.
    fn end(&mut self, over: impl Fn(usize, &Entry) -> bool) {
        for (place, entry) in std::mem::take(&mut self.open).into_iter().enumerate() {
            if over(place, &entry) {
                entry.browser.gone.cancel();
                self.closed.push(entry.browser);
            } else {
                self.open.push(entry);
            }
        }
    }

    fn expire(&mut self, now: Timestamp) {
        self.end(|_, e| e.browser.until <= now);
        // A row that still has them says itself that they are over.
        self.closed.retain(|browser| now < browser.until);
    }

    fn changes(&self) -> Changes {
        Changes {
            opened: self.open.iter().filter(|e| !e.kept).map(Entry::to_stored).collect(),
            closed: self.closed.iter().map(|browser| text(&browser.cookie)).collect(),
        }
    }

    /// What the row has is so, but for what was done here and is not in it yet.
    fn adopt(&mut self, row: Vec<Stored>) {
        let row: Vec<Entry> = row.into_iter().filter_map(Entry::from_stored).collect();
        let has = |row: &[Entry], browser: &Browser| row.iter().any(|e| e.browser.same(browser));
        self.open.retain(|entry| {
            let stays = !entry.kept || has(&row, &entry.browser);
            if !stays {
                entry.browser.gone.cancel();
            }
            stays
        });
        for entry in row {
            if let Some(known) = self.open.iter_mut().find(|e| e.browser.same(&entry.browser)) {
                known.kept = true;
            } else if !self.closed.iter().any(|closed| closed.same(&entry.browser)) {
                self.open.push(entry);
            }
        }
        self.open.sort_by_key(|e| e.browser.until);
    }
}

impl Browser {
    fn new(cookie: Hashed, until: Timestamp) -> Self {
        Browser { cookie, until, gone: CancellationToken::new() }
    }

    /// Whether it is the same sign-in.
    pub fn same(&self, other: &Browser) -> bool {
        self.cookie.same(&other.cookie)
    }
}

impl Entry {
    fn to_stored(&self) -> Stored {
        Stored { hash: text(&self.browser.cookie), page: text(&self.page), until: self.browser.until.as_millis() }
    }

    fn from_stored(stored: Stored) -> Option<Self> {
        let hash = |text: String| Some(Hashed::from_bytes(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?));
        let browser = Browser::new(hash(stored.hash)?, Timestamp::from_millis(stored.until));
        Some(Entry { browser, page: hash(stored.page)?, kept: true })
    }
}

fn text(hash: &Hashed) -> String {
    URL_SAFE_NO_PAD.encode(hash.as_bytes())
}

#[cfg(test)]
mod tests;
