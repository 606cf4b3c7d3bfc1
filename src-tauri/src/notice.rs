//! Which news become desktop notifications, and in which words. Pure; `toast.rs` shows them.

use crate::route::{Prompt, Route};
use crate::words;
use app::{About, News, Notifications};
use domain::{ChannelView, Notice, State};

/// From how many of a kind at one moment they become one notification: a network that goes away takes every channel with it.
const CROWD: usize = 4;

/// One desktop notification, as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub title: String,
    pub body: String,
    /// Stays until it is dismissed: somebody has to do something.
    pub urgent: bool,
    /// What its button opens.
    pub opens: Route,
}

/// Whether the person wants to hear of this kind.
fn wanted(notice: Notice, switches: Notifications) -> bool {
    match notice {
        Notice::Paired => switches.paired,
        Notice::Disconnected => switches.disconnected,
        Notice::Stuck => switches.stuck,
        Notice::Flapping => switches.flapping,
        Notice::Recovered => switches.recovered,
        Notice::WebhookPaused | Notice::WebhookDisabled => switches.webhooks,
        Notice::MessageFailed => switches.failed,
        Notice::AppRequested | Notice::AccessAttempts => switches.apps,
        Notice::MessageAsking => switches.asks,
    }
}

/// The notifications for the news of one moment, oldest first.
pub fn toasts(news: &[News], switches: Notifications) -> Vec<Toast> {
    let mut channels: Vec<(Notice, &ChannelView)> = Vec::new();
    let mut webhooks: Vec<(Notice, &str)> = Vec::new();
    let mut messages: Vec<(&str, &str)> = Vec::new();
    let (mut programs, mut asks, mut attempts): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    for one in news {
        let wanted = wanted(one.notice, switches);
        match &one.about {
            About::Channel(channel) => {
                // What happened last to a channel is what counts: stuck and recovered within a moment is only recovered.
                channels.retain(|(_, earlier)| earlier.id != channel.id);
                if wanted {
                    channels.push((one.notice, channel));
                }
            }
            About::Webhook { url, .. } if wanted => webhooks.push((one.notice, url)),
            About::Message { channel_name, why, .. } if wanted => messages.push((channel_name, why)),
            About::App { name } if wanted => programs.push(name),
            About::Ask { channel_name } if wanted => asks.push(channel_name),
            About::Attempts { summary } if wanted => attempts.push(summary),
            About::Webhook { .. } | About::Message { .. } | About::App { .. } | About::Ask { .. } | About::Attempts { .. } => {}
        }
    }
    let mut toasts = Vec::new();
    for kind in [Notice::Paired, Notice::Disconnected, Notice::Stuck, Notice::Flapping, Notice::Recovered] {
        let of_kind: Vec<&ChannelView> = channels.iter().filter(|(notice, _)| *notice == kind).map(|(_, c)| *c).collect();
        if of_kind.len() >= CROWD {
            toasts.extend(crowd(kind, &of_kind));
        } else {
            toasts.extend(of_kind.into_iter().filter_map(|channel| of_channel(kind, channel)));
        }
    }
    toasts.extend(of_webhooks(&webhooks));
    toasts.extend(of_messages(&messages));
    toasts.extend(of_programs(&programs));
    toasts.extend(of_asks(&asks));
    toasts.extend(of_attempts(&attempts));
    toasts
}

fn of_channel(notice: Notice, channel: &ChannelView) -> Option<Toast> {
    let name = &channel.name;
    let (title, body, urgent) = match notice {
        Notice::Paired => (format!("{name} is paired"), paired_as(channel), false),
        Notice::Disconnected => (format!("{name} is disconnected"), why(channel), true),
        Notice::Stuck => (format!("{name} cannot reconnect"), why(channel), true),
        Notice::Flapping => (format!("{name} keeps losing its connection"), UNSTEADY.to_owned(), true),
        Notice::Recovered => (format!("{name} is connected again"), "Nothing to do.".to_owned(), false),
        Notice::WebhookPaused
        | Notice::WebhookDisabled
        | Notice::MessageFailed
        | Notice::AppRequested
        | Notice::MessageAsking
        | Notice::AccessAttempts => return None,
    };
    Some(Toast { title, body, urgent, opens: Route::Channel(channel.id) })
}

const UNSTEADY: &str =
    "It comes back each time, and nothing is lost. Look at this machine's network, or at the channel's proxy.";

fn crowd(notice: Notice, channels: &[&ChannelView]) -> Option<Toast> {
    let count = channels.len();
    let (title, urgent) = match notice {
        Notice::Paired => (format!("{count} channels are paired"), false),
        Notice::Disconnected => (format!("{count} channels are disconnected"), true),
        Notice::Stuck => (format!("{count} channels cannot reconnect"), true),
        Notice::Flapping => (format!("{count} channels keep losing their connection"), true),
        Notice::Recovered => (format!("{count} channels are connected again"), false),
        Notice::WebhookPaused
        | Notice::WebhookDisabled
        | Notice::MessageFailed
        | Notice::AppRequested
        | Notice::MessageAsking
        | Notice::AccessAttempts => return None,
    };
    let named: Vec<&str> = channels.iter().take(3).map(|c| c.name.as_str()).collect();
    let body = format!("{} and {} more", named.join(", "), count - named.len());
    Some(Toast { title, body, urgent, opens: Route::Channels })
}

