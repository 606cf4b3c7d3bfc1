use crate::{ChannelId, ChatId, Reach, Scope};

/// A scope, and how far it goes. Made by [`Permit::new`], which takes a binding away that its scope does not have, so
/// that two permits for the same are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permit {
    pub scope: Scope,
    pub channels: Reach<ChannelId>,
    /// The chats that messages go to or come from; `All` for scopes that are not about messages.
    pub recipients: Reach<ChatId>,
}

impl Permit {
    /// Of the whole scope.
    pub fn of(scope: Scope) -> Self {
        Permit { scope, channels: Reach::All, recipients: Reach::All }
    }

    /// `None` when it would permit nothing.
    pub fn new(scope: Scope, channels: Reach<ChannelId>, recipients: Reach<ChatId>) -> Option<Self> {
        let channels = if scope.is_by_channel() { channels } else { Reach::All };
        let recipients = if scope.is_by_chat() { recipients } else { Reach::All };
        (!channels.is_nothing() && !recipients.is_nothing()).then_some(Permit { scope, channels, recipients })
    }

    fn allows(&self, scope: Scope, channel: Option<ChannelId>, chat: Option<&ChatId>) -> bool {
        self.scope.implies(scope)
            && channel.is_none_or(|channel| self.channels.contains(&channel))
            && (!scope.is_by_chat() || chat.is_none_or(|chat| self.recipients.contains(chat)))
    }

    /// Whether this one alone takes in all of `other`.
    fn covers(&self, other: &Permit) -> bool {
        self.scope.implies(other.scope)
            && other.channels.within(&self.channels)
            && (!other.scope.is_by_chat() || other.recipients.within(&self.recipients))
    }

    /// Both as one, when they differ in one binding only.
    fn joined(&self, other: &Permit) -> Option<Permit> {
        if self.scope != other.scope {
            return None;
        }
        if self.recipients == other.recipients {
            return Permit::new(self.scope, self.channels.join(&other.channels), self.recipients.clone());
        }
        if self.channels == other.channels {
            return Permit::new(self.scope, self.channels.clone(), self.recipients.join(&other.recipients));
        }
        None
    }
}

/// What an app may do: each of its permits, whatever the others say. Sorted; none that another takes in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permits(Vec<Permit>);

impl Permits {
    pub fn new(permits: impl IntoIterator<Item = Permit>) -> Self {
        let mut all = Permits::default();
        for permit in permits {
            all.widen(permit);
        }
        all
    }

    /// The whole of these scopes, each bound to the same channels and, where it is about messages, chats.
    pub fn of(scopes: &[Scope], channels: &Reach<ChannelId>, recipients: &Reach<ChatId>) -> Self {
        Permits::new(scopes.iter().filter_map(|scope| Permit::new(*scope, channels.clone(), recipients.clone())))
    }

