//! Orders and their answers as text, for the way from one worker to another.

use crate::error::CommandError;
use crate::order::What;
use channel::{Command, Refusal};
use domain::{ChannelView, Phone, Proxy, ProxyCredentials};
use ledger::{ChannelPatch, LedgerError};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Errand {
    Start,
    Stop,
    Restart,
    Logout,
    Delete,
    PairByCode { phone: String },
    Patch { name: Option<String>, proxy: ProxyText },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProxyText {
    Kept,
    None,
    Through { url: String, user: Option<String>, password: Option<String> },
}

pub(crate) fn write(what: &What) -> String {
    let errand = match what {
        What::Command(Command::Start) => Errand::Start,
        What::Command(Command::Stop) => Errand::Stop,
        What::Command(Command::Restart) => Errand::Restart,
        What::Command(Command::Logout) => Errand::Logout,
        What::Command(Command::Delete) => Errand::Delete,
        What::Command(Command::PairByCode(phone)) => Errand::PairByCode { phone: phone.to_string() },
        What::Patch(ChannelPatch { name, proxy }) => {
            let proxy = match proxy {
                None => ProxyText::Kept,
                Some(None) => ProxyText::None,
                Some(Some(proxy)) => ProxyText::Through {
                    url: proxy.public_url(),
                    user: proxy.credentials.as_ref().map(|it| it.user.clone()),
                    password: proxy.credentials.as_ref().map(|it| it.password.clone()),
                },
            };
            Errand::Patch { name: name.clone(), proxy }
        }
    };
    text(&errand)
}

/// `None`: a newer version's.
pub(crate) fn read(text: &str) -> Option<What> {
    Some(match serde_json::from_str(text).ok()? {
        Errand::Start => What::Command(Command::Start),
        Errand::Stop => What::Command(Command::Stop),
        Errand::Restart => What::Command(Command::Restart),
        Errand::Logout => What::Command(Command::Logout),
        Errand::Delete => What::Command(Command::Delete),
        Errand::PairByCode { phone } => What::Command(Command::PairByCode(phone.parse::<Phone>().ok()?)),
        Errand::Patch { name, proxy } => {
            let proxy = match proxy {
                ProxyText::Kept => None,
                ProxyText::None => Some(None),
                ProxyText::Through { url, user, password } => {
                    let mut proxy: Proxy = url.parse().ok()?;
                    proxy.credentials = user.map(|user| ProxyCredentials { user, password: password.unwrap_or_default() });
                    Some(Some(proxy))
                }
            };
            What::Patch(ChannelPatch { name, proxy })
        }
    })
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub(crate) enum Answer {
    Done,
    NoSuchChannel,
    Refused {
        code: String,
    },
    NoRoom,
    Failed {
        why: String,
    },
    /// Not done: who took it holds the channel no more. Somebody else may do it.
    TurnedAway,
    /// Nobody knows whether it was done.
    Unheard,
}

impl Answer {
    pub fn of(outcome: &Result<ChannelView, CommandError>) -> Self {
        match outcome {
            Ok(_) => Answer::Done,
            Err(CommandError::NotFound) => Answer::NoSuchChannel,
            Err(CommandError::Conflict { code, .. }) => Answer::Refused { code: (*code).to_owned() },
            Err(CommandError::Storage(LedgerError::Full)) => Answer::NoRoom,
            // The driver was cut off; before that it may have done it.
            Err(CommandError::NoHolder | CommandError::ShuttingDown) => Answer::Unheard,
            Err(error @ (CommandError::QueueFull | CommandError::IdempotencyOtherBody | CommandError::Storage(_))) => {
                Answer::Failed { why: error.to_string() }
            }
        }
    }

    pub fn outcome(self) -> Result<(), CommandError> {
        Err(match self {
            Answer::Done => return Ok(()),
            Answer::NoSuchChannel => CommandError::NotFound,
            Answer::Refused { code } => match [Refusal::AlreadyPaired, Refusal::Leaving].map(CommandError::from) {
                [paired @ CommandError::Conflict { code: known, .. }, _] if known == code => paired,
                [_, leaving @ CommandError::Conflict { code: known, .. }] if known == code => leaving,
                _ => CommandError::Conflict { code: "conflict", sentence: "The channel's present state does not allow this." },
            },
            Answer::NoRoom => LedgerError::Full.into(),
            Answer::Failed { why } => LedgerError::Io(why).into(),
            Answer::TurnedAway | Answer::Unheard => CommandError::NoHolder,
        })
    }

    pub fn write(&self) -> String {
        text(self)
    }

    pub fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Answer::Failed { why: "the answer is one of a newer version".to_owned() })
    }
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and nothing else always serialise")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_order_arrives_as_it_was_given() {
        let proxy: Proxy = "socks5://ada:p%40ss@[::1]:1080".parse().unwrap();
        let patch = |name: Option<&str>, proxy| What::Patch(ChannelPatch { name: name.map(str::to_owned), proxy });
        for what in [
            What::Command(Command::Start),
            What::Command(Command::Stop),
            What::Command(Command::Restart),
            What::Command(Command::Logout),
            What::Command(Command::Delete),
            What::Command(Command::PairByCode("15550100123".parse().unwrap())),
            patch(Some("office"), None),
            patch(None, Some(None)),
            patch(None, Some(Some(proxy))),
        ] {
            assert_eq!(read(&write(&what)), Some(what));
        }
        assert_eq!(read(r#"{"do":"dance"}"#), None);
    }

    #[test]
    fn every_answer_means_there_what_it_meant_here() {
        let storage = |error| CommandError::Storage(error);
        for error in [
            CommandError::NotFound,
            Refusal::AlreadyPaired.into(),
            Refusal::Leaving.into(),
            storage(LedgerError::Full),
            CommandError::NoHolder,
        ] {
            let answer = Answer::read(&Answer::of(&Err(error.clone())).write());
            assert_eq!(answer.outcome(), Err(error));
        }
        let answer = Answer::read(&Answer::of(&Err(storage(LedgerError::Damaged("page 7".into())))).write());
        assert!(matches!(answer.outcome(), Err(CommandError::Storage(LedgerError::Io(why))) if why.contains("page 7")));
        assert_eq!(Answer::read(&Answer::Done.write()).outcome(), Ok(()));
    }
}