fn of_webhooks(webhooks: &[(Notice, &str)]) -> Option<Toast> {
    let (title, body) = match webhooks {
        [] => return None,
        [(Notice::WebhookDisabled, url)] => (
            "A webhook is off".to_owned(),
            format!("{url} answered that it is gone. Delete the webhook, or turn it on again when there is a receiver."),
        ),
        [(_, url)] => (
            "A webhook is paused".to_owned(),
            format!("{url} has failed for long. Events are kept: resume it when the receiver works."),
        ),
        more => {
            let mut urls: Vec<&str> = more.iter().map(|(_, url)| *url).collect();
            urls.dedup();
            (format!("{} webhooks need you", more.len()), urls.into_iter().take(3).collect::<Vec<_>>().join(", "))
        }
    };
    Some(Toast { title, body, urgent: true, opens: Route::Webhooks })
}

/// Neither the text nor the recipient: a notification lies open on a screen.
fn of_messages(messages: &[(&str, &str)]) -> Option<Toast> {
    let (title, body) = match messages {
        [] => return None,
        [(channel, why)] => ("A message was not sent".to_owned(), format!("{channel}: {why} Send it again, or discard it.")),
        more => {
            let mut channels: Vec<&str> = more.iter().map(|(channel, _)| *channel).collect();
            channels.sort_unstable();
            channels.dedup();
            let named = channels.iter().take(3).copied().collect::<Vec<_>>().join(", ");
            (format!("{} messages were not sent", more.len()), format!("{named}. Send them again, or discard them."))
        }
    };
    Some(Toast { title, body, urgent: true, opens: Route::Outbox })
}

/// Without the code, which belongs in the window alone: who reads a notification has not seen what is asked for.
fn of_programs(programs: &[&str]) -> Option<Toast> {
    let (title, body) = match programs {
        [] => return None,
        [name] => (
            format!("“{}” asks to use your channels", words::claimed(name)),
            "That is what the program calls itself. Look at what it wants, and allow or deny it.".to_owned(),
        ),
        more => {
            let named: Vec<_> = more.iter().take(3).map(|name| format!("“{}”", words::claimed(name))).collect();
            (format!("{} programs ask to use your channels", more.len()), named.join(", "))
        }
    };
    Some(Toast { title, body, urgent: true, opens: Route::Prompt(Prompt::Consent) })
}

/// Neither the text nor the recipient, as for messages that failed.
fn of_asks(channels: &[&str]) -> Option<Toast> {
    let (title, body) = match channels {
        [] => return None,
        [channel] => (
            "Send this message?".to_owned(),
            format!("An app wants to write from {channel}. Nothing leaves before you have seen it."),
        ),
        more => (
            format!("{} messages wait for your word", more.len()),
            "Apps want to send them. Nothing leaves before you have seen it.".to_owned(),
        ),
    };
    Some(Toast { title, body, urgent: true, opens: Route::Prompt(Prompt::Ask) })
}

fn of_attempts(attempts: &[&str]) -> Option<Toast> {
    let summary = attempts.last()?;
    let body = format!("{summary} They were refused. If you do not know why, look at your apps.");
    Some(Toast { title: "Somebody tries wrong keys".to_owned(), body, urgent: true, opens: Route::Apps })
}

fn paired_as(channel: &ChannelView) -> String {
    let who = channel.identity.as_ref().and_then(|identity| identity.push_name.as_deref());
    match who {
        Some(name) => format!("Linked with {name}. It stays connected from now on."),
        None => "Linked with the phone. It stays connected from now on.".to_owned(),
    }
}

fn why(channel: &ChannelView) -> String {
    match &channel.state {
        State::Disconnected { reason, .. } => reason.sentence().to_owned(),
        State::Reconnecting { cause, .. } => cause.sentence().to_owned(),
        State::Pairing { .. } | State::Connected { .. } => String::new(),
    }
}