    /// Everything that an app can have.
    pub fn everything() -> Self {
        Permits::new(Scope::ALL.map(Permit::of))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Permit> {
        self.0.iter()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether some channel and chat are in the reach of this scope.
    pub fn has(&self, scope: Scope) -> bool {
        self.allows(scope, None, None)
    }

    /// Whether one of the permits has this scope for this channel and this chat. `None` is for what belongs to no channel,
    /// or to no chat: any reach will do there.
    pub fn allows(&self, scope: Scope, channel: Option<ChannelId>, chat: Option<&ChatId>) -> bool {
        self.0.iter().any(|permit| permit.allows(scope, channel, chat))
    }

    /// The channels for which some permit has this scope, for some chat at least. Nothing when none has.
    pub fn channels(&self, scope: Scope) -> Reach<ChannelId> {
        let of_scope = self.0.iter().filter(|permit| permit.scope.implies(scope));
        of_scope.fold(Reach::nothing(), |reach, permit| reach.join(&permit.channels))
    }

    /// The chats of this channel that are in the reach of this scope.
    pub fn recipients(&self, scope: Scope, channel: ChannelId) -> Reach<ChatId> {
        let of_channel = self.0.iter().filter(|permit| permit.allows(scope, Some(channel), None));
        of_channel.fold(Reach::nothing(), |reach, permit| reach.join(&permit.recipients))
    }

    /// Whether everything that these allow is allowed by `other` too.
    pub fn within(&self, other: &Permits) -> bool {
        self.0.iter().all(|permit| other.cover(permit))
    }

    /// What this permit allows is allowed from now on, too.
    pub fn widen(&mut self, permit: Permit) {
        let Some(mut permit) = Permit::new(permit.scope, permit.channels, permit.recipients) else { return };
        loop {
            if self.0.iter().any(|other| other.covers(&permit)) {
                return;
            }
            self.0.retain(|other| !permit.covers(other));
            let joined = self.0.iter().enumerate().find_map(|(n, other)| Some((n, other.joined(&permit)?)));
            let Some((n, joined)) = joined else { break };
            self.0.remove(n);
            permit = joined;
        }
        let place = self.0.partition_point(|other| *other < permit);
        self.0.insert(place, permit);
    }

    /// What both allow: permit by permit.
    #[must_use]
    pub fn meet(&self, other: &Permits) -> Self {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(move |two| (one, two)));
        Permits::new(pairs.filter_map(|(one, two)| {
            let scope = if one.scope.implies(two.scope) {
                two.scope
            } else if two.scope.implies(one.scope) {
                one.scope
            } else {
                return None;
            };
            Permit::new(scope, one.channels.meet(&two.channels), one.recipients.meet(&two.recipients))
        }))
    }

    /// Whether the permits together take in all of this one, though perhaps none does alone: for each channel and chat that
    /// it names, and, where it is for all, for one that nobody names.
    fn cover(&self, permit: &Permit) -> bool {
        let same: Vec<&Permit> = self.0.iter().filter(|other| other.scope.implies(permit.scope)).collect();
        if same.iter().any(|other| other.covers(permit)) {
            return true;
        }
        let by_chat = permit.scope.is_by_chat();
        let channels = atoms(&permit.channels, same.iter().map(|other| &other.channels));
        let chats = atoms(&permit.recipients, same.iter().map(|other| &other.recipients));
        channels.iter().all(|channel| {
            let here: Vec<&&Permit> = same.iter().filter(|other| holds(&other.channels, *channel)).collect();
            chats.iter().all(|chat| here.iter().any(|other| !by_chat || holds(&other.recipients, *chat)))
        })
    }
}

/// What has to be looked at, one by one, to know all of `reach`; `None` stands for what no list names.
fn atoms<'a, T: Ord + Clone + 'a>(reach: &'a Reach<T>, others: impl Iterator<Item = &'a Reach<T>>) -> Vec<Option<&'a T>> {
    match reach {
        Reach::Only(items) => items.iter().map(Some).collect(),
        Reach::All => {
            let mut named: Vec<&T> = others.filter_map(Reach::named).flatten().collect();
            named.sort();
            named.dedup();
            named.into_iter().map(Some).chain([None]).collect()
        }
    }
}

fn holds<T: Ord + Clone>(reach: &Reach<T>, atom: Option<&T>) -> bool {
    match atom {
        Some(item) => reach.contains(item),
        None => *reach == Reach::All,
    }
}

impl<'a> IntoIterator for &'a Permits {
    type Item = &'a Permit;
    type IntoIter = std::slice::Iter<'a, Permit>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use proptest::prelude::*;

    fn channel(n: u8) -> ChannelId {
        ChannelId::new(Timestamp::EPOCH, u128::from(n))
    }

    fn chat(n: u8) -> ChatId {
        format!("155501001{n:02}@s.whatsapp.net").parse().unwrap()
    }

    fn channels() -> impl Strategy<Value = Reach<ChannelId>> {
        prop_oneof![Just(Reach::All), proptest::collection::vec((0_u8..3).prop_map(channel), 1..4).prop_map(Reach::only)]
    }

    fn chats() -> impl Strategy<Value = Reach<ChatId>> {
        prop_oneof![Just(Reach::All), proptest::collection::vec((0_u8..3).prop_map(chat), 1..4).prop_map(Reach::only)]
    }

    fn permit() -> impl Strategy<Value = Permit> {
        (proptest::sample::select(&Scope::ALL[..]), channels(), chats())
            .prop_map(|(scope, channels, chats)| Permit::new(scope, channels, chats).unwrap())
    }

    fn list() -> impl Strategy<Value = Vec<Permit>> {
        proptest::collection::vec(permit(), 0..7)
    }

