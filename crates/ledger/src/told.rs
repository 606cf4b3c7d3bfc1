//! What other processes are told of a transaction. Postgres carries it with the commit, as one or more notifications.

use crate::News;
use domain::ChannelId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Ids in one notification: Postgres takes 8000 bytes.
const TOGETHER: usize = 200;

/// Collected while a transaction goes on.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub channels: BTreeSet<ChannelId>,
    pub outbox: BTreeSet<ChannelId>,
    pub endpoints: bool,
    /// Apps, keys or requests.
    pub access: bool,
}

/// A notification as it travels. Every node reads those of all, its own included.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// Who tells it.
    pub node: String,
    /// The newest `seq` afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub endpoints: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub orders: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub access: bool,
}

impl Told {
    /// As notifications; none when there is nothing to tell.
    pub fn notices(&self, node: &str, seq: Option<u64>) -> Vec<String> {
        let mut notices = Vec::new();
        let texts = |ids: &BTreeSet<ChannelId>| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (channels, outbox) = (texts(&self.channels), texts(&self.outbox));
        for piece in channels.chunks(TOGETHER) {
            notices.push(Notice { channels: piece.to_vec(), ..Notice::default() });
        }
        for piece in outbox.chunks(TOGETHER) {
            match notices.last_mut() {
                Some(last) if last.outbox.is_empty() && last.channels.len() + piece.len() <= TOGETHER => {
                    last.outbox = piece.to_vec()
                }
                Some(_) | None => notices.push(Notice { outbox: piece.to_vec(), ..Notice::default() }),
            }
        }
        if notices.is_empty() && (self.endpoints || self.access || seq.is_some()) {
            notices.push(Notice::default());
        }
        if let Some(last) = notices.last_mut() {
            (last.endpoints, last.access, last.seq) = (self.endpoints, self.access, seq);
        }
        notices.into_iter().map(|notice| Notice { node: node.to_owned(), ..notice }.to_text()).collect()
    }
}

impl Notice {
    pub fn orders(node: &str) -> String {
        Notice { node: node.to_owned(), orders: true, ..Notice::default() }.to_text()
    }

    pub fn endpoints(node: &str) -> String {
        Notice { node: node.to_owned(), endpoints: true, ..Notice::default() }.to_text()
    }

    fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and truths are JSON")
    }

    pub fn news(&self) -> Vec<News> {
        let ids = |texts: &[String]| texts.iter().filter_map(|id| id.parse().ok()).collect::<Vec<ChannelId>>();
        let mut news = Vec::new();
        if !self.channels.is_empty() {
            news.push(News::Channels(ids(&self.channels)));
        }
        if !self.outbox.is_empty() {
            news.push(News::Outbox(ids(&self.outbox)));
        }
        if self.endpoints {
            news.push(News::Endpoints);
        }
        if self.orders {
            news.push(News::Orders);
        }
        if self.access {
            news.push(News::Access);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::Timestamp;

    fn ids(numbers: std::ops::Range<u128>) -> BTreeSet<ChannelId> {
        numbers.map(|n| ChannelId::new(Timestamp::EPOCH, n)).collect()
    }

    #[test]
    fn nothing_to_tell_makes_no_notification() {
        assert!(Told::default().notices("a", None).is_empty());
        assert_eq!(Told::default().notices("a", Some(3)).len(), 1);
    }

    #[test]
    fn everything_is_told_in_pieces_that_fit() {
        let told = Told { channels: ids(0..450), outbox: ids(100..500), endpoints: true, access: true };
        let (mut channels, mut outbox) = (BTreeSet::new(), BTreeSet::new());
        let notices = told.notices("0123456789abcdef", Some(u64::MAX));
        let (mut endpoints, mut access, mut seq) = (0, 0, None);
        for text in &notices {
            assert!(text.len() < 8000, "{}", text.len());
            let notice: Notice = serde_json::from_str(text).unwrap();
            seq = notice.seq.or(seq);
            for news in notice.news() {
                match news {
                    News::Channels(ids) => channels.extend(ids),
                    News::Outbox(ids) => outbox.extend(ids),
                    News::Endpoints => endpoints += 1,
                    News::Access => access += 1,
                    News::Orders | News::Missed => panic!("nobody said so"),
                }
            }
        }
        assert_eq!((channels, outbox, endpoints, access, seq), (told.channels, told.outbox, 1, 1, Some(u64::MAX)));
    }
}
