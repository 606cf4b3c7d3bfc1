//! The responder of WhatsApp's Noise handshake on `snow`, and the transport after it.
//!
//! WhatsApp runs `XX_25519_AESGCM_SHA256` (`IK` to resume, `XXfallback` when the server turns that down) over the
//! prologue `WA\x06\x03`. It departs from the standard in one place: the empty payload of message 1 is not mixed into
//! the hash. [`Sha256`] makes snow agree. The client's library is deliberately not used on this side: a bug that both
//! ends share would agree with itself.

use sha2::Digest;
use snow::params::{CipherChoice, DHChoice, HashChoice, NoiseParams};
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::{Cipher, Dh, Hash, Random};
use snow::{Builder, HandshakeState};

const XX: &str = "Noise_XX_25519_AESGCM_SHA256";
const IK: &str = "Noise_IK_25519_AESGCM_SHA256";
const XX_FALLBACK: &str = "Noise_XXfallback_25519_AESGCM_SHA256";
const KEY: usize = 32;
const TAG: usize = 16;

/// What every WhatsApp connection begins with; also the handshake's prologue.
pub const PROLOGUE: [u8; 4] = [b'W', b'A', 6, 3];

#[derive(Debug, thiserror::Error)]
pub enum NoiseError {
    #[error("the noise handshake failed")]
    Handshake(#[from] snow::Error),
    #[error("a frame of {0} bytes is too short to carry a tag")]
    Short(usize),
    #[error("a frame did not decrypt")]
    Decrypt,
}

/// A server hello in its separate fields, as the protobuf carries them.
#[derive(Debug)]
pub struct ServerHello {
    pub ephemeral: Vec<u8>,
    /// Absent when a resumption is accepted.
    pub encrypted_static: Option<Vec<u8>>,
    pub encrypted_payload: Vec<u8>,
}

/// The server's side of one handshake, pattern chosen.
pub struct Responder {
    state: HandshakeState,
}

impl Responder {
    pub fn full(server_key: &[u8; KEY]) -> Result<Self, NoiseError> {
        Self::start(XX, server_key)
    }

    pub fn fallback(server_key: &[u8; KEY]) -> Result<Self, NoiseError> {
        Self::start(XX_FALLBACK, server_key)
    }

    pub fn resumption(server_key: &[u8; KEY]) -> Result<Self, NoiseError> {
        Self::start(IK, server_key)
    }

    fn start(pattern: &str, server_key: &[u8; KEY]) -> Result<Self, NoiseError> {
        let state = Builder::with_resolver(params(pattern)?, Box::new(WhatsAppCrypto))
            .prologue(&PROLOGUE)?
            .local_private_key(server_key)?
            .build_responder()?;
        Ok(Self { state })
    }

    /// Message 1 of XX: the client's ephemeral alone.
    pub fn read_ephemeral(&mut self, ephemeral: &[u8]) -> Result<(), NoiseError> {
        self.state.read_message(ephemeral, &mut [])?;
        Ok(())
    }

    /// Message 1 of IK: ephemeral, encrypted static, encrypted payload. Returns the payload.
    pub fn read_resumption(&mut self, parts: [&[u8]; 3]) -> Result<Vec<u8>, NoiseError> {
        self.read(&parts.concat())
    }

    /// Message 2.
    pub fn write_hello(&mut self, payload: &[u8], with_static: bool) -> Result<ServerHello, NoiseError> {
        let mut message = vec![0; KEY + KEY + TAG + payload.len() + TAG];
        let length = self.state.write_message(payload, &mut message)?;
        message.truncate(length);
        let mut rest = message.split_off(KEY);
        let encrypted_static = with_static.then(|| {
            let after = rest.split_off(KEY + TAG);
            std::mem::replace(&mut rest, after)
        });
        Ok(ServerHello { ephemeral: message, encrypted_static, encrypted_payload: rest })
    }

    /// Message 3 of XX: encrypted static and payload. Returns the payload.
    pub fn read_finish(&mut self, encrypted_static: &[u8], payload: &[u8]) -> Result<Vec<u8>, NoiseError> {
        self.read(&[encrypted_static, payload].concat())
    }

    /// The client's static key, once it has been read.
    pub fn client_key(&self) -> Option<[u8; KEY]> {
        self.state.get_remote_static()?.try_into().ok()
    }

