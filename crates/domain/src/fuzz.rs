//! Texts that come from outside: in requests, in the database of another version, on a command line.
#![allow(clippy::unwrap_used)]

use crate::*;
use std::fmt::Debug;
use std::str::FromStr;

/// What was read is written and read as the same.
fn both_ways<T: FromStr + ToString + PartialEq + Debug>(text: &str) -> Option<String> {
    let read: T = text.parse().ok()?;
    let written = read.to_string();
    assert_eq!(written.parse::<T>().ok().as_ref(), Some(&read), "{written:?}");
    Some(written)
}

#[test]
fn nouns() {
    let seeds = [
        "+15550100123",
        "15550100123@s.whatsapp.net",
        "100000000015838:3@lid",
        "120363000000000001@g.us",
        "status@broadcast",
        "ch_01j5a9k3m4n5p6q7r8s9t0v1w2",
        "msg_01j5a9k3m4n5p6q7r8s9t0v1w2",
        "http://ada:p%40ss@127.0.0.1:3128",
        "socks5://[::1]:1080",
        "2026-11-22T07:30:00.123Z",
        "messages:send:ask",
        "ABC-DEF",
    ];
    let words = ["@lid", "@g.us", "@s.whatsapp.net", "+1", "ch_", "wh_", "evt_", "://", "%", ":", "-", "T", "Z", "+00:00"];
    ::fuzz::target!("nouns").seeds(seeds).words(words).longest(512).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let proxy = text.parse::<Proxy>();
        // What is shown of it is the same without its credentials.
        if let Ok(proxy) = &proxy {
            let bare = Proxy { credentials: None, ..proxy.clone() };
            assert_eq!((format!("{proxy:?}"), proxy.public_url()), (format!("{bare:?}"), bare.public_url()));
        }
        (
            both_ways::<ChannelId>(&text).is_some(),
            both_ways::<MessageId>(&text).is_some(),
            both_ways::<EndpointId>(&text).is_some(),
            both_ways::<Phone>(&text).is_some(),
            both_ways::<ChatId>(&text).is_some(),
            text.parse::<Recipient>().is_ok(),
            text.parse::<Scope>().is_ok(),
            text.parse::<RequestCode>().is_ok(),
            proxy.is_ok(),
            Timestamp::parse(&text).map(|at| assert_eq!(Timestamp::parse(&at.to_string()), Some(at))).is_some(),
        )
    });
}
