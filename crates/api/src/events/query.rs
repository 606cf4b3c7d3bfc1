use super::kinds;
use crate::guard::Subject;
use crate::problem::{FieldError, Problem};
use domain::{ChannelId, EventFilter, IdError, MessageId};
use ledger::EventQuery;
use serde::Deserialize;
use std::str::FromStr;
use utoipa::IntoParams;

const MOST_TYPES: usize = 64;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only events after this `seq`. A stream without it (and without `Last-Event-ID`) begins now; a page begins with the oldest.
    #[serde(default)]
    pub after: Option<u64>,
    /// Only these types, separated by commas; `message.*` takes all of a kind.
    #[serde(default)]
    #[param(example = "message.received,channel.*")]
    types: Option<String>,
    /// Only this channel.
    #[serde(default)]
    #[param(example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    channel: Option<String>,
    /// Only events of this message.
    #[serde(default)]
    #[param(example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    message: Option<String>,
    /// Pages only: how many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
}

/// Which events somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Of one channel, or of all and none.
    pub wanted: EventFilter,
    pub message: Option<MessageId>,
}

impl Filter {
    pub fn of(asked: &EventsQuery) -> Result<Self, Problem> {
        let kinds = asked.types.as_deref().map(types).transpose()?.unwrap_or_default();
        let channel: Option<ChannelId> = id("channel", asked.channel.as_deref())?;
        let wanted = EventFilter { channels: channel.into_iter().collect(), kinds };
        Ok(Filter { wanted, message: id("message", asked.message.as_deref())? })
    }

    pub fn channel(&self) -> Option<ChannelId> {
        self.wanted.channels.first().copied()
    }

    pub fn takes(&self, kind: &str, about: &Subject) -> bool {
        (self.message.is_none() || self.message == about.message) && self.wanted.matches(kind, about.channel)
    }

    /// The same question to the ledger.
    pub fn query(&self, after: u64, limit: u32) -> EventQuery {
        EventQuery { after, limit, kinds: self.wanted.kinds.clone(), channel: self.channel(), message: self.message }
    }
}

fn id<T: FromStr<Err = IdError>>(parameter: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    let refused = |e: IdError| Problem::invalid(vec![FieldError::parameter(parameter, e.to_string())]);
    text.map(str::parse).transpose().map_err(refused)
}

fn types(text: &str) -> Result<Vec<String>, Problem> {
    let wanted: Vec<&str> = text.split(',').map(str::trim).collect();
    let refused = |says: String| Problem::invalid(vec![FieldError::parameter("types", says)]);
    if wanted.len() > MOST_TYPES {
        return Err(refused(format!("must be at most {MOST_TYPES}")));
    }
    wanted.iter().try_for_each(|kind| kinds::check(kind)).map_err(refused)?;
    // What takes all needs no filter.
    if wanted.contains(&"*") { Ok(Vec::new()) } else { Ok(wanted.into_iter().map(str::to_owned).collect()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn types_are_words_or_families() {
        let filter =
            |text: &str| Filter { wanted: EventFilter { channels: vec![], kinds: types(text).unwrap() }, message: None };
        assert!(filter("message.received, channel.*").takes("channel.stuck", &Subject::default()));
        assert!(filter("message.received").takes("message.received", &Subject::default()));
        assert!(!filter("message.received").takes("message.read", &Subject::default()));
        assert!(filter("*").takes("anything.at_all", &Subject::default()) && filter("message.read,*") == Filter::default());
        for bad in ["", "message", "message.", ".x", "message.received,", "Message.received", "message.re%", "message.reda"] {
            assert!(types(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_message_has_its_events_and_no_others() {
        let at = domain::Timestamp::EPOCH;
        let (one, other) = (MessageId::new(at, 1), MessageId::new(at, 2));
        let filter = Filter { message: Some(one), ..Filter::default() };
        let of = |message| Subject { message, ..Subject::default() };
        assert!(filter.takes("message.sent", &of(Some(one))));
        assert!(!filter.takes("message.sent", &of(Some(other))) && !filter.takes("channel.stuck", &of(None)));
    }
}
