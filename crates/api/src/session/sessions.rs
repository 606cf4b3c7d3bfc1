use super::secret;
use crate::key::Hashed;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a browser stays signed in.
pub(crate) const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many browsers may be signed in; a further one signs the oldest out.
const MOST: usize = 64;

/// The browsers that are signed in. Only hashes of what they hold are kept.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Vec<Entry>>);

#[derive(Clone, Debug)]
struct Entry {
    browser: Browser,
    page: Hashed,
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

/// A session as the ledger keeps it, so that a restart signs nobody out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    hash: String,
    /// Missing in those of before there was one: they are over.
    #[serde(default)]
    page: String,
    until: i64,
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

impl Sessions {
    /// Signs a browser in.
    pub fn open(&self, now: Timestamp) -> Opened {
        let opened = Opened { cookie: secret(), page: secret(), until: now.plus(LIFE) };
        let browser = Browser::new(Hashed::of(&opened.cookie), opened.until);
        let mut open = self.locked();
        end(&mut open, |_, e| e.browser.until <= now);
        let too_many = (open.len() + 1).saturating_sub(MOST);
        end(&mut open, |place, _| place < too_many);
        open.push(Entry { browser, page: Hashed::of(&opened.page) });
        opened
    }

    /// Whose cookie it is; `page` is what the page says that it was told.
    pub fn find(&self, cookie: &str, page: Option<&str>, now: Timestamp) -> Found {
        let given = Hashed::of(cookie);
        let open = self.locked();
        let Some(entry) = open.iter().find(|e| e.browser.cookie.same(&given)).filter(|e| now < e.browser.until) else {
            return Found::Nobody;
        };
        match page {
            Some(page) if entry.page.matches(page) => Found::Browser(entry.browser.clone()),
            Some(_) | None => Found::CookieAlone,
        }
    }

    pub fn close(&self, browser: &Browser) {
        end(&mut self.locked(), |_, e| e.browser.same(browser));
    }

    /// Ends those whose time is over.
    pub fn expire(&self, now: Timestamp) {
        end(&mut self.locked(), |_, e| e.browser.until <= now);
    }

    pub fn to_stored(&self) -> Vec<Stored> {
        self.locked().iter().map(Entry::to_stored).collect()
    }

    pub fn from_stored(stored: Vec<Stored>) -> Self {
        Sessions(Mutex::new(stored.into_iter().filter_map(Entry::from_stored).collect()))
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes these out, and tells what they have open.
fn end(open: &mut Vec<Entry>, over: impl Fn(usize, &Entry) -> bool) {
    let mut place = 0;
    open.retain(|entry| {
        let over = over(place, entry);
        place += 1;
        if over {
            entry.browser.gone.cancel();
        }
        !over
    });
}

impl Entry {
    fn to_stored(&self) -> Stored {
        let text = |hash: &Hashed| URL_SAFE_NO_PAD.encode(hash.as_bytes());
        Stored { hash: text(&self.browser.cookie), page: text(&self.page), until: self.browser.until.as_millis() }
    }

    fn from_stored(stored: Stored) -> Option<Self> {
        let hash = |text: String| Some(Hashed::from_bytes(URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?));
        let browser = Browser::new(hash(stored.hash)?, Timestamp::from_millis(stored.until));
        Some(Entry { browser, page: hash(stored.page)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn is_in(sessions: &Sessions, opened: &Opened, now: Timestamp) -> bool {
        matches!(sessions.find(&opened.cookie, Some(&opened.page), now), Found::Browser(found) if found.until == opened.until)
    }

    fn browser(sessions: &Sessions, opened: &Opened) -> Browser {
        let Found::Browser(browser) = sessions.find(&opened.cookie, Some(&opened.page), NOW) else { panic!("it is in") };
        browser
    }

    #[test]
    fn a_session_ends_by_itself_and_by_signing_out() {
        let sessions = Sessions::default();
        let (one, other) = (sessions.open(NOW), sessions.open(NOW));
        assert!(is_in(&sessions, &one, NOW));
        assert!(!is_in(&sessions, &one, one.until));
        sessions.close(&browser(&sessions, &one));
        assert!(matches!(sessions.find(&one.cookie, Some(&one.page), NOW), Found::Nobody));
        assert!(is_in(&sessions, &other, NOW));
    }

    #[test]
    fn what_a_browser_has_open_is_told_when_it_is_out() {
        let sessions = Sessions::default();
        let out = |opened: &Opened| browser(&sessions, opened).gone;
        let (signs_out, first) = (sessions.open(NOW), sessions.open(NOW));
        let (signed_out, evicted) = (out(&signs_out), out(&first));
        sessions.close(&browser(&sessions, &signs_out));
        assert!(signed_out.is_cancelled() && !evicted.is_cancelled());
        for _ in 1..MOST {
            sessions.open(NOW);
        }
        assert!(!evicted.is_cancelled());
        let last = sessions.open(NOW);
        assert!(evicted.is_cancelled());
        let over = out(&last);
        sessions.expire(NOW);
        assert!(!over.is_cancelled());
        sessions.expire(last.until);
        assert!(over.is_cancelled());
    }

    #[test]
    fn a_cookie_is_nobody_without_what_its_own_page_was_told() {
        let sessions = Sessions::default();
        let (one, other) = (sessions.open(NOW), sessions.open(NOW));
        for page in [None, Some(""), Some("1"), Some(other.page.as_str()), Some(one.cookie.as_str())] {
            assert!(matches!(sessions.find(&one.cookie, page, NOW), Found::CookieAlone), "{page:?}");
        }
        assert!(matches!(sessions.find("guess", Some(&one.page), NOW), Found::Nobody));
        assert!(matches!(sessions.find(&one.page, Some(&one.page), NOW), Found::Nobody));
        assert!(is_in(&sessions, &one, NOW) && is_in(&sessions, &other, NOW));
    }

    #[test]
    fn a_session_survives_being_stored_as_hashes() {
        let sessions = Sessions::default();
        let opened = sessions.open(NOW);
        let stored = sessions.to_stored();
        let text = format!("{stored:?}");
        assert!(!text.contains(&opened.cookie) && !text.contains(&opened.page));
        assert!(is_in(&Sessions::from_stored(stored), &opened, NOW));
    }

    #[test]
    fn a_session_of_before_pages_were_told_anything_is_over() {
        let sessions = Sessions::default();
        let opened = sessions.open(NOW);
        let stored = sessions.to_stored().into_iter().map(|one| Stored { page: String::new(), ..one });
        let sessions = Sessions::from_stored(stored.collect());
        for page in ["", "1", &opened.page] {
            assert!(matches!(sessions.find(&opened.cookie, Some(page), NOW), Found::Nobody));
        }
    }
}
