//! A channel's state in the few words that fit a menu line or a notification's title.

use app::Concerns;
use domain::{ChannelView, PairingPrompt, Reason, State};

/// The state in two to five words, lower case, as it reads after a name: `Shop — connected`.
pub fn state(channel: &ChannelView) -> String {
    match &channel.state {
        State::Connected { .. } if channel.flapping_since.is_some() => "connected, but unsteady".to_owned(),
        State::Connected { .. } => "connected".to_owned(),
        State::Pairing { prompt, .. } => match prompt {
            PairingPrompt::Waiting { setback: None, .. } => "asking for a code".to_owned(),
            PairingPrompt::Waiting { setback: Some(_), .. } => "cannot reach WhatsApp".to_owned(),
            PairingPrompt::Qr { .. } => "waiting for the QR scan".to_owned(),
            PairingPrompt::Code { .. } => "waiting for the code".to_owned(),
            PairingPrompt::Passkey { .. } => "needs a passkey".to_owned(),
            PairingPrompt::Scanned { .. } => "scanned, linking".to_owned(),
        },
        State::Reconnecting { attempt, .. } if channel.stuck_since.is_some() => {
            format!("stuck, {}", tries(*attempt))
        }
        State::Reconnecting { attempt: 0 | 1, .. } => "connecting".to_owned(),
        State::Reconnecting { attempt, .. } => format!("reconnecting, {}", tries(*attempt)),
        State::Disconnected { reason, .. } => self::reason(reason).to_owned(),
    }
}

fn tries(attempt: u32) -> String {
    match attempt {
        0 | 1 => "first try".to_owned(),
        n => format!("try {n}"),
    }
}

/// Why it is disconnected, in words that stand alone.
pub fn reason(reason: &Reason) -> &'static str {
    match reason {
        Reason::New => "not paired yet",
        Reason::Stopped => "stopped",
        Reason::PairingExpired => "nobody scanned the QR",
        Reason::PairingFailed => "pairing was refused",
        Reason::LoggedOut => "logged out",
        Reason::Unlinked => "unlinked on the phone",
        Reason::KeysRotated => "keys no longer accepted",
        Reason::AccountLocked => "account locked",
        Reason::Replaced => "opened somewhere else",
        Reason::Banned { .. } => "banned for a while",
        Reason::ClientOutdated => "update needed",
        Reason::VaultLocked => "keychain is locked",
        Reason::VaultMissing => "no keychain",
        Reason::VaultRefused => "keychain refused",
        Reason::WrongKey => "wrong key",
        Reason::AuthStateDamaged => "credentials damaged",
        Reason::StorageFailed => "disk failed",
    }
}

/// What waits for a person beside the channels, each in a few words.
pub fn concerns(concerns: Concerns) -> Vec<String> {
    let wedged = match concerns.wedged {
        0 => None,
        1 => Some("a message was not sent".to_owned()),
        n => Some(format!("{n} messages were not sent")),
    };
    let webhooks = match concerns.webhooks {
        0 => None,
        1 => Some("a webhook gets nothing".to_owned()),
        n => Some(format!("{n} webhooks get nothing")),
    };
    let requests = match concerns.requests {
        0 => None,
        1 => Some("a program asks to be let in".to_owned()),
        n => Some(format!("{n} programs ask to be let in")),
    };
    let asks = match concerns.asks {
        0 => None,
        1 => Some("a message waits for your word".to_owned()),
        n => Some(format!("{n} messages wait for your word")),
    };
    requests.into_iter().chain(asks).chain(wedged).chain(webhooks).collect()
}

/// The words with a capital at their beginning.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A program's own words on one line: bounded, and what cannot be seen, or turns text around, shown as a box.
pub fn claimed(words: &str) -> String {
    const MOST: usize = 40;
    let clean = app::visible(words.trim(), '\u{25a1}');
    match clean.chars().count() {
        0 => "A program without a name".to_owned(),
        n if n <= MOST => clean,
        _ => clean.chars().take(MOST - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_calls_itself_stays_on_its_line_and_hides_nothing() {
        assert_eq!(claimed("Order bot"), "Order bot");
        assert_eq!(claimed("pay\u{202e}txt\n\u{200b}x"), "pay□txt□□x");
        assert_eq!(claimed("Order\u{e0041}\u{2060} bot"), "Order□□ bot");
        assert_eq!(claimed(&format!("Order bot{}(fake)", " ".repeat(12))), format!("Order bot{}□□□□(fake)", " ".repeat(8)));
        assert_eq!(claimed("   "), "A program without a name");
        assert_eq!(claimed(&"x".repeat(200)).chars().count(), 40);
    }
}
