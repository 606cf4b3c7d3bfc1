//! What must not be dialled is refused before it is dialled, whatever a name leads to. The names here are told by the test, so
//! nothing but loopback is ever asked or connected to.

use crate::ground::{Ground, hurried};
use crate::receiver::{Act, Receiver};
use ledger::{Attempt, Endpoint};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use webhooks::{DispatcherConfig, Names, Reach};

/// Answers with the next of these lists at each question, with the last one for ever, and counts the questions.
struct Answers {
    names: Names,
    asked: Arc<AtomicUsize>,
}

fn answers(lists: &[&[&str]]) -> Answers {
    let mut lists: Vec<Vec<IpAddr>> =
        lists.iter().map(|list| list.iter().map(|ip| ip.parse().unwrap()).collect()).rev().collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let last = lists[0].clone();
    let left = Mutex::new(std::mem::take(&mut lists));
    let names = Names::told(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        left.lock().unwrap().pop().unwrap_or_else(|| last.clone())
    });
    Answers { names, asked }
}

impl Answers {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn ground(&self) -> Ground {
        // As in a build that is no sandbox: there, only this guard keeps anything from being dialled.
        let reach = if cfg!(feature = "sandbox") { Reach::LoopbackOnly } else { Reach::Anywhere };
        Ground::new(DispatcherConfig { names: self.names.clone(), reach, ..hurried() }).await
    }
}

async fn tried(ground: &Ground, url: &str, trusted: bool) -> Attempt {
    let event = ground.some_event().await;
    let endpoint = Endpoint { trusted_addresses: trusted, ..ground.draft(url) };
    ground.handle.try_once(&endpoint, &event).await
}

#[track_caller]
fn is_refused(attempt: &Attempt, what: &str) {
    let error = attempt.error.clone().unwrap_or_default();
    assert!(!attempt.delivered && attempt.http_status.is_none(), "{what}: {attempt:?}");
    let told = ["nothing is ever delivered", "no address of one machine", "in the clothes of", "only a person", "sandbox"];
    assert!(told.iter().any(|words| error.contains(words)), "{what}: {error}");
}

#[tokio::test]
async fn a_name_that_leads_where_nothing_is_delivered_is_refused_whoever_added_it() {
    for ip in [
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
    ] {
        let answers = answers(&[&[ip]]);
        let ground = answers.ground().await;
        for trusted in [true, false] {
            is_refused(&tried(&ground, "http://receiver.test/", trusted).await, ip);
            let literal = if ip.contains(':') { format!("http://[{ip}]/") } else { format!("http://{ip}/") };
            is_refused(&tried(&ground, &literal, trusted).await, &literal);
        }
        assert_eq!(answers.asked(), 2, "the name is asked for once for each try, and a literal never");
        ground.end().await;
    }
}

#[tokio::test]
async fn a_receiver_that_an_app_added_is_not_looked_for_on_this_machine() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let answers = answers(&[&["127.0.0.1"]]);
    let ground = answers.ground().await;
    let port = receiver.address.port();
    for url in [format!("http://receiver.test:{port}/"), receiver.url(), format!("http://localhost:{port}/")] {
        is_refused(&tried(&ground, &url, false).await, &url);
    }
    assert_eq!(receiver.connections(), 0, "it was dialled");
    // What a person added is.
    assert!(tried(&ground, &format!("http://receiver.test:{port}/"), true).await.delivered);
    assert_eq!(receiver.connections(), 1);
    ground.end().await;
}

#[tokio::test]
async fn one_good_address_does_not_excuse_a_bad_one() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    for beside in ["169.254.169.254", "64:ff9b::a9fe:a9fe", "0.0.0.0"] {
        let answers = answers(&[&["127.0.0.1", beside]]);
        let ground = answers.ground().await;
        is_refused(&tried(&ground, &format!("http://receiver.test:{}/", receiver.address.port()), true).await, beside);
        ground.end().await;
    }
    assert_eq!(receiver.connections(), 0, "it was dialled");
}

/// DNS rebinding: what was checked is what is dialled, however the answer changes meanwhile.
#[tokio::test]
async fn a_name_that_changes_its_mind_is_asked_once_for_each_connection() {
    let receiver = Receiver::start(|_, _| Act::SayAll(200, "connection: close\r\n", "")).await;
    let answers = answers(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let ground = answers.ground().await;
    let url = format!("http://receiver.test:{}/", receiver.address.port());
    assert!(tried(&ground, &url, true).await.delivered, "the second answer is never heard by the first try");
    assert_eq!((answers.asked(), receiver.connections()), (1, 1));
    is_refused(&tried(&ground, &url, true).await, "the second answer");
    assert_eq!((answers.asked(), receiver.connections()), (2, 1));
    ground.end().await;
}

#[tokio::test]
async fn a_redirect_leads_nowhere_and_its_name_is_not_even_asked_for() {
    for to in ["location: http://other.test/\r\n", "location: http://169.254.169.254/\r\n", "location: //other.test/\r\n"] {
        let receiver = Receiver::start(move |_, _| Act::SayAll(302, to, "")).await;
        let answers = answers(&[&["127.0.0.1"]]);
        let ground = answers.ground().await;
        let attempt = tried(&ground, &format!("http://receiver.test:{}/", receiver.address.port()), true).await;
        assert!(attempt.error.unwrap().contains("redirects are not followed"));
        assert_eq!((answers.asked(), receiver.connections()), (1, 1), "{to}");
        ground.end().await;
    }
}

/// Deliveries go the same way as tries do, and a refusal is no end of them: whoever owns the name may mend it.
#[tokio::test]
async fn what_is_owed_to_a_receiver_that_may_not_be_dialled_waits() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let answers = answers(&[&["169.254.169.254"], &["169.254.169.254"], &["127.0.0.1"]]);
    let ground = answers.ground().await;
    let id = ground.add(format!("http://receiver.test:{}/", receiver.address.port())).await;
    ground.emit(1).await;
    let deliveries = ground.settled(id, 1).await;
    let attempts = ground.attempts(deliveries[0].id).await;
    assert_eq!(attempts.iter().map(|a| a.delivered).collect::<Vec<_>>(), [false, false, true]);
    attempts[..2].iter().for_each(|attempt| is_refused(attempt, "the delivery"));
    assert_eq!(receiver.connections(), 1);
    ground.end().await;
}

#[tokio::test]
async fn an_environment_that_names_a_proxy_is_not_heard() {
    // The dialer knows no proxy at all; a proxy would resolve the name itself, behind the guard's back.
    let source = include_str!("../../src/dialer.rs");
    assert!(!source.to_lowercase().contains("_proxy"));
}
