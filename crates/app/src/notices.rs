//! What a person is told by a notification: changes of the channels, and what the event log says of webhooks, of messages
//! that wait for somebody, and of programs that ask to be let in.

mod log;
mod watcher;

use domain::{ChannelId, ChannelView, EndpointId, Notice, Overview};
use futures::stream::{self, Stream, StreamExt as _};
use ledger::Ledger;
use std::sync::Arc;
use tokio::sync::watch;
use watcher::Watcher;

/// One thing worth a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub notice: Notice,
    pub about: About,
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Channel(Box<ChannelView>),
    Webhook {
        id: EndpointId,
        /// Without credentials, query and fragment.
        url: String,
    },
    /// A message that could not be sent. Neither its text nor whom it was for.
    Message {
        channel: ChannelId,
        channel_name: String,
        why: String,
    },
    /// A program that asks to be let in.
    App {
        /// As it calls itself: anything.
        name: String,
    },
    /// A message that an app proposes. Neither its text nor whom it is for.
    Ask {
        channel_name: String,
    },
    /// Keys that open nothing.
    Attempts {
        /// How many, and from where, in a sentence.
        summary: String,
    },
}

/// Both sources as they come. What is there at the start is no news.
pub(crate) fn all(overview: watch::Receiver<Arc<Overview>>, ledger: Ledger) -> impl Stream<Item = News> + Send + use<> {
    stream::select(Box::pin(of_channels(overview.clone())), Box::pin(log::news(ledger, overview)))
}

fn of_channels(mut overview: watch::Receiver<Arc<Overview>>) -> impl Stream<Item = News> + Send {
    overview.mark_changed();
    let state = (overview, Watcher::default());
    let changes = stream::unfold(state, |(mut overview, mut watcher)| async move {
        overview.changed().await.ok()?;
        let now = overview.borrow_and_update().clone();
        let news = watcher.news(&now);
        Some((stream::iter(news), (overview, watcher)))
    });
    changes.flatten().map(|(notice, channel)| News { notice, about: About::Channel(Box::new(channel)) })
}
