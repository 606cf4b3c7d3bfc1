//! What a phone remembers. Nothing of it touches a disk; a phone lives as long as its sandbox.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use wacore_binary::{Jid, Node};

use super::PhoneError;
use super::app_state::AppState;
use super::companion::DeviceRoster;
use super::conversation::Messages;
use super::keys::PhoneKeys;
use super::letter::Letter;
use super::sessions::Sessions;

pub(super) struct Memory {
    pub keys: PhoneKeys,
    pub sessions: Sessions,
    pub roster: DeviceRoster,
    pub app_state: AppState,
    pub messages: Messages,
    /// What the phone itself sent, by id, for devices that ask for it again.
    pub sent: HashMap<String, Sent>,
    /// Off: requests for another copy wait in `unanswered`.
    pub answers_retries: bool,
    /// Retry receipts with the devices that they came from.
    pub unanswered: Vec<(Node, Jid)>,
    /// How often a retry was asked for, by message id.
    pub retries: HashMap<String, u32>,
    /// Companions that have been given the app-state key and the history.
    pub welcomed: HashSet<Jid>,
    pub code: CodePairing,
    pub push_name: String,
    pub auto_reply: bool,
    /// What goes wrong with the next message that this phone sends.
    pub mishap: Option<Mishap>,
    /// Messages that are written and encrypted and wait for their release, by id.
    pub held: HashMap<String, Node>,
    pub keys_published: bool,
    pub name_published: bool,
}

/// A message that went out.
#[derive(Clone)]
pub(super) struct Sent {
    pub to: Jid,
    pub letter: Letter,
}

/// How a message can leave a phone so that its receivers cannot decrypt it and must ask for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Damaged on the way.
    Spoiled,
    /// Encrypted on a session that its receivers do not have.
    WrongSession,
}

/// How far a pairing by code has come.
#[derive(Default)]
pub(super) enum CodePairing {
    #[default]
    Idle,
    /// A companion shows a code and waits for somebody to type it here.
    Requested {
        reference: Vec<u8>,
        wrapped_ephemeral: Vec<u8>,
    },
    /// The phone has answered; the companion's bundle is on its way.
    Answered,
    Finished {
        reference: Vec<u8>,
        bundle: Vec<u8>,
        identity: Vec<u8>,
    },
}

impl Memory {
    pub fn new(push_name: &str) -> Result<Self, PhoneError> {
        let keys = PhoneKeys::generate()?;
        Ok(Self {
            sessions: Sessions::new(&keys),
            keys,
            roster: DeviceRoster::new(),
            app_state: AppState::new(),
            messages: Messages::default(),
            sent: HashMap::new(),
            answers_retries: true,
            unanswered: Vec::new(),
            retries: HashMap::new(),
            welcomed: HashSet::new(),
            code: CodePairing::Idle,
            push_name: push_name.to_owned(),
            auto_reply: false,
            mishap: None,
            held: HashMap::new(),
            keys_published: false,
            name_published: false,
        })
    }
}

pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// Seconds since 1970, as ADV and app-state count them.
pub(super) fn seconds() -> i64 {
    now().as_second()
}
