#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::change::Change;
use super::*;
use crate::example;
use domain::Reason;

fn running(channels: Vec<ChannelView>) -> Glance {
    Glance::Running {
        overview: Overview { channels }.into(),
        concerns: Concerns::default(),
        address: "http://127.0.0.1:9487".to_owned(),
        paused: false,
        start_at_login: Some(false),
        note: None,
    }
}

fn text(menu: &Menu) -> String {
    let line = |item: &Item| match item {
        Item::Note(note) => format!("({note})"),
        Item::Button { label, enabled: true, .. } => label.clone(),
        Item::Button { label, enabled: false, .. } => format!("{label} [off]"),
        Item::Check { label, checked, .. } => format!("[{}] {label}", if *checked { 'x' } else { ' ' }),
        Item::Separator => "---".to_owned(),
    };
    menu.items.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_new_installation_offers_to_pair() {
    assert_eq!(
        text(&of(&running(vec![]))),
        "(No channels yet)\n---\nOpen WhatIsUp\nPair a channel…\nCopy API address (http://127.0.0.1:9487)\n---\n\
         Pause all [off]\n[ ] Start at login\n---\nQuit"
    );
}

#[test]
fn every_channel_has_a_line_with_its_state_in_words() {
    let menu = of(&running(vec![
        example::connected(1, "Shop"),
        example::reconnecting(2, "Family", 4),
        example::stuck(3, "Desk"),
        example::disconnected(4, "Old", Reason::Unlinked),
    ]));
    assert_eq!(
        text(&menu).lines().take(4).collect::<Vec<_>>(),
        ["●  Shop — connected", "◌  Family — reconnecting, try 4", "▲  Desk — stuck, try 7", "✕  Old — unlinked on the phone",]
    );
}

#[test]
fn what_waits_for_somebody_is_a_line_that_leads_there() {
    let mut glance = running(vec![example::connected(1, "Shop")]);
    if let Glance::Running { concerns, .. } = &mut glance {
        *concerns = Concerns { wedged: 1, webhooks: 2, ..Concerns::default() };
    }
    let menu = of(&glance);
    assert_eq!(
        text(&menu).lines().take(4).collect::<Vec<_>>(),
        ["●  Shop — connected", "▲  A message was not sent", "▲  2 webhooks get nothing", "---"]
    );
    for action in [Action::OpenOutbox, Action::OpenWebhooks] {
        assert_eq!(Action::parse(&action.id()), Some(action));
        assert!(menu.items.iter().any(|item| matches!(item, Item::Button { action: a, .. } if *a == action)));
    }
}

#[test]
fn who_waits_for_an_answer_comes_first_with_how_many_there_are() {
    let mut glance = running(vec![example::connected(1, "Shop")]);
    if let Glance::Running { concerns, .. } = &mut glance {
        *concerns = Concerns { requests: 2, asks: 1, ..Concerns::default() };
    }
    let menu = of(&glance);
    assert_eq!(
        text(&menu).lines().take(4).collect::<Vec<_>>(),
        ["▲  2 programs ask to be let in", "▲  A message waits for your word", "---", "●  Shop — connected"]
    );
    for action in [Action::OpenRequests, Action::OpenAsks] {
        assert_eq!(Action::parse(&action.id()), Some(action));
        assert!(menu.items.iter().any(|item| matches!(item, Item::Button { action: a, .. } if *a == action)));
    }
}

#[test]
fn with_too_many_channels_those_that_need_somebody_come_first() {
    let mut channels: Vec<_> = (1..=40).map(|n| example::connected(n, &format!("c{n}"))).collect();
    channels.push(example::disconnected(41, "broken", Reason::WrongKey));
    let lines = text(&of(&running(channels)));
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(lines[0], "✕  broken — wrong key");
    assert_eq!(lines[1], "●  c1 — connected");
    assert_eq!(lines[LINES], "… and 29 more");
}

#[test]
fn a_long_or_broken_name_stays_on_one_line() {
    let menu = text(&of(&running(vec![example::connected(1, &format!("a\nb{}", "x".repeat(80)))])));
    assert_eq!(menu.lines().next().unwrap(), format!("●  a b{}… — connected", "x".repeat(28)));
}

#[test]
fn what_was_paused_can_be_resumed() {
    let mut stopped = example::disconnected(1, "Shop", Reason::Stopped);
    stopped.desired = Desired::Stopped;
    let glance = running(vec![stopped.clone()]);
    assert!(text(&of(&glance)).contains("\nPause all [off]\n"), "nothing runs that could be paused");
    assert!(text(&of(&running(vec![stopped.clone(), example::connected(2, "Desk")]))).contains("\nPause all\n"));
    let Glance::Running { overview, concerns, address, start_at_login, note, .. } = glance else { unreachable!() };
    let paused = Glance::Running { overview, concerns, address, paused: true, start_at_login, note };
    assert!(text(&of(&paused)).contains("\nResume all\n"));
}

#[test]
fn while_it_starts_fails_or_stops_nothing_is_offered_that_cannot_be_done() {
    assert_eq!(text(&of(&Glance::Starting)), "(Starting…)\n---\nQuit");
    assert_eq!(
        text(&of(&Glance::Failed { title: "The keychain is locked".to_owned() })),
        "(The keychain is locked)\nSee what to do…\n---\nQuit"
    );
    assert_eq!(text(&of(&Glance::Stopping)), "(Quitting…)");
}

#[test]
fn an_action_survives_its_id() {
    let id = example::connected(1, "Shop").id;
    for action in [
        Action::Open,
        Action::OpenChannel(id),
        Action::Pair,
        Action::CopyAddress,
        Action::PauseAll,
        Action::ResumeAll,
        Action::StartAtLogin,
        Action::Quit,
    ] {
        assert_eq!(Action::parse(&action.id()), Some(action));
    }
    assert_eq!(Action::parse("channel:nonsense"), None);
}

#[test]
fn only_words_change_while_the_lines_stay() {
    let before = of(&running(vec![example::connected(1, "Shop"), example::connected(2, "Desk")]));
    let dropped = of(&running(vec![example::connected(1, "Shop"), example::reconnecting(2, "Desk", 1)]));
    let grown = of(&running(vec![example::connected(1, "Shop")]));
    assert_eq!(Change::between(&before, &before.clone()), Change::Nothing);
    assert_eq!(Change::between(&before, &dropped), Change::Words(vec![1]));
    assert_eq!(Change::between(&before, &grown), Change::Lines);
}
