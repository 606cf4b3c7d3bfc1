use crate::channel::Channel;
use crate::effect::Effect;
use crate::input::{Command, Input};
use crate::turn::Turn;
use domain::Timestamp;

/// What follows when `input` happens to `channel` at `now`, and what is to be done about it.
///
/// `jitter` is a fresh random number in 0..1; it spreads retries. Every pair of state and input has an answer,
/// if only that nothing follows.
#[must_use]
pub fn step(channel: &Channel, input: Input, now: Timestamp, jitter: f64) -> (Channel, Vec<Effect>) {
    if channel.is_gone() {
        return (channel.clone(), Vec::new());
    }
    let mut turn = Turn::new(channel.clone(), now, jitter);
    match input {
        Input::Command(command) => match command {
            Command::Start => turn.start(),
            Command::Stop => turn.stop(),
            Command::Restart => turn.restart(),
            Command::Logout => turn.log_out(),
            Command::Delete => turn.delete(),
            Command::PairByCode(phone) => turn.pair_by_code(phone),
        },
        Input::Handshaken => turn.handshaken(),
        Input::PairingQr { code, expires_at } => turn.show_qr(code, expires_at),
        Input::PairingCode { code, expires_at, phone } => turn.show_code(code, expires_at, phone),
        Input::PasskeyRequested { challenge, expires_at } => turn.show_passkey(challenge, expires_at),
        Input::Paired { identity } => turn.paired(identity),
        Input::Opened { identity } => turn.opened(identity),
        Input::PushName { name } => turn.push_name(name),
        Input::Closed(end) => turn.closed(end),
        Input::LogoutTold => turn.logout_told(),
        Input::PairingCodeRefused => turn.code_refused(),
        Input::LivenessLost => turn.liveness_lost(),
        Input::Shredded => turn.shredded(),
        Input::ShredFailed => turn.shred_failed(),
        Input::Due => turn.due(),
        Input::Woke => turn.woke(),
        Input::ClockSetBack => turn.pull_deadlines_near(),
        Input::NetworkUp => turn.network_up(),
        Input::NetworkDown => turn.network_down(),
        Input::NetworkChanged => turn.network_changed(),
        Input::VaultUnlocked => turn.vault_unlocked(),
    }
    turn.finish()
}
