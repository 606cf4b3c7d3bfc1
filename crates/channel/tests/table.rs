//! Every situation a channel can be in, against everything that can happen to it. One snapshot per
//! situation; a new input does not compile until it has its row here.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

use channel::{Channel, Command, Effect, End, Input, Invalidation, VaultTrouble, step};
use domain::{Cause, Identity, PairingPrompt, Phone, Setback, State, Timestamp};
use std::fmt::Write as _;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

fn phone() -> Phone {
    "15550100123".parse().unwrap()
}

fn identity() -> Identity {
    Identity { phone: Some(phone()), lid: None, push_name: Some("Ada".into()) }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + secs * 1000)
}

/// The rows: each input with the sample that is played, and a match that names them all.
macro_rules! inputs {
    ($($pattern:pat => $sample:expr),+ $(,)?) => {
        fn inputs() -> Vec<Input> {
            vec![$($sample),+]
        }
        // No wildcard: an input without a row is an error here.
        #[allow(dead_code)]
        fn every_input_has_a_row(input: &Input) {
            match input { $($pattern => {}),+ }
        }
    };
}

inputs! {
    Input::Command(Command::Start) => Input::Command(Command::Start),
    Input::Command(Command::Stop) => Input::Command(Command::Stop),
    Input::Command(Command::Restart) => Input::Command(Command::Restart),
    Input::Command(Command::Logout) => Input::Command(Command::Logout),
    Input::Command(Command::Delete) => Input::Command(Command::Delete),
    Input::Command(Command::PairByCode(_)) => Input::Command(Command::PairByCode(phone())),
    Input::Handshaken => Input::Handshaken,
    Input::PairingQr { .. } => Input::PairingQr { code: "qr-next".into(), expires_at: at(60) },
    Input::PairingCode { .. } => Input::PairingCode { code: "ABCD1234".into(), expires_at: at(160), phone: phone() },
    Input::PasskeyRequested { .. } => Input::PasskeyRequested { challenge: "{}".into(), expires_at: None },
    Input::Paired { .. } => Input::Paired { identity: identity() },
    Input::Opened { .. } => Input::Opened { identity: identity() },
    Input::PushName { .. } => Input::PushName { name: "Ada L.".into() },
    Input::Closed(End::Asked) => Input::Closed(End::Asked),
    Input::Closed(End::Restart) => Input::Closed(End::Restart),
    Input::Closed(End::Lost(_)) => Input::Closed(End::Lost(Cause::ConnectionLost)),
    Input::Closed(End::PairingExpired) => Input::Closed(End::PairingExpired),
    Input::Closed(End::PairingFailed) => Input::Closed(End::PairingFailed),
    Input::Closed(End::Invalidated(Invalidation::LoggedOut)) => Input::Closed(End::Invalidated(Invalidation::LoggedOut)),
    Input::Closed(End::Invalidated(Invalidation::Unlinked)) => Input::Closed(End::Invalidated(Invalidation::Unlinked)),
    Input::Closed(End::Invalidated(Invalidation::KeysRotated)) => Input::Closed(End::Invalidated(Invalidation::KeysRotated)),
    Input::Closed(End::Invalidated(Invalidation::AccountLocked)) => Input::Closed(End::Invalidated(Invalidation::AccountLocked)),
    Input::Closed(End::Replaced) => Input::Closed(End::Replaced),
    Input::Closed(End::Banned { .. }) => Input::Closed(End::Banned { until: at(3600) }),
    Input::Closed(End::ClientOutdated) => Input::Closed(End::ClientOutdated),
    Input::Closed(End::Vault(VaultTrouble::Locked)) => Input::Closed(End::Vault(VaultTrouble::Locked)),
    Input::Closed(End::Vault(VaultTrouble::Missing)) => Input::Closed(End::Vault(VaultTrouble::Missing)),
    Input::Closed(End::Vault(VaultTrouble::Refused)) => Input::Closed(End::Vault(VaultTrouble::Refused)),
    Input::Closed(End::WrongKey) => Input::Closed(End::WrongKey),
    Input::Closed(End::Damaged) => Input::Closed(End::Damaged),
    Input::Closed(End::StorageFailed) => Input::Closed(End::StorageFailed),
    Input::LogoutTold => Input::LogoutTold,
    Input::PairingCodeRefused => Input::PairingCodeRefused,
    Input::LivenessLost => Input::LivenessLost,
    Input::Shredded => Input::Shredded,
    Input::ShredFailed => Input::ShredFailed,
    Input::Due => Input::Due,
    Input::Woke => Input::Woke,
    Input::ClockSetBack => Input::ClockSetBack,
    Input::NetworkUp => Input::NetworkUp,
    Input::NetworkDown => Input::NetworkDown,
    Input::NetworkChanged => Input::NetworkChanged,
    Input::VaultUnlocked => Input::VaultUnlocked,
}

