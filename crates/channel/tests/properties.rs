//! What must never happen, whatever happens.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

use channel::{
    CALM_AFTER, CAP, Channel, Command, Effect, End, FLAPPING_LOSSES, FLAPPING_WITHIN, Input, Invalidation, News, STUCK_AFTER,
    SlotKind, VaultTrouble, step,
};
use domain::{Cause, Desired, Identity, Reason, State, StateKind, Timestamp};
use proptest::prelude::*;
use std::time::Duration;

/// A move of the world; whether it can happen depends on what the channel has asked for.
#[derive(Clone, Debug)]
enum Move {
    World(Input),
    /// The socket, if there is one, says this.
    Socket(Input),
    /// A shred that is under way ends so.
    Shred(bool),
    Wait(u64),
    /// Until the channel wants to be looked at.
    UntilDue,
}

fn identity() -> Identity {
    Identity { phone: Some("15550100123".parse().unwrap()), lid: None, push_name: None }
}

fn world() -> impl Strategy<Value = Input> {
    prop_oneof![
        6 => Just(Input::Command(Command::Start)),
        1 => Just(Input::Command(Command::Stop)),
        1 => Just(Input::Command(Command::Restart)),
        1 => Just(Input::Command(Command::Logout)),
        1 => Just(Input::Command(Command::PairByCode("15550100123".parse().unwrap()))),
        1 => Just(Input::Woke),
        1 => Just(Input::ClockSetBack),
        1 => Just(Input::NetworkUp),
        1 => Just(Input::NetworkDown),
        1 => Just(Input::NetworkChanged),
        1 => Just(Input::VaultUnlocked),
        2 => Just(Input::Due),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        1 => Just(End::Asked),
        3 => Just(End::Restart),
        6 => Just(End::Lost(Cause::Unreachable)),
        1 => Just(End::PairingExpired),
        1 => Just(End::PairingFailed),
        1 => Just(End::Invalidated(Invalidation::Unlinked)),
        1 => Just(End::Replaced),
        1 => (0i64..5000).prop_map(|s| End::Banned { until: Timestamp::from_secs(1_000_000 + s) }),
        1 => Just(End::ClientOutdated),
        2 => Just(End::Vault(VaultTrouble::Locked)),
        1 => Just(End::Vault(VaultTrouble::Missing)),
        1 => Just(End::WrongKey),
        1 => Just(End::StorageFailed),
    ]
}

fn socket() -> impl Strategy<Value = Input> {
    let soon = Timestamp::from_secs(1_000_020);
    prop_oneof![
        3 => Just(Input::Handshaken),
        2 => Just(Input::PairingQr { code: "qr".into(), expires_at: soon }),
        1 => Just(Input::PairingCode { code: "code".into(), expires_at: soon, phone: "15550100123".parse().unwrap() }),
        1 => Just(Input::PasskeyRequested { challenge: "{}".into(), expires_at: None }),
        3 => Just(Input::Paired { identity: identity() }),
        6 => Just(Input::Opened { identity: identity() }),
        1 => Just(Input::PushName { name: "Ada".into() }),
        1 => Just(Input::LivenessLost),
        1 => Just(Input::LogoutTold),
        1 => Just(Input::PairingCodeRefused),
        5 => end().prop_map(Input::Closed),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        3 => world().prop_map(Move::World),
        8 => socket().prop_map(Move::Socket),
        2 => any::<bool>().prop_map(Move::Shred),
        3 => (0u64..90_000).prop_map(Move::Wait),
        4 => Just(Move::UntilDue),
    ];
    proptest::collection::vec(one, 1..120)
}

/// The world outside the machine, counting what it asks for.
struct Watch {
    channel: Channel,
    now: Timestamp,
    sockets: u32,
    shredding: bool,
    /// By this very move, as a person (or WhatsApp) had ended the session before.
    shredded: bool,
    /// Shredding is allowed by what happened.
    may_shred: bool,
    stuck: bool,
    flapping: bool,
    /// When the machine may have lost connections, for the rule that flapping needs five in ten minutes.
    losses: Vec<Timestamp>,
    online: bool,
}

impl Watch {
    fn new() -> Self {
        let now = Timestamp::from_secs(1_000_000);
        Watch {
            channel: Channel::new(now),
            now,
            sockets: 0,
            shredding: false,
            shredded: false,
            may_shred: false,
            stuck: false,
            flapping: false,
            losses: Vec::new(),
            online: true,
        }
    }

