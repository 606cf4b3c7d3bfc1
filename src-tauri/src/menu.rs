//! The tray's menu as a value: what it shows is a function of one small view, and two menus can be compared.

use crate::glance::Glance;
use crate::words;
use app::Concerns;
use domain::{ChannelId, ChannelView, Desired, Overview, Tone};

pub mod change;

/// How many channels get a line of their own; a menu longer than a screen helps nobody.
pub const LINES: usize = 12;

/// The menu from top to bottom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    pub items: Vec<Item>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// Said, not clickable.
    Note(String),
    Button {
        action: Action,
        label: String,
        enabled: bool,
    },
    Check {
        action: Action,
        label: String,
        checked: bool,
    },
    Separator,
}

/// What a click means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Open,
    OpenChannel(ChannelId),
    /// Messages that wait for somebody.
    OpenOutbox,
    OpenWebhooks,
    /// Programs that ask to be let in.
    OpenRequests,
    /// Messages that apps propose.
    OpenAsks,
    Pair,
    CopyAddress,
    PauseAll,
    ResumeAll,
    StartAtLogin,
    Quit,
}

impl Action {
    /// The id that the desktop hands back on a click.
    pub fn id(self) -> String {
        match self {
            Action::Open => "open".to_owned(),
            Action::OpenChannel(id) => format!("channel:{id}"),
            Action::OpenOutbox => "outbox".to_owned(),
            Action::OpenWebhooks => "webhooks".to_owned(),
            Action::OpenRequests => "requests".to_owned(),
            Action::OpenAsks => "asks".to_owned(),
            Action::Pair => "pair".to_owned(),
            Action::CopyAddress => "copy-address".to_owned(),
            Action::PauseAll => "pause-all".to_owned(),
            Action::ResumeAll => "resume-all".to_owned(),
            Action::StartAtLogin => "start-at-login".to_owned(),
            Action::Quit => "quit".to_owned(),
        }
    }

    /// The reverse of [`Action::id`].
    pub fn parse(id: &str) -> Option<Self> {
        Some(match id {
            "open" => Action::Open,
            "outbox" => Action::OpenOutbox,
            "webhooks" => Action::OpenWebhooks,
            "requests" => Action::OpenRequests,
            "asks" => Action::OpenAsks,
            "pair" => Action::Pair,
            "copy-address" => Action::CopyAddress,
            "pause-all" => Action::PauseAll,
            "resume-all" => Action::ResumeAll,
            "start-at-login" => Action::StartAtLogin,
            "quit" => Action::Quit,
            other => Action::OpenChannel(other.strip_prefix("channel:")?.parse().ok()?),
        })
    }
}

/// The menu for what there is to see now.
pub fn of(glance: &Glance) -> Menu {
    let mut items = Vec::new();
    match glance {
        Glance::Starting => items.push(Item::Note("Starting…".to_owned())),
        Glance::Failed { title } => {
            items.push(Item::Note(title.clone()));
            items.push(button(Action::Open, "See what to do…"));
        }
        Glance::Stopping => return Menu { items: vec![Item::Note("Quitting…".to_owned())] },
        Glance::Running { overview, concerns, address, paused, start_at_login, note } => {
            asking(*concerns, &mut items);
            channels(overview, &mut items);
            waiting(*concerns, &mut items);
            items.push(Item::Separator);
            items.push(button(Action::Open, "Open WhatIsUp"));
            items.push(button(Action::Pair, "Pair a channel…"));
            items.push(button(Action::CopyAddress, &format!("Copy API address ({address})")));
            items.push(Item::Separator);
            items.push(pause_or_resume(overview, *paused));
            if let Some(checked) = *start_at_login {
                items.push(Item::Check { action: Action::StartAtLogin, label: "Start at login".to_owned(), checked });
            }
            if let Some(note) = note {
                items.push(Item::Note(note.clone()));
            }
        }
    }
    items.push(Item::Separator);
    items.push(button(Action::Quit, "Quit"));
    Menu { items }
}

fn button(action: Action, label: &str) -> Item {
    Item::Button { action, label: label.to_owned(), enabled: true }
}

/// A line per channel in the order of creation; with more than fit, those that need somebody come first.
fn channels(overview: &Overview, items: &mut Vec<Item>) {
    let all = &overview.channels;
    if all.is_empty() {
        items.push(Item::Note("No channels yet".to_owned()));
        return;
    }
    let mut shown: Vec<&ChannelView> = all.iter().collect();
    if all.len() > LINES {
        shown.sort_by_key(|c| std::cmp::Reverse(c.tone()));
        shown.truncate(LINES);
    }
    for channel in &shown {
        let label = format!("{}  {} — {}", mark(channel.tone()), name(channel), words::state(channel));
        items.push(button(Action::OpenChannel(channel.id), &label));
    }
    if all.len() > shown.len() {
        items.push(button(Action::Open, &format!("… and {} more", all.len() - shown.len())));
    }
}

/// Who waits for an answer, above all else: it does not wait long.
fn asking(concerns: Concerns, items: &mut Vec<Item>) {
    let requests = Concerns { requests: concerns.requests, ..Concerns::default() };
    let asks = Concerns { asks: concerns.asks, ..Concerns::default() };
    if leads(&[(Action::OpenRequests, requests), (Action::OpenAsks, asks)], items) {
        items.push(Item::Separator);
    }
}

/// What waits for somebody, where a click leads to it.
fn waiting(concerns: Concerns, items: &mut Vec<Item>) {
    let outbox = Concerns { wedged: concerns.wedged, ..Concerns::default() };
    let webhooks = Concerns { webhooks: concerns.webhooks, ..Concerns::default() };
    leads(&[(Action::OpenOutbox, outbox), (Action::OpenWebhooks, webhooks)], items);
}

/// A line for each that is not nothing; whether there was one.
fn leads(concerns: &[(Action, Concerns)], items: &mut Vec<Item>) -> bool {
    let before = items.len();
    for (action, concerns) in concerns {
        for words in words::concerns(*concerns) {
            items.push(button(*action, &format!("{}  {}", mark(Tone::Attention), words::sentence(&words))));
        }
    }
    items.len() > before
}

/// A shape beside the word, so that a column of channels can be read at a glance without colour.
fn mark(tone: Tone) -> char {
    match tone {
        Tone::Idle => '○',
        Tone::Connected => '●',
        Tone::Working => '◌',
        Tone::Attention => '▲',
        Tone::Broken => '✕',
    }
}

/// The name on one line and no longer than a menu is wide.
fn name(channel: &ChannelView) -> String {
    const WIDTH: usize = 32;
    let clean: String = channel.name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.chars().count() <= WIDTH {
        return clean;
    }
    clean.chars().take(WIDTH - 1).chain(['…']).collect()
}

fn pause_or_resume(overview: &Overview, paused: bool) -> Item {
    if paused {
        return button(Action::ResumeAll, "Resume all");
    }
    let any = overview.channels.iter().any(|channel| channel.desired == Desired::Running);
    Item::Button { action: Action::PauseAll, label: "Pause all".to_owned(), enabled: any }
}

#[cfg(test)]
#[path = "menu/tests.rs"]
mod tests;