fn play(inputs: impl IntoIterator<Item = Input>) -> Channel {
    inputs.into_iter().fold(Channel::new(at(-60)), |c, input| step(&c, input, at(-60), 0.0).0)
}

fn start() -> Input {
    Input::Command(Command::Start)
}

fn connected() -> Vec<Input> {
    vec![
        start(),
        Input::Handshaken,
        Input::Paired { identity: identity() },
        Input::Closed(End::Restart),
        Input::Handshaken,
        Input::Opened { identity: identity() },
    ]
}

fn then(mut inputs: Vec<Input>, more: impl IntoIterator<Item = Input>) -> Channel {
    inputs.extend(more);
    play(inputs)
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Tell(news) => format!("tell {news:?}"),
        Effect::Keep => "keep".into(),
        Effect::OpenSocket { pair_by_code: None } => "OPEN".into(),
        Effect::OpenSocket { pair_by_code: Some(_) } => "OPEN by code".into(),
        Effect::CloseSocket => "CLOSE".into(),
        Effect::AbandonSocket => "ABANDON".into(),
        Effect::LogoutSocket => "say goodbye".into(),
        Effect::AskPairingCode(_) => "ask for code".into(),
        Effect::Shred => "SHRED".into(),
        Effect::FailOutbox => "fail outbox".into(),
        Effect::Forget => "FORGET".into(),
    }
}

fn state(channel: &Channel) -> String {
    let due = channel.due_at().map_or("never".into(), |t| {
        let ms = t.as_millis() - NOW.as_millis();
        if ms <= 0 { "now".into() } else { format!("+{}.{:03}s", ms / 1000, ms % 1000) }
    });
    let what = match channel.state() {
        State::Disconnected { reason, .. } => format!("disconnected {}", reason.as_str()),
        State::Pairing { prompt, round, .. } => {
            let shown = match prompt {
                PairingPrompt::Waiting { method, setback: None } => format!("waiting for {}", method.as_str()),
                PairingPrompt::Waiting { method, setback: Some(Setback { cause, .. }) } => {
                    format!("waiting for {} after {}", method.as_str(), cause.as_str())
                }
                PairingPrompt::Qr { .. } => "qr".into(),
                PairingPrompt::Code { .. } => "code".into(),
                PairingPrompt::Passkey { .. } => "passkey".into(),
                PairingPrompt::Scanned { .. } => "scanned".into(),
            };
            format!("pairing {shown} #{round}")
        }
        State::Connected { .. } => "connected".into(),
        State::Reconnecting { cause, attempt, .. } => format!("reconnecting {} #{attempt}", cause.as_str()),
    };
    let linked = if channel.holds_auth_state() { "linked" } else { "unlinked" };
    let flapping = if channel.flapping_since().is_some() { ", flapping" } else { "" };
    let gone = if channel.is_gone() { " GONE" } else { "" };
    format!("{what}, {}, {linked}, due {due}{flapping}{gone}", format!("{:?}", channel.slot()).to_lowercase())
}

/// The whole table of one situation.
fn table(from: &Channel) -> String {
    let mut out = format!("from: {} ({})\n\n", state(from), from.desired().as_str());
    for input in inputs() {
        let name = match &input {
            Input::PairingQr { .. } => "PairingQr".into(),
            Input::PairingCode { .. } => "PairingCode".into(),
            Input::PasskeyRequested { .. } => "PasskeyRequested".into(),
            Input::Paired { .. } => "Paired".into(),
            Input::Opened { .. } => "Opened".into(),
            Input::PushName { .. } => "PushName".into(),
            Input::Closed(End::Banned { .. }) => "Closed(Banned)".into(),
            other => format!("{other:?}"),
        };
        let (to, effects) = step(from, input, NOW, 0.0);
        let effects: Vec<_> = effects.iter().map(effect).collect();
        if &to == from && effects.is_empty() {
            writeln!(out, "{name:<36} -").unwrap();
        } else {
            let effects = if effects.is_empty() { String::new() } else { format!(" | {}", effects.join(", ")) };
            writeln!(out, "{name:<36} {}{effects}", state(&to)).unwrap();
        }
    }
    out
}