    fn play(&mut self, step_: Move, jitter: f64) {
        self.shredded = false;
        match step_ {
            Move::World(input) => self.feed(input, jitter),
            Move::Socket(input) if self.sockets == 1 => self.feed(input, jitter),
            Move::Shred(ok) if self.shredding => {
                self.shredding = false;
                self.shredded = ok;
                self.feed(if ok { Input::Shredded } else { Input::ShredFailed }, jitter);
            }
            Move::Socket(_) | Move::Shred(_) => {}
            Move::Wait(ms) => {
                // Nobody sleeps past a deadline: that is the engine's contract.
                let until = self.now.plus(Duration::from_millis(ms));
                while let Some(due) = self.channel.due_at().filter(|due| *due <= until) {
                    self.now = self.now.max(due);
                    self.feed(Input::Due, jitter);
                }
                self.now = until;
            }
            Move::UntilDue => {
                if let Some(due) = self.channel.due_at() {
                    self.now = self.now.max(due);
                    self.feed(Input::Due, jitter);
                }
            }
        }
    }

    fn feed(&mut self, input: Input, jitter: f64) {
        match &input {
            Input::Closed(end) => {
                self.sockets -= 1;
                if let End::Invalidated(_) = end {
                    self.may_shred = true;
                }
            }
            Input::Command(Command::Logout | Command::Delete) => self.may_shred = true,
            Input::NetworkDown => self.online = false,
            Input::NetworkUp | Input::NetworkChanged => self.online = true,
            _ => {}
        }
        if self.channel.state().kind() == StateKind::Connected {
            match &input {
                Input::Closed(_) | Input::LivenessLost => self.losses.push(self.now),
                Input::ClockSetBack => self.losses.iter_mut().for_each(|at| *at = (*at).min(self.now)),
                _ => {}
            }
        }
        let before = self.channel.clone();
        let (after, effects) = step(&self.channel, input, self.now, jitter);
        self.channel = after;
        for effect in &effects {
            self.perform(effect);
        }
        self.check(&before, &effects);
    }

    fn perform(&mut self, effect: &Effect) {
        match effect {
            Effect::OpenSocket { .. } => {
                self.sockets += 1;
                assert!(self.sockets <= 1, "two sockets for one channel");
                assert!(!self.shredding, "a socket on auth-state that is being shredded");
                assert_eq!(self.channel.desired(), Desired::Running, "a socket that nobody wants");
            }
            Effect::AbandonSocket => self.sockets -= 1,
            Effect::CloseSocket | Effect::LogoutSocket | Effect::AskPairingCode(_) => {
                assert_eq!(self.sockets, 1, "{effect:?} without a socket");
            }
            Effect::Shred => {
                assert!(self.may_shred, "shredded though nothing invalidated the session");
                assert_eq!(self.sockets, 0, "shredded under a live socket");
                assert!(!self.shredding);
                self.shredding = true;
            }
            Effect::Tell(news) => match news {
                News::Stuck => {
                    assert!(!self.stuck, "stuck raised twice");
                    self.stuck = true;
                }
                News::Flapping => {
                    assert!(!self.flapping, "flapping raised twice");
                    let recent = self.losses.iter().filter(|at| self.now.since(**at) < FLAPPING_WITHIN).count();
                    assert!(recent >= FLAPPING_LOSSES, "a loop of {recent} losses");
                    self.flapping = true;
                }
                News::Recovered { .. } => {
                    assert!(self.stuck || self.flapping, "recovered without having been stuck or flapping");
                    (self.stuck, self.flapping) = (false, false);
                }
                // A flapping channel has not recovered by being connected.
                News::Connected => self.stuck = self.stuck && !self.flapping,
                News::Pairing | News::Disconnected(_) => (self.stuck, self.flapping) = (false, false),
                News::Reconnecting(_) => {}
            },
            Effect::Keep | Effect::FailOutbox | Effect::Forget => {}
        }
    }

