//! The life of a channel told in sentences, for the rules that a person would ask about.
#![allow(clippy::unwrap_used)]

use channel::{
    CALM_AFTER, CAP, Channel, Command, Effect, End, Input, Invalidation, News, SlotKind, Stored, VaultTrouble, hand_over,
    restore, step,
};
use domain::{Cause, Desired, Identity, Reason, Setback, State, Timestamp};
use std::time::Duration;

/// A channel with its clock, which acts as the engine does for a socket that does what it is asked.
struct Life {
    channel: Channel,
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Life {
    fn new() -> Self {
        let now = Timestamp::from_secs(1_000_000);
        Life { channel: Channel::new(now), now, effects: Vec::new() }
    }

    fn connected() -> Self {
        let mut life = Life::new();
        life.then(Input::Command(Command::Start)).then(Input::Handshaken);
        life.then(Input::Paired { identity: identity() }).then(Input::Closed(End::Restart));
        life.then(Input::Handshaken).then(Input::Opened { identity: identity() });
        life
    }

    fn then(&mut self, input: Input) -> &mut Self {
        let (channel, effects) = step(&self.channel, input, self.now, 0.0);
        self.channel = channel;
        self.effects = effects;
        self
    }

    fn pass(&mut self, span: Duration) -> &mut Self {
        self.now = self.now.plus(span);
        self
    }

    /// Lets time pass until the channel wants to be looked at, and looks. Gives the wait.
    fn until_due(&mut self) -> Duration {
        let wait = self.channel.due_at().unwrap().since(self.now);
        self.pass(wait).then(Input::Due);
        wait
    }

    fn fell(&self, wanted: &Effect) -> bool {
        self.effects.contains(wanted)
    }

    fn reason(&self) -> Option<Reason> {
        match self.channel.state() {
            State::Disconnected { reason, .. } => Some(*reason),
            State::Pairing { .. } | State::Connected { .. } | State::Reconnecting { .. } => None,
        }
    }

    fn cause(&self) -> Option<Cause> {
        match self.channel.state() {
            State::Reconnecting { cause, .. } => Some(*cause),
            State::Disconnected { .. } | State::Pairing { .. } | State::Connected { .. } => None,
        }
    }
}

fn identity() -> Identity {
    Identity { phone: Some("15550100123".parse().unwrap()), lid: None, push_name: Some("Ada".into()) }
}

const OPEN: Effect = Effect::OpenSocket { pair_by_code: None };
const LOST: Input = Input::Closed(End::Lost(Cause::ConnectionLost));

#[test]
fn a_drop_is_retried_within_a_second_and_later_ones_never_wait_longer_than_a_minute() {
    let mut life = Life::connected();
    life.pass(Duration::from_secs(3600)).then(LOST);
    assert_eq!(life.until_due(), Duration::from_millis(500));
    assert!(life.fell(&OPEN));
    for _ in 0..20 {
        life.then(LOST);
        let lost_at = life.now;
        while !life.fell(&OPEN) {
            life.until_due();
        }
        assert!(life.now.since(lost_at) <= CAP);
    }
}

#[test]
fn a_stable_connection_starts_the_schedule_anew() {
    let mut life = Life::connected();
    life.then(LOST);
    for _ in 0..3 {
        life.until_due();
        life.then(LOST);
    }
    life.until_due();
    life.then(Input::Opened { identity: identity() }).pass(Duration::from_secs(31)).then(LOST);
    assert_eq!(life.until_due(), Duration::from_millis(500));
}

/// Comes up, holds for `connected`, and breaks. Gives the wait that follows.
fn breaks_after(life: &mut Life, connected: Duration) -> Duration {
    life.then(Input::Opened { identity: identity() }).pass(connected).then(LOST);
    life.channel.due_at().unwrap().since(life.now)
}

fn comes_up(life: &mut Life) {
    while life.channel.slot() == SlotKind::Empty {
        life.until_due();
    }
}

#[test]
fn a_reconnect_loop_is_told_once_and_its_waits_grow_however_long_each_connection_held() {
    let mut life = Life::connected();
    let mut waits = Vec::new();
    let mut told = 0;
    for _ in 0..12 {
        waits.push(breaks_after(&mut life, Duration::from_secs(45)).as_millis());
        told += usize::from(life.fell(&Effect::Tell(News::Flapping)));
        comes_up(&mut life);
    }
    assert_eq!(told, 1);
    assert_eq!(waits[..5], [500; 5], "no loop yet");
    // A stuck channel is looked at in between; the waits for the next socket are these at least.
    assert!(waits[5..].is_sorted() && waits[11] >= 30_000, "{waits:?}");
    assert!(waits.iter().all(|ms| *ms <= CAP.as_millis()));
}

#[test]
fn five_minutes_of_connection_end_a_loop_and_nothing_less_does() {
    let mut life = Life::connected();
    for _ in 0..5 {
        breaks_after(&mut life, Duration::from_secs(10));
        comes_up(&mut life);
    }
    let since = life.channel.flapping_since();
    assert!(since.is_some());
    life.then(Input::Opened { identity: identity() }).pass(CALM_AFTER - Duration::from_secs(1)).then(Input::Due);
    assert_eq!(life.channel.flapping_since(), since);
    life.pass(Duration::from_secs(1)).then(Input::Due);
    assert_eq!(life.effects, [Effect::Tell(News::Recovered { stuck_since: since.unwrap() })]);
    assert_eq!(breaks_after(&mut life, Duration::ZERO), Duration::from_millis(500), "the waits start anew");
}

#[test]
fn a_flapping_channel_that_was_stuck_too_has_not_recovered_by_being_connected() {
    let mut life = Life::connected();
    for _ in 0..5 {
        breaks_after(&mut life, Duration::from_secs(1));
        comes_up(&mut life);
    }
    life.pass(Duration::from_secs(40)).then(Input::Due);
    assert!(life.fell(&Effect::Tell(News::Stuck)));
    life.then(Input::Opened { identity: identity() });
    assert_eq!(life.effects, [Effect::Tell(News::Connected)]);
    assert_eq!(life.channel.stuck_since(), None);
    life.pass(CALM_AFTER).then(Input::Due);
    assert!(matches!(life.effects[..], [Effect::Tell(News::Recovered { .. })]));
}

#[test]
fn the_loss_that_makes_a_loop_is_told_with_its_cause() {
    let mut life = Life::connected();
    for _ in 0..5 {
        life.then(Input::Opened { identity: identity() }).then(Input::LivenessLost);
        if life.channel.flapping_since().is_none() {
            life.then(Input::Closed(End::Asked));
            comes_up(&mut life);
        }
    }
    assert_eq!(life.effects[..2], [Effect::Tell(News::Reconnecting(Cause::NoAnswer)), Effect::Tell(News::Flapping)]);
    assert_eq!(life.cause(), Some(Cause::NoAnswer));
}

#[test]
fn what_a_person_or_another_network_ends_makes_no_loop() {
    let mut life = Life::connected();
    for n in 0..20 {
        let input = if n % 2 == 0 { Input::Command(Command::Restart) } else { Input::NetworkChanged };
        life.then(input).then(Input::Closed(End::Asked));
        comes_up(&mut life);
        life.then(Input::Opened { identity: identity() });
    }
    assert_eq!(life.channel.flapping_since(), None);
}

#[test]
fn waking_retries_at_once_whatever_the_wait_was() {
    let mut life = Life::connected();
    for _ in 0..7 {
        life.then(LOST).until_due();
    }
    life.then(LOST).then(Input::Woke);
    assert!(life.fell(&OPEN));
    assert_eq!(life.cause(), Some(Cause::Woke));
}

#[test]
fn a_night_asleep_makes_no_channel_stuck() {
    let mut life = Life::connected();
    life.then(LOST).pass(Duration::from_secs(8 * 3600)).then(Input::Woke).then(Input::Due);
    assert_eq!(life.channel.stuck_since(), None);
}

#[test]
fn offline_it_waits_for_the_network_and_then_goes_at_once() {
    let mut life = Life::connected();
    life.then(Input::NetworkDown).then(LOST);
    assert_eq!(life.cause(), Some(Cause::Offline));
    life.pass(Duration::from_secs(120)).then(Input::Due);
    assert_eq!(life.channel.slot(), SlotKind::Empty);
    life.then(Input::NetworkUp);
    assert!(life.fell(&OPEN));
}

#[test]
fn stuck_is_raised_after_thirty_seconds_and_cleared_by_the_next_connection() {
    let mut life = Life::connected();
    life.then(LOST);
    let since = life.now;
    while life.channel.stuck_since().is_none() {
        if life.channel.slot() == SlotKind::Opening {
            life.then(Input::Closed(End::Lost(Cause::Unreachable)));
        }
        life.until_due();
    }
    assert_eq!(life.now.since(since), Duration::from_secs(30));
    assert!(life.fell(&Effect::Tell(News::Stuck)));
    let stuck_since = life.now;
    while life.channel.slot() != SlotKind::Opening {
        life.until_due();
        assert!(!life.fell(&Effect::Tell(News::Stuck)));
    }
    life.then(Input::Opened { identity: identity() });
    assert_eq!(life.effects, [Effect::Tell(News::Connected), Effect::Tell(News::Recovered { stuck_since })]);
}

#[test]
fn a_socket_that_never_answers_is_given_up_and_one_that_never_closes_is_abandoned() {
    let mut life = Life::connected();
    life.then(LOST).until_due();
    assert_eq!(life.channel.slot(), SlotKind::Opening);
    while life.channel.slot() == SlotKind::Opening {
        life.until_due();
    }
    assert!(life.fell(&Effect::CloseSocket));
    assert_eq!(life.cause(), Some(Cause::NoAnswer));
    while life.channel.slot() == SlotKind::Closing {
        life.until_due();
    }
    assert_eq!(life.effects, [Effect::AbandonSocket, OPEN]);
}

#[test]
fn unlinking_shreds_and_the_next_start_waits_for_that() {
    let mut life = Life::connected();
    life.then(Input::Closed(End::Invalidated(Invalidation::Unlinked)));
    assert_eq!(life.effects, [Effect::Tell(News::Disconnected(Reason::Unlinked)), Effect::FailOutbox, Effect::Shred]);
    assert!(!life.channel.paired());
    life.then(Input::Command(Command::Start));
    assert_eq!(life.effects, [Effect::Tell(News::Pairing)]);
    life.then(Input::ShredFailed).until_due();
    assert_eq!(life.effects, [Effect::Shred]);
    life.then(Input::Shredded);
    assert_eq!(life.effects, [Effect::Keep, OPEN]);
}

#[test]
fn a_shred_that_a_crash_interrupted_is_finished_at_the_next_start() {
    let mut life = Life::connected();
    life.then(Input::Closed(End::Invalidated(Invalidation::Unlinked)));
    let stored = Stored {
        desired: life.channel.desired(),
        state: life.channel.state().clone(),
        holds_auth_state: life.channel.holds_auth_state(),
        identity: life.channel.identity().cloned(),
        cause: Cause::Starting,
    };
    let (channel, effects) = restore(stored, life.now, 0.0);
    assert_eq!(effects, [Effect::FailOutbox, Effect::Shred]);
    assert!(!channel.paired());
}

#[test]
fn a_replaced_session_is_kept_and_not_fought_for_even_after_a_restart_of_the_application() {
    let mut life = Life::connected();
    life.then(Input::Closed(End::Replaced));
    assert_eq!((life.reason(), life.channel.due_at()), (Some(Reason::Replaced), None));
    assert!(life.channel.paired());
    let stored = Stored {
        desired: Desired::Running,
        state: life.channel.state().clone(),
        holds_auth_state: true,
        identity: None,
        cause: Cause::Starting,
    };
    let (channel, effects) = restore(stored, life.now, 0.0);
    assert_eq!((effects, channel.due_at()), (vec![], None));
    let (_, effects) = step(&channel, Input::Command(Command::Start), life.now, 0.0);
    assert!(effects.contains(&OPEN));
}

#[test]
fn a_ban_ends_by_itself() {
    let mut life = Life::connected();
    let until = life.now.plus(Duration::from_secs(3600));
    life.then(Input::Closed(End::Banned { until }));
    assert_eq!(life.reason(), Some(Reason::Banned { until }));
    life.until_due();
    assert!(life.now >= until && life.fell(&OPEN));
    assert_eq!(life.cause(), Some(Cause::BanEnded));
}

#[test]
fn a_locked_keychain_wipes_nothing_and_is_looked_at_again_without_noise() {
    let mut life = Life::connected();
    life.then(LOST).until_due();
    life.then(Input::Closed(End::Vault(VaultTrouble::Locked)));
    for _ in 0..3 {
        assert_eq!(life.reason(), Some(Reason::VaultLocked));
        assert_eq!(life.until_due(), Duration::from_secs(30));
        assert_eq!(life.effects, [OPEN]);
        life.then(Input::Closed(End::Vault(VaultTrouble::Locked)));
        assert_eq!(life.effects, []);
    }
    assert!(life.channel.paired());
    life.then(Input::VaultUnlocked);
    assert_eq!(life.cause(), Some(Cause::VaultUnlocked));
    assert!(life.fell(&OPEN));
}

#[test]
fn a_restart_of_the_application_resumes_without_a_qr() {
    let life = Life::connected();
    let stored = Stored {
        desired: Desired::Running,
        state: life.channel.state().clone(),
        holds_auth_state: true,
        identity: Some(identity()),
        cause: Cause::Starting,
    };
    let (channel, effects) = restore(stored, life.now, 0.0);
    assert_eq!(effects, [Effect::Tell(News::Reconnecting(Cause::Starting)), OPEN]);
    assert!(channel.paired());
}

#[test]
fn logging_out_tells_whatsapp_first_but_does_not_wait_for_ever() {
    let mut life = Life::connected();
    life.then(Input::Command(Command::Logout));
    assert_eq!(
        life.effects,
        [Effect::Keep, Effect::Tell(News::Disconnected(Reason::LoggedOut)), Effect::FailOutbox, Effect::LogoutSocket]
    );
    assert!(!life.channel.is_connected());
    life.until_due();
    assert_eq!(life.effects, [Effect::CloseSocket]);
    life.until_due();
    assert_eq!(life.effects, [Effect::AbandonSocket, Effect::Shred]);
}

#[test]
fn nobody_scans_and_pairing_ends() {
    let mut life = Life::new();
    life.then(Input::Command(Command::Start)).then(Input::Handshaken);
    for round in 0..1000 {
        let expires_at = life.now.plus(Duration::from_secs(20));
        life.then(Input::PairingQr { code: round.to_string(), expires_at }).pass(Duration::from_secs(20)).then(Input::Due);
        if life.reason().is_some() {
            assert_eq!(life.reason(), Some(Reason::PairingExpired));
            assert!(round > 6 && life.fell(&Effect::CloseSocket));
            return;
        }
    }
    panic!("pairing went on for ever");
}

/// What stands in the way of a pairing that has nothing to show.
fn setback(life: &Life) -> Option<Setback> {
    match life.channel.state() {
        State::Pairing { prompt, .. } => prompt.setback(),
        State::Disconnected { .. } | State::Connected { .. } | State::Reconnecting { .. } => None,
    }
}

#[test]
fn a_pairing_that_cannot_reach_whatsapp_says_why_and_when_it_tries_again() {
    let mut life = Life::new();
    life.then(Input::Command(Command::Start));
    for _ in 0..20 {
        life.then(Input::Closed(End::Lost(Cause::ProxyFailed)));
        assert_eq!(life.effects, [Effect::Tell(News::Pairing)]);
        assert_eq!(setback(&life), Some(Setback { cause: Cause::ProxyFailed, next_attempt_at: life.channel.due_at() }));
        life.until_due();
        assert_eq!(life.effects, [OPEN]);
        assert_eq!(setback(&life), Some(Setback { cause: Cause::ProxyFailed, next_attempt_at: None }));
    }
    // However long that took: nobody was late, there was nothing to scan.
    life.then(Input::Handshaken);
    life.then(Input::PairingQr { code: "qr".into(), expires_at: life.now.plus(Duration::from_secs(60)) });
    assert_eq!(setback(&life), None);
    life.pass(Duration::from_secs(60)).then(Input::Due);
    assert_eq!(life.reason(), None);
    life.pass(Duration::from_secs(20)).then(Input::Due);
    assert_eq!(life.reason(), Some(Reason::PairingExpired));
}

#[test]
fn a_whatsapp_that_answers_and_shows_nothing_is_given_up_even_after_a_setback() {
    let mut life = Life::new();
    life.then(Input::Command(Command::Start)).then(Input::Closed(End::Lost(Cause::Unreachable)));
    life.until_due();
    life.then(Input::Handshaken);
    life.until_due();
    assert_eq!(life.reason(), Some(Reason::PairingExpired));
}

#[test]
fn a_network_that_comes_back_hurries_a_pairing_and_that_is_told() {
    let mut life = Life::new();
    life.then(Input::NetworkDown).then(Input::Command(Command::Start)).then(Input::Closed(End::Lost(Cause::Unreachable)));
    assert_eq!(setback(&life).map(|s| s.cause), Some(Cause::Offline));
    life.then(Input::NetworkUp);
    assert_eq!(life.effects, [Effect::Tell(News::Pairing), OPEN]);
    assert_eq!(setback(&life), Some(Setback { cause: Cause::NetworkChanged, next_attempt_at: None }));
}

#[test]
fn a_code_is_asked_of_the_socket_that_shows_the_qr() {
    let phone: domain::Phone = "15550100199".parse().unwrap();
    let mut life = Life::new();
    life.then(Input::Command(Command::Start)).then(Input::Handshaken);
    life.then(Input::PairingQr { code: "qr".into(), expires_at: life.now.plus(Duration::from_secs(60)) });
    life.then(Input::Command(Command::PairByCode(phone.clone())));
    assert!(life.fell(&Effect::AskPairingCode(phone.clone())));
    // The socket goes on rotating QRs; nobody sees them any more, and it is not asked twice.
    life.then(Input::PairingQr { code: "qr2".into(), expires_at: life.now.plus(Duration::from_secs(20)) });
    assert_eq!(life.effects, []);
    life.then(Input::PairingCode { code: "ABCD1234".into(), expires_at: life.now.plus(Duration::from_secs(160)), phone });
    assert!(life.fell(&Effect::Tell(News::Pairing)));
}

#[test]
fn a_scan_in_the_moment_of_stopping_is_not_lost() {
    let mut life = Life::new();
    life.then(Input::Command(Command::Start)).then(Input::Handshaken).then(Input::Command(Command::Stop));
    life.then(Input::Paired { identity: identity() }).then(Input::Closed(End::Restart));
    assert_eq!(life.reason(), Some(Reason::Stopped));
    assert!(life.channel.paired());
}

#[test]
fn a_clock_set_back_makes_nobody_wait_longer() {
    let mut life = Life::connected();
    for _ in 0..7 {
        life.then(LOST).until_due();
    }
    life.then(LOST);
    life.now = life.now.minus(Duration::from_secs(86_400));
    life.then(Input::ClockSetBack);
    assert!(life.channel.due_at().unwrap().since(life.now) <= CAP);
    assert!(life.channel.state().since() <= life.now);
}

#[test]
fn a_channel_that_moves_is_reconnecting_from_the_hand_over_on_and_resumes_at_the_next_worker() {
    let life = Life::connected();
    let moved = life.now;
    let (left, effects) = hand_over(&life.channel, moved);
    assert_eq!(effects, [Effect::Tell(News::Reconnecting(Cause::Moving))]);
    let stored = Stored {
        desired: left.desired(),
        state: left.state().clone(),
        holds_auth_state: left.holds_auth_state(),
        identity: left.identity().cloned(),
        cause: Cause::Moving,
    };
    let (channel, effects) = restore(stored, moved.plus(Duration::from_secs(3)), 0.0);
    assert_eq!(effects, [Effect::Tell(News::Reconnecting(Cause::Moving)), OPEN]);
    assert_eq!(channel.state().since(), moved, "one time of reconnecting");
}

#[test]
fn a_qr_ends_with_the_socket_that_showed_it_when_its_channel_moves() {
    let mut life = Life::new();
    life.then(Input::Command(Command::Start)).then(Input::Handshaken);
    life.then(Input::PairingQr { code: "first".into(), expires_at: life.now.plus(Duration::from_secs(60)) });
    let (left, effects) = hand_over(&life.channel, life.now);
    assert_eq!(effects, [Effect::Tell(News::Pairing)]);
    let State::Pairing { prompt, .. } = left.state() else { panic!("pairing") };
    assert_eq!(prompt.setback().map(|setback| setback.cause), Some(Cause::Moving));
    assert_eq!(hand_over(&left, life.now).1, [], "told once");
}

#[test]
fn a_channel_that_is_down_moves_without_a_word() {
    let mut life = Life::connected();
    life.then(Input::Closed(End::Replaced));
    assert_eq!(hand_over(&life.channel, life.now), (life.channel.clone(), vec![]));
}
