//! Gathers news until they are worth one notification: channels that drop together are found out one after another. Pure; the
//! time is an argument.

use app::News;
use domain::Notice;
use std::time::{Duration, Instant};

/// Shown once nothing more has come for this long,
const QUIET: Duration = Duration::from_secs(1);
/// but the oldest waits no longer than this.
const LONGEST: Duration = Duration::from_secs(4);
/// What machines cause by the hundred is shown no more often than this.
const SPACING: Duration = Duration::from_secs(60);
/// More than this are not kept; they would be "and others" anyway. The newest are, because the last word counts.
const MOST: usize = 1000;

#[derive(Debug, Default)]
pub struct Coalescer {
    waiting: Vec<(Instant, News)>,
    /// When something was shown last of what is spaced, by kind.
    shown: Vec<(Notice, Instant)>,
}

impl Coalescer {
    pub fn hear(&mut self, news: News, now: Instant) {
        if self.waiting.len() == MOST {
            self.waiting.remove(0);
        }
        self.waiting.push((now, news));
    }

    /// When [`take`](Self::take) will give something; `None` while nothing waits.
    pub fn due(&self) -> Option<Instant> {
        KINDS.iter().filter_map(|kind| self.due_of(*kind)).min()
    }

    /// All that is due, in the order in which it came. With one kind everything goes that has waited long enough to be due with
    /// it, so that what happened together is told together.
    pub fn take(&mut self, now: Instant) -> Vec<News> {
        let due: Vec<Notice> = KINDS.into_iter().filter(|kind| self.due_of(*kind).is_some_and(|at| at <= now)).collect();
        if due.is_empty() {
            return Vec::new();
        }
        let goes = |notice: Notice| due.contains(&notice) || (!is_spaced(notice) && due.iter().any(|kind| !is_spaced(*kind)));
        let (taken, stays) = std::mem::take(&mut self.waiting).into_iter().partition(|(_, news)| goes(news.notice));
        self.waiting = stays;
        for kind in due.into_iter().filter(|kind| is_spaced(*kind)) {
            self.shown.retain(|(shown, _)| *shown != kind);
            self.shown.push((kind, now));
        }
        Vec::into_iter(taken).map(|(_, news): (Instant, News)| news).collect()
    }

    fn due_of(&self, kind: Notice) -> Option<Instant> {
        let of_kind = || self.waiting.iter().filter(|(_, news)| news.notice == kind).map(|(at, _)| *at);
        let (first, last) = (of_kind().min()?, of_kind().max()?);
        let gathered = (last + QUIET).min(first + LONGEST);
        let spaced = self.shown.iter().find(|(shown, _)| *shown == kind).map(|(_, at)| *at + SPACING);
        Some(spaced.map_or(gathered, |spaced| spaced.max(gathered)))
    }
}

const KINDS: [Notice; 11] = [
    Notice::Paired,
    Notice::Disconnected,
    Notice::Stuck,
    Notice::Flapping,
    Notice::Recovered,
    Notice::WebhookPaused,
    Notice::WebhookDisabled,
    Notice::MessageFailed,
    Notice::AppRequested,
    Notice::MessageAsking,
    Notice::AccessAttempts,
];

fn is_spaced(notice: Notice) -> bool {
    match notice {
        Notice::MessageFailed
        | Notice::WebhookPaused
        | Notice::WebhookDisabled
        | Notice::MessageAsking
        | Notice::AccessAttempts => true,
        Notice::AppRequested | Notice::Paired | Notice::Disconnected | Notice::Stuck | Notice::Flapping | Notice::Recovered => {
            false
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::example;
    use app::About;

    fn stuck(n: u128) -> News {
        News { notice: Notice::Stuck, about: About::Channel(example::stuck(n, "c").into()) }
    }

    fn recovered(n: u128) -> News {
        News { notice: Notice::Recovered, about: About::Channel(example::connected(n, "c").into()) }
    }

    fn failed() -> News {
        let channel = example::connected(1, "c").id;
        News { notice: Notice::MessageFailed, about: About::Message { channel, channel_name: "c".into(), why: String::new() } }
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// What is shown, and when, if each of `news` comes at its time.
    fn shown(news: Vec<(Duration, News)>) -> Vec<(Duration, usize)> {
        let start = Instant::now();
        let (mut coalescer, mut shown) = (Coalescer::default(), Vec::new());
        let mut news = news.into_iter().peekable();
        loop {
            let (due, next) = (coalescer.due(), news.peek().map(|(at, _)| start + *at));
            match (due, next) {
                (Some(due), next) if next.is_none_or(|next| due <= next) => {
                    let taken = coalescer.take(due).len();
                    assert!(taken > 0, "it was due and gave nothing");
                    shown.push((due - start, taken));
                }
                (_, Some(_)) => {
                    let (at, one) = news.next().unwrap();
                    coalescer.hear(one, start + at);
                }
                (_, None) => return shown,
            }
        }
    }

    #[test]
    fn one_is_shown_after_a_moment() {
        assert_eq!(shown(vec![(ms(0), stuck(1))]), [(QUIET, 1)]);
    }

    #[test]
    fn ten_that_are_found_out_one_after_another_are_shown_together() {
        let ten = (0..10).map(|n| (ms(300 * n), stuck(n.into()))).collect();
        assert_eq!(shown(ten), [(ms(2700) + QUIET, 10)]);
    }

    #[test]
    fn a_stream_that_never_rests_is_shown_in_parts() {
        let all: Vec<_> = (0..20).map(|n| (ms(500 * n), stuck(n.into()))).collect();
        let shown = shown(all);
        assert_eq!(shown[0].0, LONGEST);
        assert!(shown.len() < 5 && shown.iter().map(|(_, n)| n).sum::<usize>() == 20, "{shown:?}");
    }

    #[test]
    fn what_came_together_is_told_together() {
        assert_eq!(shown(vec![(ms(0), stuck(1)), (ms(800), recovered(1))]), [(QUIET, 2)]);
    }

    #[test]
    fn messages_that_fail_by_the_hundred_are_told_once_a_minute() {
        let all = (0..300).map(|n| (ms(300 * n), failed())).collect();
        let shown = shown(all);
        assert_eq!(shown.iter().map(|(_, n)| n).sum::<usize>(), 300);
        assert_eq!(shown.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [LONGEST, LONGEST + SPACING, LONGEST + SPACING * 2]);
    }

    #[test]
    fn nothing_waits_for_nothing() {
        let mut coalescer = Coalescer::default();
        assert_eq!(coalescer.due(), None);
        assert!(coalescer.take(Instant::now()).is_empty());
    }
}
