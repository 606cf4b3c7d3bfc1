use crate::problem::{FieldError, Problem};
use domain::ChannelId;
use serde::Deserialize;
use utoipa::IntoParams;

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
    /// Pages only: how many at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<u32>,
}

/// Which events somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Types, or families as `message.*`; empty: all.
    pub kinds: Vec<String>,
    pub channel: Option<ChannelId>,
}

impl Filter {
    pub fn of(asked: &EventsQuery) -> Result<Self, Problem> {
        let kinds = asked.types.as_deref().map(kinds).transpose()?.unwrap_or_default();
        let channel = asked.channel.as_deref().map(str::parse).transpose();
        let channel =
            channel.map_err(|e: domain::IdError| Problem::invalid(vec![FieldError::parameter("channel", e.to_string())]))?;
        Ok(Filter { kinds, channel })
    }

    pub fn takes(&self, kind: &str, channel: Option<ChannelId>) -> bool {
        let kind_fits = self.kinds.is_empty()
            || self.kinds.iter().any(|wanted| match wanted.strip_suffix('*') {
                Some(family) => kind.starts_with(family),
                None => kind == wanted,
            });
        kind_fits && (self.channel.is_none() || self.channel == channel)
    }
}

fn kinds(text: &str) -> Result<Vec<String>, Problem> {
    let wanted: Vec<&str> = text.split(',').map(str::trim).collect();
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let fits = |w: &str| w.split_once('.').is_some_and(|(family, rest)| word(family) && (rest == "*" || word(rest)));
    if wanted == ["*"] {
        return Ok(Vec::new());
    }
    if wanted.len() > 32 || !wanted.iter().all(|w| fits(w)) {
        let detail = "must be types such as message.received or families such as channel.*, separated by commas";
        return Err(Problem::invalid(vec![FieldError::parameter("types", detail)]));
    }
    Ok(wanted.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn types_are_words_or_families() {
        let filter = |text: &str| Filter { kinds: kinds(text).unwrap(), channel: None };
        assert!(filter("message.received,channel.*").takes("channel.stuck", None));
        assert!(filter("message.received").takes("message.received", None));
        assert!(!filter("message.received").takes("message.read", None));
        assert!(filter("*").takes("anything.at_all", None));
        for bad in ["", "message", "message.", ".x", "message.received,", "Message.received", "message.re%"] {
            assert!(kinds(bad).is_err(), "{bad}");
        }
    }
}