    /// Every question there is over channels 0..4 and chats 0..4: 3 of each is named by nobody.
    fn answers(allows: impl Fn(Scope, Option<ChannelId>, Option<&ChatId>) -> bool) -> Vec<bool> {
        let mut answers = Vec::new();
        for scope in Scope::ALL {
            for channel in (0..4).map(|n| Some(channel(n))).chain([None]) {
                for chat in (0..4).map(|n| Some(chat(n))).chain([None]) {
                    answers.push(allows(scope, channel, chat.as_ref()));
                }
            }
        }
        answers
    }

    proptest! {
        #[test]
        fn joining_permits_changes_no_answer(list in list()) {
            let permits = Permits::new(list.clone());
            let alone = |scope, channel, chat: Option<&ChatId>| list.iter().any(|p| p.allows(scope, channel, chat));
            prop_assert_eq!(answers(|s, c, r| permits.allows(s, c, r)), answers(alone));
        }

        #[test]
        fn within_is_what_the_answers_say(a in list(), b in list()) {
            let (a, b) = (Permits::new(a), Permits::new(b));
            // A question about no channel or chat is answered by any reach, so it says nothing about how far one goes.
            let mut narrower = true;
            for scope in Scope::ALL {
                for n in 0..4 {
                    for m in 0..4 {
                        let asks = |p: &Permits| p.allows(scope, Some(channel(n)), Some(&chat(m)));
                        narrower &= !asks(&a) || asks(&b);
                    }
                }
            }
            prop_assert_eq!(a.within(&b), narrower);
        }

        #[test]
        fn a_wider_one_takes_in_both(a in list(), one in permit()) {
            let a = Permits::new(a);
            let mut wider = a.clone();
            wider.widen(one.clone());
            prop_assert!(a.within(&wider) && Permits::new([one]).within(&wider) && wider.within(&Permits::everything()));
        }

        #[test]
        fn the_meet_of_two_is_within_each_and_allows_what_both_do(a in list(), b in list()) {
            let (a, b) = (Permits::new(a), Permits::new(b));
            let both = a.meet(&b);
            prop_assert!(both.within(&a) && both.within(&b));
            for scope in Scope::ALL {
                for n in 0..4 {
                    for m in 0..4 {
                        let asks = |p: &Permits| p.allows(scope, Some(channel(n)), Some(&chat(m)));
                        prop_assert_eq!(asks(&both), asks(&a) && asks(&b));
                    }
                }
            }
        }

        #[test]
        fn the_reach_of_a_scope_is_what_it_allows(list in list(), n in 0_u8..4, m in 0_u8..4) {
            let permits = Permits::new(list);
            for scope in Scope::ALL {
                prop_assert_eq!(permits.channels(scope).contains(&channel(n)), permits.allows(scope, Some(channel(n)), None));
                prop_assert_eq!(
                    permits.recipients(scope, channel(n)).contains(&chat(m)),
                    permits.allows(scope, Some(channel(n)), Some(&chat(m)))
                );
            }
        }

        #[test]
        fn the_order_of_permits_does_not_matter_to_what_they_allow(mut list in list()) {
            let forth = Permits::new(list.clone());
            list.reverse();
            let back = Permits::new(list);
            prop_assert!(forth.within(&back) && back.within(&forth));
        }
    }

    #[test]
    fn to_propose_is_not_to_send() {
        let asks = Permits::new([Permit::of(Scope::MessagesSendAsk)]);
        assert!(asks.has(Scope::MessagesSendAsk) && !asks.has(Scope::MessagesSend));
        let sends = Permits::new([Permit::of(Scope::MessagesSend)]);
        assert!(sends.has(Scope::MessagesSendAsk) && asks.within(&sends) && !sends.within(&asks));
    }

    #[test]
    fn nothing_is_allowed_by_nothing() {
        assert!(answers(|s, c, r| Permits::default().allows(s, c, r)).iter().all(|answer| !answer));
        assert_eq!(Permit::new(Scope::MessagesRead, Reach::nothing(), Reach::All), None);
        assert_eq!(Permit::new(Scope::MessagesRead, Reach::All, Reach::nothing()), None);
    }

    #[test]
    fn a_binding_that_a_scope_does_not_have_is_not_kept() {
        let bound = Permit::new(Scope::AppsManage, Reach::only([channel(1)]), Reach::only([chat(1)]));
        assert_eq!(bound, Some(Permit::of(Scope::AppsManage)));
        let bound = Permit::new(Scope::EventsRead, Reach::only([channel(1)]), Reach::only([chat(1)])).unwrap();
        assert_eq!((bound.channels, bound.recipients), (Reach::only([channel(1)]), Reach::All));
    }
}