    /// Ends the handshake.
    pub fn transport(mut self) -> Result<(Reader, Writer), NoiseError> {
        let (from_client, to_client) = self.state.dangerously_get_raw_split();
        Ok((Reader(Direction::new(&from_client)?), Writer(Direction::new(&to_client)?)))
    }

    fn read(&mut self, message: &[u8]) -> Result<Vec<u8>, NoiseError> {
        let mut payload = vec![0; message.len()];
        let length = self.state.read_message(message, &mut payload)?;
        payload.truncate(length);
        Ok(payload)
    }
}

/// snow has no fallback modifier; but once the client's ephemeral is read, `XXfallback` differs from `XX` in nothing but
/// its name.
fn params(pattern: &str) -> Result<NoiseParams, NoiseError> {
    let base = if pattern == XX_FALLBACK { XX } else { pattern };
    let mut params: NoiseParams = base.parse()?;
    params.name = pattern.to_owned();
    Ok(params)
}

/// Frames from the client. snow's own transport stops at 65535 bytes, WhatsApp's frames go up to 16 MiB.
pub struct Reader(Direction);

impl Reader {
    pub fn decrypt(&mut self, frame: &[u8]) -> Result<Vec<u8>, NoiseError> {
        if frame.len() < TAG {
            return Err(NoiseError::Short(frame.len()));
        }
        let mut plain = vec![0; frame.len()];
        let nonce = self.0.next();
        let length = self.0.cipher.decrypt(nonce, &[], frame, &mut plain).map_err(|_| NoiseError::Decrypt)?;
        plain.truncate(length);
        Ok(plain)
    }
}

/// Frames to the client.
pub struct Writer(Direction);

impl Writer {
    pub fn encrypt(&mut self, plain: &[u8]) -> Vec<u8> {
        let mut frame = vec![0; plain.len() + TAG];
        let nonce = self.0.next();
        let length = self.0.cipher.encrypt(nonce, &[], plain, &mut frame);
        frame.truncate(length);
        frame
    }
}

struct Direction {
    cipher: Box<dyn Cipher>,
    counter: u64,
}

impl Direction {
    fn new(key: &[u8; KEY]) -> Result<Self, NoiseError> {
        let mut cipher = DefaultResolver
            .resolve_cipher(&CipherChoice::AESGCM)
            .ok_or(snow::Error::Init(snow::error::InitStage::GetCipherImpl))?;
        cipher.set(key);
        Ok(Self { cipher, counter: 0 })
    }

    fn next(&mut self) -> u64 {
        let nonce = self.counter;
        self.counter += 1;
        nonce
    }
}

/// snow's own primitives, with WhatsApp's idea of hashing an empty payload.
struct WhatsAppCrypto;

impl CryptoResolver for WhatsAppCrypto {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        DefaultResolver.resolve_rng()
    }

    fn resolve_dh(&self, choice: &DHChoice) -> Option<Box<dyn Dh>> {
        DefaultResolver.resolve_dh(choice)
    }

    fn resolve_hash(&self, _choice: &HashChoice) -> Option<Box<dyn Hash>> {
        Some(Box::<Sha256>::default())
    }

    fn resolve_cipher(&self, choice: &CipherChoice) -> Option<Box<dyn Cipher>> {
        DefaultResolver.resolve_cipher(choice)
    }
}

/// SHA-256 that leaves a 32-byte hash as it is when nothing is mixed into it. HMAC's first input is a 64-byte pad, so
/// key derivation is not touched.
#[derive(Default)]
struct Sha256 {
    state: sha2::Sha256,
    first: Option<[u8; 32]>,
    inputs: usize,
    bytes: usize,
}

impl Hash for Sha256 {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        *self = Self::default();
    }

    fn input(&mut self, data: &[u8]) {
        if self.inputs == 0 {
            self.first = data.try_into().ok();
        }
        self.inputs += 1;
        self.bytes += data.len();
        self.state.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        let digest: [u8; 32] = match self.first {
            Some(unmixed) if self.inputs == 2 && self.bytes == 32 => unmixed,
            Some(_) | None => std::mem::take(&mut self.state).finalize().into(),
        };
        out[..32].copy_from_slice(&digest);
    }
}

#[cfg(test)]
mod tests;
