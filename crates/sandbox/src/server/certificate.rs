//! The Noise identity of the sandbox: a root, an intermediate and the server's static key, really signed (XEdDSA).

use buffa::Message as _;
use rand_signal::SeedableRng as _;
use rand_signal::rngs::StdRng;
use sha2::{Digest as _, Sha256};
use wacore_libsignal::protocol::{CurveError, KeyPair, PrivateKey};
use waproto::whatsapp::CertChain;
use waproto::whatsapp::cert_chain::NoiseCertificate;
use waproto::whatsapp::cert_chain::noise_certificate::Details;

/// Issuer serial of WhatsApp's root; clients insist on it.
const ROOT_SERIAL: u32 = 0;
const INTERMEDIATE_SERIAL: u32 = 1;
const LEAF_SERIAL: u32 = 2;
/// Far from any clock: 2001 to 2100.
const NOT_BEFORE: u64 = 1_000_000_000;
const NOT_AFTER: u64 = 4_102_444_800;

/// Keys and the encoded chain, made once per sandbox.
pub struct NoiseIdentity {
    root_public: [u8; 32],
    server_private: [u8; 32],
    chain: Vec<u8>,
}

impl NoiseIdentity {
    /// The same seed gives the same keys.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, CurveError> {
        let root = key_pair(&seed, "root")?;
        let intermediate = key_pair(&seed, "intermediate")?;
        let server = key_pair(&seed, "server")?;
        let mut rng = StdRng::from_seed(derive(&seed, "signatures"));
        let chain = CertChain {
            intermediate: buffa::MessageField::some(certificate(
                &root,
                (ROOT_SERIAL, INTERMEDIATE_SERIAL),
                &intermediate,
                &mut rng,
            )?),
            leaf: buffa::MessageField::some(certificate(&intermediate, (INTERMEDIATE_SERIAL, LEAF_SERIAL), &server, &mut rng)?),
        };
        Ok(Self { root_public: public(&root), server_private: private(&server), chain: chain.encode_to_vec() })
    }

    pub fn root_public(&self) -> [u8; 32] {
        self.root_public
    }

    pub fn server_private(&self) -> &[u8; 32] {
        &self.server_private
    }

    /// Encoded `CertChain`, the payload of a server hello.
    pub fn chain(&self) -> &[u8] {
        &self.chain
    }
}

fn certificate(
    issuer: &KeyPair,
    (issuer_serial, serial): (u32, u32),
    subject: &KeyPair,
    rng: &mut StdRng,
) -> Result<NoiseCertificate, CurveError> {
    let details = Details {
        serial: Some(serial),
        issuer_serial: Some(issuer_serial),
        key: Some(public(subject).to_vec()),
        not_before: Some(NOT_BEFORE),
        not_after: Some(NOT_AFTER),
    }
    .encode_to_vec();
    let signature = issuer.private_key.calculate_signature(&details, rng)?;
    Ok(NoiseCertificate { details: Some(details), signature: Some(signature.to_vec()) })
}

fn key_pair(seed: &[u8; 32], purpose: &str) -> Result<KeyPair, CurveError> {
    let private_key = PrivateKey::deserialize(&derive(seed, purpose))?;
    let public_key = private_key.public_key()?;
    Ok(KeyPair { public_key, private_key })
}

fn derive(seed: &[u8; 32], purpose: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"whatisup sandbox noise ").chain_update(purpose).chain_update(seed).finalize().into()
}

fn public(pair: &KeyPair) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(pair.public_key.public_key_bytes());
    bytes
}

fn private(pair: &KeyPair) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(pair.private_key.serialize());
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use wacore_libsignal::protocol::PublicKey;

    fn details(certificate: &NoiseCertificate) -> Details {
        Details::decode_from_slice(certificate.details.as_ref().unwrap()).unwrap()
    }

    fn signed_by(key: &[u8], certificate: &NoiseCertificate) -> bool {
        let key = PublicKey::from_djb_public_key_bytes(key).unwrap();
        key.verify_signature(certificate.details.as_ref().unwrap(), certificate.signature.as_ref().unwrap())
    }

    #[test]
    fn the_chain_leads_from_the_root_to_the_servers_key() {
        let identity = NoiseIdentity::from_seed([1; 32]).unwrap();
        let chain = CertChain::decode_from_slice(identity.chain()).unwrap();
        let (intermediate, leaf) = (chain.intermediate.into_option().unwrap(), chain.leaf.into_option().unwrap());
        assert!(signed_by(&identity.root_public(), &intermediate));
        assert!(signed_by(details(&intermediate).key.as_ref().unwrap(), &leaf));
        assert!(!signed_by(&identity.root_public(), &leaf));
        assert_eq!(details(&intermediate).issuer_serial, Some(ROOT_SERIAL));
        assert_eq!(details(&leaf).issuer_serial, details(&intermediate).serial);
        let server = PrivateKey::deserialize(identity.server_private()).unwrap().public_key().unwrap();
        assert_eq!(details(&leaf).key.as_deref(), Some(server.public_key_bytes()));
    }

    #[test]
    fn a_seed_gives_the_same_keys_again() {
        let keys = |seed| {
            let identity = NoiseIdentity::from_seed(seed).unwrap();
            (identity.root_public(), *identity.server_private())
        };
        assert_eq!(keys([1; 32]), keys([1; 32]));
        assert_ne!(keys([1; 32]), keys([2; 32]));
    }
}
