//! Seals values before they leave the process, and gives things names that say nothing. No I/O but the system's randomness.
//!
//! Sealed: `version (1) · nonce (24) · XChaCha20-Poly1305 of the plain text (n + 16)`, with the context as associated data, so
//! that a value moved to another place does not open there. The nonce is random: 192 bits do not meet twice.
//!
//! A name is the first half of an HMAC-SHA256 of the context. The keys of both come from one key and a purpose by
//! HKDF-SHA256; neither tells anything of the other.

use chacha20poly1305::aead::{AeadInPlace as _, KeyInit as _};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use rand::TryRngCore as _;
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// The format that is written. There is no other yet.
const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
/// By how much sealing lengthens.
pub const OVERHEAD: usize = 1 + NONCE + TAG;
/// The length of a name, in bytes.
pub const NAME: usize = 16;

/// What was sealed does not open: another key, another context, another format, or not what was sealed. Which of them is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key does not open what is sealed")]
pub struct Unopened;

/// One key for one purpose. Wiped from memory when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Sealer {
    values: [u8; 32],
    names: [u8; 32],
}

impl Sealer {
    /// Two sealers are the same when key and purpose are.
    pub fn new(key: &[u8; 32], purpose: &str) -> Sealer {
        let derived = Hkdf::<Sha256>::new(Some(b"whatisup seal 1"), key);
        let mut sealer = Sealer { values: [0; 32], names: [0; 32] };
        for (part, into) in [("values", &mut sealer.values), ("names", &mut sealer.names)] {
            // The length of the purpose keeps it apart from the part.
            let length = (purpose.len() as u64).to_be_bytes();
            derived
                .expand_multi_info(&[&length, purpose.as_bytes(), part.as_bytes()], into)
                .expect("32 bytes are within what HKDF-SHA256 gives");
        }
        sealer
    }

    /// Seals `plain` for the place that `context` names. Never the same twice.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing can be kept safely then.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rand::rngs::OsRng.try_fill_bytes(&mut nonce).expect("an operating system without randomness runs no program like this");
        self.seal_with(context, plain, nonce)
    }

    fn seal_with(&self, context: &[u8], plain: &[u8], nonce: [u8; NONCE]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .cipher()
            .encrypt_in_place_detached(XNonce::from_slice(&nonce), context, &mut sealed[1 + NONCE..])
            .expect("no value comes near the 256 GiB that the cipher takes");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Gives back what was sealed for this `context`.
    ///
    /// # Errors
    /// [`Unopened`], whatever the reason.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (version, rest) = sealed.split_first().ok_or(Unopened)?;
        let (nonce, rest) = rest.split_at_checked(NONCE).ok_or(Unopened)?;
        let (body, tag) = rest.split_at_checked(rest.len().checked_sub(TAG).ok_or(Unopened)?).ok_or(Unopened)?;
        if *version != VERSION {
            return Err(Unopened);
        }
        let mut plain = Zeroizing::new(body.to_vec());
        self.cipher()
            .decrypt_in_place_detached(XNonce::from_slice(nonce), context, &mut plain, Tag::from_slice(tag))
            .map_err(|_| Unopened)?;
        Ok(plain)
    }

    /// The name of what `context` describes. The same each time; without the key neither to be guessed nor to be checked.
    pub fn name(&self, context: &[u8]) -> [u8; NAME] {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&self.names).expect("HMAC takes a key of any length");
        mac.update(context);
        let mut whole = mac.finalize().into_bytes();
        let mut name = [0; NAME];
        name.copy_from_slice(&whole[..NAME]);
        whole.as_mut_slice().zeroize();
        name
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(Key::from_slice(&self.values))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