    fn check(&self, before: &Channel, effects: &[Effect]) {
        let c = &self.channel;
        let has_socket = c.slot() != SlotKind::Empty;
        assert_eq!(has_socket, self.sockets == 1, "the slot tells the truth");
        assert_eq!(c.state().kind() == StateKind::Connected, c.slot() == SlotKind::Ready, "connected is a ready socket");
        assert_eq!(c.stuck_since().is_some(), self.stuck, "the flag and its events agree");
        assert_eq!(c.flapping_since().is_some(), self.flapping, "this flag too");
        if let (State::Connected { since, .. }, true) = (c.state(), self.flapping) {
            assert!(c.due_at().is_some_and(|due| due <= since.plus(CALM_AFTER)), "the end of a loop would go unnoticed");
        }

        // A change of state is told, once.
        let told = |e: &&Effect| {
            matches!(e, Effect::Tell(News::Pairing | News::Connected | News::Reconnecting(_) | News::Disconnected(_)))
        };
        let states = effects.iter().filter(told).count();
        assert!(states <= 1, "two states in one step: {effects:?}");
        if before.state().kind() != c.state().kind() {
            assert_eq!(states, 1, "a new state that nobody was told: {:?} -> {:?}", before.state(), c.state());
        }
        // What is recorded comes before what is done about it.
        let record = |e: &Effect| matches!(e, Effect::Tell(_) | Effect::Keep);
        let acts = effects.iter().position(|e| matches!(e, Effect::OpenSocket { .. } | Effect::Shred | Effect::Forget));
        let last_record = effects.iter().rposition(record);
        if let (Some(act), Some(record)) = (acts, last_record) {
            assert!(record < act, "acted before it was recorded: {effects:?}");
        }

        if let State::Reconnecting { next_attempt_at: Some(at), since, .. } = c.state() {
            if self.online {
                assert!(at.since(self.now) <= CAP, "a wait beyond the cap: {:?}", at.since(self.now));
            }
            if c.stuck_since().is_none() {
                assert!(c.due_at().is_some_and(|due| due <= since.plus(STUCK_AFTER)), "stuck would go unnoticed");
            }
        }
        if c.desired() == Desired::Running && !self.shredding {
            let person = match c.state() {
                State::Disconnected { reason, .. } => Channel::needs_person(*reason),
                State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => false,
            };
            assert!(has_socket || c.due_at().is_some() || person, "no way forward from {c:?}");
        }
        if let State::Disconnected { reason: Reason::VaultLocked, .. } = c.state() {
            let kept = c.holds_auth_state() || !before.holds_auth_state();
            assert!(kept || self.shredded, "a locked keychain cost the auth-state");
            assert!(!effects.contains(&Effect::Shred) || before.state() == c.state(), "a locked keychain shreds");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_rules_hold(moves in moves(), jitter in 0.0f64..1.0) {
        let mut watch = Watch::new();
        watch.play(Move::World(Input::Command(Command::Start)), jitter);
        for one in moves {
            watch.play(one, jitter);
        }
    }

    /// Comes up and breaks, over and over: every wait and every connection of any length.
    #[test]
    fn a_loop_is_told_once_and_its_end_too(spells in proptest::collection::vec((0u64..700_000, any::<bool>()), 1..60), jitter in 0.0f64..1.0) {
        let mut watch = Watch::new();
        watch.play(Move::World(Input::Command(Command::Start)), jitter);
        let opened = || Move::Socket(Input::Opened { identity: identity() });
        watch.play(opened(), jitter);
        for (connected, silent) in spells {
            watch.play(Move::Wait(connected), jitter);
            prop_assert!(!(watch.flapping && connected >= 300_000), "calm for five minutes and flapping still");
            let end = if silent { Input::LivenessLost } else { Input::Closed(End::Lost(Cause::ConnectionLost)) };
            watch.play(Move::Socket(end), jitter);
            if silent {
                watch.play(Move::Socket(Input::Closed(End::Asked)), jitter);
            }
            while watch.channel.slot() == SlotKind::Empty {
                watch.play(Move::UntilDue, jitter);
            }
            watch.play(opened(), jitter);
        }
    }

    #[test]
    fn a_deleted_channel_is_gone_in_the_end(moves in moves(), jitter in 0.0f64..1.0) {
        let mut watch = Watch::new();
        for one in moves {
            watch.play(one, jitter);
        }
        watch.play(Move::World(Input::Command(Command::Delete)), jitter);
        for _ in 0..20 {
            watch.play(Move::Shred(true), jitter);
            watch.play(Move::UntilDue, jitter);
        }
        prop_assert!(watch.channel.is_gone());
    }
}
