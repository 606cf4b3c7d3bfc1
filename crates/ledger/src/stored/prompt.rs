use super::{Unreadable, from_json, phone, to_json};
use domain::{PairingPrompt, State, Timestamp};
use serde::{Deserialize, Serialize};

/// What is shown for pairing, where another process has to show it. Sealed, as it links a device.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StoredPrompt {
    Qr { code: String, expires_at: i64 },
    Code { code: String, expires_at: i64, phone: String },
    Passkey { challenge: String, expires_at: Option<i64> },
}

/// `None` when the state's other columns say it all.
pub(crate) fn prompt_to(state: &State) -> Option<String> {
    let State::Pairing { prompt, .. } = state else { return None };
    Some(to_json(&match prompt {
        PairingPrompt::Qr { code, expires_at } => StoredPrompt::Qr { code: code.clone(), expires_at: expires_at.as_millis() },
        PairingPrompt::Code { code, expires_at, phone } => {
            StoredPrompt::Code { code: code.clone(), expires_at: expires_at.as_millis(), phone: phone.digits().to_owned() }
        }
        PairingPrompt::Passkey { challenge, expires_at } => {
            StoredPrompt::Passkey { challenge: challenge.clone(), expires_at: expires_at.map(Timestamp::as_millis) }
        }
        PairingPrompt::Waiting { .. } | PairingPrompt::Scanned { .. } => return None,
    }))
}

pub(crate) fn prompt_from(text: &str) -> Result<PairingPrompt, Unreadable> {
    const WHAT: &str = "what a channel shows for pairing";
    Ok(match from_json(text, WHAT)? {
        StoredPrompt::Qr { code, expires_at } => PairingPrompt::Qr { code, expires_at: Timestamp::from_millis(expires_at) },
        StoredPrompt::Code { code, expires_at, phone: digits } => PairingPrompt::Code {
            code,
            expires_at: Timestamp::from_millis(expires_at),
            phone: phone(Some(digits))?.ok_or(Unreadable { what: WHAT })?,
        },
        StoredPrompt::Passkey { challenge, expires_at } => {
            PairingPrompt::Passkey { challenge, expires_at: expires_at.map(Timestamp::from_millis) }
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::PairingMethod;

    #[test]
    fn what_is_shown_for_pairing_comes_back() {
        let expires_at = Timestamp::from_secs(9);
        let shown = [
            PairingPrompt::Qr { code: "2@abc".into(), expires_at },
            PairingPrompt::Code { code: "ABCD1234".into(), expires_at, phone: "15550100123".parse().unwrap() },
            PairingPrompt::Passkey { challenge: "{}".into(), expires_at: None },
        ];
        for prompt in shown {
            let state = State::Pairing { since: Timestamp::EPOCH, prompt: prompt.clone(), round: 0 };
            assert!(prompt_from(&prompt_to(&state).unwrap()).unwrap() == prompt);
        }
        let waiting = PairingPrompt::Scanned { method: PairingMethod::Qr };
        assert_eq!(prompt_to(&State::Pairing { since: Timestamp::EPOCH, prompt: waiting, round: 0 }), None);
    }
}
