//! Carries the Noise handshake over a wire: chooses the pattern by what the client's hello holds.

use buffa::Message as _;
use buffa::MessageField;
use waproto::whatsapp::HandshakeMessage;
use waproto::whatsapp::handshake_message::{ClientHello, ServerHello as HelloMessage};

use super::certificate::NoiseIdentity;
use super::noise::{NoiseError, Reader, Responder, ServerHello, Writer};
use super::wire::{Stream, Wire, WireError};
use crate::network::Handshake;

#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Noise(#[from] NoiseError),
    #[error("a handshake message does not decode")]
    Decode(#[from] buffa::DecodeError),
    #[error("the handshake lacks {0}")]
    Missing(&'static str),
    #[error("the client went away")]
    Gone,
}

/// A finished handshake.
pub struct Secured {
    pub reader: Reader,
    pub writer: Writer,
    /// The client's static key, proven.
    pub client_key: [u8; 32],
    pub payload: Vec<u8>,
    pub handshake: Handshake,
}

/// Answers the client's hello. `refuse_resumption`: an IK hello is answered with a full handshake.
pub async fn run<S: Stream>(
    wire: &mut Wire<S>,
    identity: &NoiseIdentity,
    refuse_resumption: bool,
) -> Result<Secured, HandshakeError> {
    let hello = message(wire).await?.client_hello.into_option().ok_or(HandshakeError::Missing("client hello"))?;
    let ephemeral = hello.ephemeral.as_deref().ok_or(HandshakeError::Missing("ephemeral"))?;
    let resumption = hello.r#static.as_deref().zip(hello.payload.as_deref());
    let Some((encrypted_static, payload)) = resumption else {
        return full(wire, identity, &hello, Responder::full(identity.server_private())?, Handshake::Xx).await;
    };
    let mut responder = Responder::resumption(identity.server_private())?;
    // A client that resumes with another server's key (the sandbox was started anew) is turned to the full handshake.
    let read = if refuse_resumption { None } else { responder.read_resumption([ephemeral, encrypted_static, payload]).ok() };
    let Some(payload) = read else {
        return full(wire, identity, &hello, Responder::fallback(identity.server_private())?, Handshake::XxFallback).await;
    };
    let answer = responder.write_hello(identity.chain(), false)?;
    wire.send(&encode(answer)).await?;
    secured(responder, payload, Handshake::Ik)
}

async fn full<S: Stream>(
    wire: &mut Wire<S>,
    identity: &NoiseIdentity,
    hello: &ClientHello,
    mut responder: Responder,
    handshake: Handshake,
) -> Result<Secured, HandshakeError> {
    responder.read_ephemeral(hello.ephemeral.as_deref().unwrap_or_default())?;
    let answer = responder.write_hello(identity.chain(), true)?;
    wire.send(&encode(answer)).await?;
    let finish = message(wire).await?.client_finish.into_option().ok_or(HandshakeError::Missing("client finish"))?;
    let encrypted_static = finish.r#static.as_deref().ok_or(HandshakeError::Missing("static key"))?;
    let payload = finish.payload.as_deref().ok_or(HandshakeError::Missing("payload"))?;
    let payload = responder.read_finish(encrypted_static, payload)?;
    secured(responder, payload, handshake)
}

fn secured(responder: Responder, payload: Vec<u8>, handshake: Handshake) -> Result<Secured, HandshakeError> {
    let client_key = responder.client_key().ok_or(HandshakeError::Missing("static key"))?;
    let (reader, writer) = responder.transport()?;
    Ok(Secured { reader, writer, client_key, payload, handshake })
}

async fn message<S: Stream>(wire: &mut Wire<S>) -> Result<HandshakeMessage, HandshakeError> {
    let frame = wire.next().await?.ok_or(HandshakeError::Gone)?;
    Ok(HandshakeMessage::decode_from_slice(&frame)?)
}

fn encode(hello: ServerHello) -> Vec<u8> {
    HandshakeMessage {
        server_hello: MessageField::some(HelloMessage {
            ephemeral: Some(hello.ephemeral),
            r#static: hello.encrypted_static,
            payload: Some(hello.encrypted_payload),
            ..Default::default()
        }),
        ..Default::default()
    }
    .encode_to_vec()
}