/// A body for a notification service that reads markup: names are people's words, not tags.
pub fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use domain::{EndpointId, Reason, Timestamp};

    fn channel(notice: Notice, channel: ChannelView) -> News {
        News { notice, about: About::Channel(channel.into()) }
    }

    fn webhook(notice: Notice, url: &str) -> News {
        News { notice, about: About::Webhook { id: EndpointId::new(Timestamp::EPOCH, 1), url: url.to_owned() } }
    }

    fn failed(name: &str) -> News {
        let about = About::Message {
            channel: example::connected(1, name).id,
            channel_name: name.to_owned(),
            why: "This number is not on WhatsApp.".to_owned(),
        };
        News { notice: Notice::MessageFailed, about }
    }

    fn program(name: &str) -> News {
        News { notice: Notice::AppRequested, about: About::App { name: name.to_owned() } }
    }

    fn ask(channel: &str) -> News {
        News { notice: Notice::MessageAsking, about: About::Ask { channel_name: channel.to_owned() } }
    }

    fn titles(news: &[News], switches: Notifications) -> Vec<String> {
        toasts(news, switches).into_iter().map(|t| t.title).collect()
    }

    fn all() -> Notifications {
        Notifications::default()
    }

    #[test]
    fn a_disconnect_says_why_and_what_to_do_and_opens_the_channel() {
        let shop = example::disconnected(1, "Shop", Reason::Unlinked);
        assert_eq!(
            toasts(&[channel(Notice::Disconnected, shop.clone())], all()),
            [Toast {
                title: "Shop is disconnected".to_owned(),
                body: Reason::Unlinked.sentence().to_owned(),
                urgent: true,
                opens: Route::Channel(shop.id),
            }]
        );
    }

    #[test]
    fn a_muted_kind_is_not_shown() {
        let news = [
            channel(Notice::Paired, example::connected(1, "a")),
            channel(Notice::Disconnected, example::disconnected(2, "b", Reason::Unlinked)),
            channel(Notice::Stuck, example::stuck(3, "c")),
            channel(Notice::Flapping, example::reconnecting(4, "d", 1)),
            channel(Notice::Recovered, example::connected(5, "e")),
            webhook(Notice::WebhookPaused, "http://127.0.0.1/"),
            failed("f"),
            program("g"),
            ask("h"),
        ];
        let shown = [
            "a is paired",
            "b is disconnected",
            "c cannot reconnect",
            "d keeps losing its connection",
            "e is connected again",
            "A webhook is paused",
            "A message was not sent",
            "“g” asks to use your channels",
            "Send this message?",
        ];
        assert_eq!(titles(&news, all()), shown);
        let without = |missing: usize| {
            shown.iter().enumerate().filter(|(n, _)| *n != missing).map(|(_, title)| (*title).to_owned()).collect::<Vec<_>>()
        };
        let muted = [
            Notifications { paired: false, ..all() },
            Notifications { disconnected: false, ..all() },
            Notifications { stuck: false, ..all() },
            Notifications { flapping: false, ..all() },
            Notifications { recovered: false, ..all() },
            Notifications { webhooks: false, ..all() },
            Notifications { failed: false, ..all() },
            Notifications { apps: false, ..all() },
            Notifications { asks: false, ..all() },
        ];
        for (n, switches) in muted.into_iter().enumerate() {
            assert_eq!(titles(&news, switches), without(n), "{switches:?}");
        }
    }

    #[test]
    fn many_at_once_are_one() {
        let news: Vec<_> = (1..=20).map(|n| channel(Notice::Stuck, example::stuck(n, &format!("c{n}")))).collect();
        let shown = toasts(&news, all());
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].title, "20 channels cannot reconnect");
        assert_eq!(shown[0].body, "c1, c2, c3 and 17 more");
        assert_eq!(shown[0].opens, Route::Channels);
        assert_eq!(toasts(&news[..3], all()).len(), 3);
    }

    #[test]
    fn only_the_last_word_on_a_channel_is_shown() {
        let news =
            [channel(Notice::Stuck, example::stuck(1, "Shop")), channel(Notice::Recovered, example::connected(1, "Shop"))];
        assert_eq!(titles(&news, all()), ["Shop is connected again"]);
        assert!(titles(&news, Notifications { recovered: false, ..all() }).is_empty());
    }

    #[test]
    fn messages_and_webhooks_are_one_notification_each() {
        let news = [
            failed("Shop"),
            failed("Desk"),
            failed("Shop"),
            webhook(Notice::WebhookDisabled, "http://127.0.0.1/a"),
            webhook(Notice::WebhookPaused, "http://127.0.0.1/b"),
        ];
        let shown = toasts(&news, all());
        assert_eq!(
            shown.iter().map(|t| (t.title.as_str(), t.opens)).collect::<Vec<_>>(),
            [("2 webhooks need you", Route::Webhooks), ("3 messages were not sent", Route::Outbox),]
        );
        assert_eq!(shown[1].body, "Desk, Shop. Send them again, or discard them.");
    }

    #[test]
    fn programs_that_ask_are_one_notification_that_leads_to_the_question() {
        let shown = toasts(&[program("Till\u{202e}"), program("Bot"), ask("Shop"), ask("Desk")], all());
        assert_eq!(
            shown.iter().map(|t| (t.title.as_str(), t.opens)).collect::<Vec<_>>(),
            [
                ("2 programs ask to use your channels", Route::Prompt(Prompt::Consent)),
                ("2 messages wait for your word", Route::Prompt(Prompt::Ask)),
            ]
        );
        assert_eq!(shown[0].body, "“Till□”, “Bot”");
        let attempts = News { notice: Notice::AccessAttempts, about: About::Attempts { summary: "50 tries.".to_owned() } };
        assert_eq!(toasts(&[attempts], all())[0].opens, Route::Apps);
    }

    #[test]
    fn a_name_cannot_carry_markup() {
        assert_eq!(without_markup("<b>A&B</b>"), "&lt;b&gt;A&amp;B&lt;/b&gt;");
    }
}
