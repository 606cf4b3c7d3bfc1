use crate::{AppId, AppRequestId, Peer, Permits, Timestamp};
use std::fmt;
use std::str::FromStr;

/// A program asks to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRequest {
    pub id: AppRequestId,
    /// What it calls itself: its own claim. What the system says of it is in `peer`.
    pub name: String,
    /// Why it asks, in its own words.
    pub reason: String,
    pub permits: Permits,
    /// The web origin that its key is to be used from, if it is a page.
    pub origin: Option<String>,
    pub peer: Peer,
    pub code: RequestCode,
    /// SHA-256 of the token with which the program asks how it stands.
    pub poll_hash: [u8; 32],
    pub made_at: Timestamp,
    /// When it is forgotten unless somebody answers; after the answer, unless the key is collected.
    pub expires_at: Timestamp,
    pub state: RequestState,
}

/// How a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestState {
    Waiting,
    /// The app is there; its key is made when the program collects it.
    Allowed {
        app: AppId,
        /// The key ends when WhatIsUp does.
        once: bool,
        /// When the key is to end by itself.
        key_until: Option<Timestamp>,
    },
    Denied,
    Expired,
    /// The program has its key.
    Collected,
}

impl RequestState {
    pub fn as_str(&self) -> &'static str {
        match self {
            RequestState::Waiting => "waiting",
            RequestState::Allowed { .. } => "allowed",
            RequestState::Denied => "denied",
            RequestState::Expired => "expired",
            RequestState::Collected => "collected",
        }
    }
}

/// Six characters that the program and WhatIsUp show at once, so that a person sees that both mean the same request: in
/// Crockford's alphabet, which has no I, L, O and U.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestCode([u8; RequestCode::LEN]);

/// A text that is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code: it is six letters and digits, like ABC-DEF")]
pub struct RequestCodeError;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl RequestCode {
    const LEN: usize = 6;

    /// Of the low 30 bits.
    pub fn new(random: u32) -> Self {
        let mut code = [0; Self::LEN];
        for (n, place) in code.iter_mut().enumerate() {
            let index = (random >> (5 * n)) & 31;
            *place = ALPHABET[usize::try_from(index).unwrap_or(0)];
        }
        RequestCode(code)
    }
}

/// `ABC-DEF`
impl fmt::Display for RequestCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, byte) in self.0.iter().enumerate() {
            if n == Self::LEN / 2 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*byte))?;
        }
        Ok(())
    }
}

// Who has it can name the request, so it is for the window and the program alone.
impl fmt::Debug for RequestCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestCode(…)")
    }
}

impl FromStr for RequestCode {
    type Err = RequestCodeError;

    /// As people type it: small letters, with or without the dash or blanks, O for 0, I and L for 1.
    fn from_str(text: &str) -> Result<Self, RequestCodeError> {
        let mut letters = text.bytes().filter(|b| !matches!(b, b'-' | b' ')).map(|b| match b.to_ascii_uppercase() {
            b'O' => b'0',
            b'I' | b'L' => b'1',
            other => other,
        });
        let mut code = [0; Self::LEN];
        for place in &mut code {
            *place = letters.next().filter(|letter| ALPHABET.contains(letter)).ok_or(RequestCodeError)?;
        }
        if letters.next().is_some() { Err(RequestCodeError) } else { Ok(RequestCode(code)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_code_survives_however_it_is_typed(random: u32) {
            let code = RequestCode::new(random);
            let shown = code.to_string();
            prop_assert_eq!(shown.len(), 7);
            prop_assert!(!shown.contains(['I', 'L', 'O', 'U']));
            prop_assert_eq!(shown.parse(), Ok(code));
            prop_assert_eq!(shown.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l").parse(), Ok(code));
            let printed = format!("{code:?}");
            prop_assert!(!printed.contains(&shown));
        }

        #[test]
        fn codes_differ_where_their_bits_do(one in 0_u32..1 << 30, other in 0_u32..1 << 30) {
            prop_assert_eq!(RequestCode::new(one) == RequestCode::new(other), one == other);
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "ABC", "ABC-DEFG", "ABC-DU1", "ÄBC-DEF", "------"] {
            assert_eq!(text.parse::<RequestCode>(), Err(RequestCodeError), "{text:?}");
        }
    }
}
