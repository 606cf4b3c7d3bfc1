#![allow(clippy::unwrap_used)]

use super::*;

const SERVER_KEY: [u8; 32] = [9; 32];
const CLIENT_KEY: [u8; 32] = [7; 32];

fn initiator(pattern: &str, server_public: Option<&[u8]>) -> HandshakeState {
    let builder = Builder::with_resolver(params(pattern).unwrap(), Box::new(WhatsAppCrypto))
        .prologue(&PROLOGUE)
        .unwrap()
        .local_private_key(&CLIENT_KEY)
        .unwrap();
    match server_public {
        Some(key) => builder.remote_public_key(key).unwrap(),
        None => builder,
    }
    .build_initiator()
    .unwrap()
}

fn public(private: &[u8; 32]) -> Vec<u8> {
    let mut dh = DefaultResolver.resolve_dh(&DHChoice::Curve25519).unwrap();
    dh.set(private);
    dh.pubkey().to_vec()
}

fn write(state: &mut HandshakeState, payload: &[u8]) -> Vec<u8> {
    let mut message = vec![0; 1024];
    let length = state.write_message(payload, &mut message).unwrap();
    message.truncate(length);
    message
}

fn read(state: &mut HandshakeState, hello: &ServerHello) -> Vec<u8> {
    let message =
        [hello.ephemeral.clone(), hello.encrypted_static.clone().unwrap_or_default(), hello.encrypted_payload.clone()];
    let mut payload = vec![0; 1024];
    let length = state.read_message(&message.concat(), &mut payload).unwrap();
    payload.truncate(length);
    payload
}

/// Frames of the client, encrypted with the key that snow gives it.
fn frames_pass(mut client: HandshakeState, responder: Responder) {
    let (to_server, from_server) = client.dangerously_get_raw_split();
    let (mut reader, mut writer) = responder.transport().unwrap();
    let (mut client_writer, mut client_reader) =
        (Writer(Direction::new(&to_server).unwrap()), Reader(Direction::new(&from_server).unwrap()));
    // Longer than a Noise message may be.
    for frame in [&b"first"[..], &[], &vec![3; 200_000]] {
        assert_eq!(reader.decrypt(&client_writer.encrypt(frame)).unwrap(), frame);
        assert_eq!(client_reader.decrypt(&writer.encrypt(frame)).unwrap(), frame);
    }
    assert!(matches!(reader.decrypt(&[0; 40]), Err(NoiseError::Decrypt)));
    assert!(matches!(reader.decrypt(&[0; 3]), Err(NoiseError::Short(3))));
}

fn full_handshake(client_pattern: &str, mut responder: Responder) {
    let mut client = initiator(client_pattern, None);
    responder.read_ephemeral(&write(&mut client, &[])).unwrap();
    let hello = responder.write_hello(b"certificate", true).unwrap();
    assert_eq!(hello.ephemeral.len(), 32);
    assert_eq!(hello.encrypted_static.as_ref().unwrap().len(), 48);
    assert_eq!(read(&mut client, &hello), b"certificate");
    let finish = write(&mut client, b"login");
    assert_eq!(responder.read_finish(&finish[..48], &finish[48..]).unwrap(), b"login");
    assert_eq!(responder.client_key().unwrap().to_vec(), public(&CLIENT_KEY));
    frames_pass(client, responder);
}

#[test]
fn a_full_handshake_gives_both_sides_the_same_keys() {
    full_handshake(XX, Responder::full(&SERVER_KEY).unwrap());
}

#[test]
fn a_fallback_handshake_gives_both_sides_the_same_keys() {
    full_handshake(XX_FALLBACK, Responder::fallback(&SERVER_KEY).unwrap());
}

#[test]
fn a_resumption_carries_the_payload_in_the_first_message() {
    let server_public = public(&SERVER_KEY);
    let mut client = initiator(IK, Some(&server_public));
    let hello = write(&mut client, b"login");
    let mut responder = Responder::resumption(&SERVER_KEY).unwrap();
    assert_eq!(responder.read_resumption([&hello[..32], &hello[32..80], &hello[80..]]).unwrap(), b"login");
    let answer = responder.write_hello(b"certificate", false).unwrap();
    assert!(answer.encrypted_static.is_none());
    assert_eq!(read(&mut client, &answer), b"certificate");
    frames_pass(client, responder);
}

#[test]
fn a_resumption_with_another_servers_key_is_not_read() {
    let server_public = public(&[5; 32]);
    let mut client = initiator(IK, Some(&server_public));
    let hello = write(&mut client, b"login");
    let mut responder = Responder::resumption(&SERVER_KEY).unwrap();
    assert!(responder.read_resumption([&hello[..32], &hello[32..80], &hello[80..]]).is_err());
}

#[test]
fn mixing_nothing_into_a_hash_leaves_it_as_it_is() {
    let mut hash = Sha256::default();
    let mut out = [0; 32];
    hash.input(&[1; 32]);
    hash.input(&[]);
    hash.result(&mut out);
    assert_eq!(out, [1; 32]);

    hash.reset();
    hash.input(&[1; 64]);
    hash.input(&[]);
    hash.result(&mut out);
    assert_eq!(out.to_vec(), sha2::Sha256::digest([1; 64]).to_vec(), "a pad of HMAC is hashed as ever");
}
