use crate::channel::Channel;
use crate::effect::{Effect, News};
use crate::turn::Turn;
use domain::{Cause, PairingPrompt, Setback, State, Timestamp};

/// A channel whose socket is closed because another worker takes it over, as it is to be recorded for that one and for everybody
/// who looks meanwhile. The effects only record and tell.
#[must_use]
pub fn hand_over(channel: &Channel, now: Timestamp) -> (Channel, Vec<Effect>) {
    let mut turn = Turn::new(channel.clone(), now, 0.0);
    match left_by_its_holder(&channel.state, now) {
        Some(state @ State::Pairing { .. }) => {
            turn.channel.state = state;
            turn.tell(News::Pairing);
        }
        Some(state) => turn.enter(state),
        None => {}
    }
    turn.unfinished()
}

/// What a channel in this state is once its holder has let go of it; `None` when that is no other.
///
/// What was up is reconnecting from now on. What was showing something to scan shows nothing any more: what was shown ended
/// with its socket.
#[must_use]
pub fn left_by_its_holder(state: &State, now: Timestamp) -> Option<State> {
    match state {
        State::Connected { .. } => {
            Some(State::Reconnecting { since: now, attempt: 0, next_attempt_at: None, cause: Cause::Moving })
        }
        State::Pairing { since, prompt, round } => match prompt {
            PairingPrompt::Qr { .. } | PairingPrompt::Code { .. } | PairingPrompt::Passkey { .. } => {
                let setback = Some(Setback { cause: Cause::Moving, next_attempt_at: None });
                let prompt = PairingPrompt::Waiting { method: prompt.method(), setback };
                Some(State::Pairing { since: *since, prompt, round: *round })
            }
            PairingPrompt::Waiting { .. } | PairingPrompt::Scanned { .. } => None,
        },
        State::Disconnected { .. } | State::Reconnecting { .. } => None,
    }
}