macro_rules! situations {
    ($($name:ident => $channel:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), table(&$channel));
        })+
    };
}

situations! {
    a_new_channel => play([]);
    pairing_before_the_handshake => play([start()]);
    pairing_with_a_qr_on_show => play([start(), Input::Handshaken, Input::PairingQr { code: "qr".into(), expires_at: at(20) }]);
    pairing_by_code => play([
        Input::Command(Command::PairByCode(phone())),
        Input::Handshaken,
        Input::PairingCode { code: "ABCD1234".into(), expires_at: at(120), phone: phone() },
    ]);
    pairing_by_passkey => play([start(), Input::Handshaken, Input::PasskeyRequested { challenge: "{}".into(), expires_at: None }]);
    pairing_just_scanned => play([start(), Input::Handshaken, Input::Paired { identity: identity() }]);
    pairing_waiting_for_its_next_try => play([start(), Input::Closed(End::Lost(Cause::Unreachable))]);
    stopped_while_pairing_and_closing => play([start(), Input::Handshaken, Input::Command(Command::Stop)]);
    pairing_expired => play([start(), Input::Closed(End::PairingExpired)]);
    connected_and_stable => play(connected());
    reconnecting_and_waiting => then(connected(), [Input::Closed(End::Lost(Cause::ConnectionLost))]);
    connected_and_flapping => {
        let lost = || Input::Closed(End::Lost(Cause::ConnectionLost));
        let again = || [lost(), Input::NetworkUp, Input::Handshaken, Input::Opened { identity: identity() }];
        then(connected(), [again(), again(), again(), again(), again()].concat())
    };
    reconnecting_offline => then(connected(), [Input::NetworkDown, Input::Closed(End::Lost(Cause::ConnectionLost))]);
    reconnecting_and_opening => then(connected(), [Input::Closed(End::Restart)]);
    reconnecting_and_logging_in => then(connected(), [Input::Closed(End::Restart), Input::Handshaken]);
    reconnecting_while_the_old_socket_closes => then(connected(), [Input::Command(Command::Restart)]);
    stopped_and_still_closing => then(connected(), [Input::Command(Command::Stop)]);
    stopped => then(connected(), [Input::Command(Command::Stop), Input::Closed(End::Asked)]);
    logging_out => then(connected(), [Input::Command(Command::Logout)]);
    logged_out_and_shredding => then(connected(), [Input::Command(Command::Logout), Input::LogoutTold, Input::Closed(End::Asked)]);
    deleting => then(connected(), [Input::Command(Command::Delete)]);
    deleting_and_shredding => then(connected(), [Input::Command(Command::Delete), Input::LogoutTold, Input::Closed(End::Asked)]);
    deleted => then(connected(), [Input::Command(Command::Delete), Input::LogoutTold, Input::Closed(End::Asked), Input::Shredded]);
    unlinked_and_shredding => then(connected(), [Input::Closed(End::Invalidated(Invalidation::Unlinked))]);
    unlinked_and_the_shred_failed => then(connected(), [Input::Closed(End::Invalidated(Invalidation::Unlinked)), Input::ShredFailed]);
    unlinked => then(connected(), [Input::Closed(End::Invalidated(Invalidation::Unlinked)), Input::Shredded]);
    replaced => then(connected(), [Input::Closed(End::Replaced)]);
    banned => then(connected(), [Input::Closed(End::Banned { until: at(1800) })]);
    client_outdated => then(connected(), [Input::Closed(End::ClientOutdated)]);
    vault_locked => then(connected(), [Input::Closed(End::Restart), Input::Closed(End::Vault(VaultTrouble::Locked))]);
    vault_locked_and_looking_again => {
        let locked = then(connected(), [Input::Closed(End::Restart), Input::Closed(End::Vault(VaultTrouble::Locked))]);
        step(&locked, Input::Due, at(-20), 0.0).0
    };
    vault_refused => then(connected(), [Input::Closed(End::Restart), Input::Closed(End::Vault(VaultTrouble::Refused))]);
}
