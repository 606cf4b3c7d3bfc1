#![allow(clippy::unwrap_used)]
use super::*;
use ledger::OpenOptions;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn is_in(sessions: &Sessions, opened: &Opened, now: Timestamp) -> bool {
    matches!(sessions.find(&opened.cookie, Some(&opened.page), now), Found::Browser(found) if found.until == opened.until)
}

fn browser(sessions: &Sessions, opened: &Opened) -> Browser {
    let Found::Browser(browser) = sessions.find(&opened.cookie, Some(&opened.page), NOW) else { panic!("it is in") };
    browser
}

async fn ledger(dir: &TempDir) -> Ledger {
    Ledger::open(dir.path(), &[7; 32], OpenOptions::default()).await.unwrap()
}

/// As a process knows them that starts now.
async fn started(ledger: &Ledger) -> Sessions {
    let sessions = Sessions::default();
    sessions.refresh(ledger).await.unwrap();
    sessions
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

#[tokio::test]
async fn a_session_survives_being_stored_as_hashes() {
    let dir = TempDir::new().unwrap();
    let ledger = ledger(&dir).await;
    let sessions = Sessions::default();
    let opened = sessions.open(NOW);
    assert!(!sessions.is_kept());
    sessions.keep(&ledger, NOW).await.unwrap();
    assert!(sessions.is_kept());
    let row: Vec<Stored> = ledger.setting(row::SETTING).await.unwrap().unwrap();
    let said = format!("{row:?}");
    assert!(!said.contains(&opened.cookie) && !said.contains(&opened.page));
    assert!(is_in(&started(&ledger).await, &opened, NOW));
    ledger.close().await;
}

#[tokio::test]
async fn a_session_of_before_pages_were_told_anything_is_over() {
    let dir = TempDir::new().unwrap();
    let ledger = ledger(&dir).await;
    let before = serde_json::json!([{"hash": text(&Hashed::of("cookie")), "until": NOW.plus(LIFE).as_millis()}]);
    ledger.set_setting(row::SETTING, &before).await.unwrap();
    let sessions = started(&ledger).await;
    for page in [None, Some(""), Some("1")] {
        assert!(matches!(sessions.find("cookie", page, NOW), Found::Nobody));
    }
    ledger.close().await;
}

#[tokio::test]
async fn workers_lose_no_sign_in_of_each_other_and_revive_nobody() {
    let dir = TempDir::new().unwrap();
    let ledger = ledger(&dir).await;
    let (one, other) = (started(&ledger).await, started(&ledger).await);
    let (at_one, at_other) = (one.open(NOW), other.open(NOW));
    one.keep(&ledger, NOW).await.unwrap();
    other.keep(&ledger, NOW).await.unwrap();
    let later = started(&ledger).await;
    assert!(is_in(&later, &at_one, NOW) && is_in(&later, &at_other, NOW), "a sign-in was lost");
    assert!(is_in(&other, &at_one, NOW), "who writes hears of the others");

    // What was signed out at one stays so, whatever the other writes, and ends there what it has open.
    let open_there = browser(&other, &at_one).gone;
    one.close(&browser(&one, &at_one));
    one.keep(&ledger, NOW).await.unwrap();
    assert!(!open_there.is_cancelled());
    let third = other.open(NOW);
    other.keep(&ledger, NOW).await.unwrap();
    assert!(open_there.is_cancelled() && !is_in(&other, &at_one, NOW));
    one.refresh(&ledger).await.unwrap();
    for sessions in [&one, &started(&ledger).await] {
        assert!(!is_in(sessions, &at_one, NOW), "it was revived");
        assert!(is_in(sessions, &at_other, NOW) && is_in(sessions, &third, NOW));
    }
    ledger.close().await;
}

#[tokio::test]
async fn a_cookie_of_another_worker_is_looked_for_once_in_a_while() {
    let dir = TempDir::new().unwrap();
    let ledger = ledger(&dir).await;
    let (one, other) = (started(&ledger).await, started(&ledger).await);
    let at = Instant::now();
    let first = one.open(NOW);
    one.keep(&ledger, NOW).await.unwrap();
    assert!(!is_in(&other, &first, NOW));
    other.look(&ledger, at).await;
    assert!(is_in(&other, &first, NOW));
    let second = one.open(NOW);
    one.keep(&ledger, NOW).await.unwrap();
    other.look(&ledger, at + LOOK_EVERY / 2).await;
    assert!(!is_in(&other, &second, NOW));
    other.look(&ledger, at + LOOK_EVERY).await;
    assert!(is_in(&other, &second, NOW));
    ledger.close().await;
}

#[tokio::test]
async fn what_happens_at_once_is_written_down_whole() {
    let dir = TempDir::new().unwrap();
    let ledger = ledger(&dir).await;
    let sessions = started(&ledger).await;
    let (stay, go): (Vec<Opened>, Vec<Opened>) = (0..8).map(|_| (sessions.open(NOW), sessions.open(NOW))).unzip();
    sessions.keep(&ledger, NOW).await.unwrap();
    let comes = async || {
        let opened = sessions.open(NOW);
        sessions.keep(&ledger, NOW).await.unwrap();
        opened
    };
    let goes = async |opened: &Opened| {
        sessions.close(&browser(&sessions, opened));
        sessions.keep(&ledger, NOW).await.unwrap();
    };
    let (come, _) =
        tokio::join!(futures::future::join_all((0..8).map(|_| comes())), futures::future::join_all(go.iter().map(goes)));
    let later = started(&ledger).await;
    assert!(stay.iter().chain(&come).all(|opened| is_in(&later, opened, NOW)), "a sign-in was lost");
    assert!(go.iter().all(|opened| !is_in(&later, opened, NOW)), "one that was signed out is in again");
    assert!(sessions.is_kept());
    ledger.close().await;
}

#[tokio::test]
async fn what_cannot_be_written_now_holds_here_and_is_written_later() {
    let dir = TempDir::new().unwrap();
    let closed = ledger(&dir).await;
    let sessions = started(&closed).await;
    let goes = sessions.open(NOW);
    sessions.keep(&closed, NOW).await.unwrap();
    closed.close().await;
    sessions.close(&browser(&sessions, &goes));
    let comes = sessions.open(NOW);
    sessions.keep(&closed, NOW).await.unwrap_err();
    assert!(!sessions.is_kept());

    let ledger = ledger(&dir).await;
    // The row still has the one and has not the other.
    sessions.refresh(&ledger).await.unwrap();
    assert!(!is_in(&sessions, &goes, NOW) && is_in(&sessions, &comes, NOW));
    sessions.keep(&ledger, NOW).await.unwrap();
    let later = started(&ledger).await;
    assert!(!is_in(&later, &goes, NOW) && is_in(&later, &comes, NOW) && sessions.is_kept());
    ledger.close().await;
}
