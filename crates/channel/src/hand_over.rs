use crate::channel::Channel;
use crate::effect::Effect;
use crate::turn::Turn;
use domain::{Cause, PairingPrompt, Setback, State, Timestamp};

/// A channel whose socket is closed because another worker takes it over, as it is to be recorded for that one and for everybody
/// who looks meanwhile. The effects only record and tell.
///
/// What was up is reconnecting from now on. What was showing something to scan shows nothing any more: what was shown ended
/// with its socket. Everything else is as it was.
#[must_use]
pub fn hand_over(channel: &Channel, now: Timestamp) -> (Channel, Vec<Effect>) {
    let mut turn = Turn::new(channel.clone(), now, 0.0);
    match &channel.state {
        State::Connected { .. } => {
            turn.enter(State::Reconnecting { since: now, attempt: 0, next_attempt_at: None, cause: Cause::Moving });
        }
        State::Pairing { prompt, .. } => match prompt {
            PairingPrompt::Qr { .. } | PairingPrompt::Code { .. } | PairingPrompt::Passkey { .. } => {
                turn.await_prompt(prompt.method(), Some(Setback { cause: Cause::Moving, next_attempt_at: None }));
            }
            PairingPrompt::Waiting { .. } | PairingPrompt::Scanned { .. } => {}
        },
        State::Disconnected { .. } | State::Reconnecting { .. } => {}
    }
    turn.unfinished()
}
