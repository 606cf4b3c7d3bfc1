#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

fn sealer() -> Sealer {
    Sealer::new(&[7; 32], "test")
}

#[test]
fn what_was_sealed_opens_with_the_same_key_purpose_and_context_only() {
    let sealed = sealer().seal(b"sessions/1", b"a ratchet");
    assert_eq!(sealed.len(), b"a ratchet".len() + OVERHEAD);
    assert_eq!(*sealer().open(b"sessions/1", &sealed).unwrap(), b"a ratchet");
    assert_eq!(sealer().open(b"sessions/2", &sealed), Err(Unopened));
    assert_eq!(sealer().open(b"", &sealed), Err(Unopened));
    assert_eq!(Sealer::new(&[8; 32], "test").open(b"sessions/1", &sealed), Err(Unopened));
    assert_eq!(Sealer::new(&[7; 32], "tesu").open(b"sessions/1", &sealed), Err(Unopened));
}

#[test]
fn the_same_is_never_sealed_the_same_and_always_named_the_same() {
    let sealer = sealer();
    let sealed: HashSet<_> = (0..1000).map(|_| sealer.seal(b"", b"")).collect();
    assert_eq!(sealed.len(), 1000);
    assert_eq!(sealer.name(b"x"), sealer.clone().name(b"x"));
    assert_ne!(sealer.name(b"x"), sealer.name(b"y"));
    assert_ne!(sealer.name(b"x"), Sealer::new(&[8; 32], "test").name(b"x"));
    assert_ne!(sealer.name(b"x"), Sealer::new(&[7; 32], "t").name(b"x"));
}

/// Computed once with other code (Python's `hmac` and `cryptography`). What is stored must open in every later version.
#[test]
fn the_format_stays() {
    let sealer = sealer();
    let sealed = sealer.seal_with(b"context", b"hello", [9; NONCE]);
    assert_eq!(hex::encode(&sealed), SEALED);
    assert_eq!(hex::encode(sealer.name(b"context")), NAMED);
    assert_eq!(*sealer.open(b"context", &hex::decode(SEALED).unwrap()).unwrap(), b"hello");
}

const SEALED: &str = "010909090909090909090909090909090909090909090909097c9c1e55c336c68548bda6f70979ab7e8819875007";
const NAMED: &str = "02f008c349cd11d7e96d84878be9799c";

#[test]
fn it_shows_its_key_to_nobody() {
    assert_eq!(format!("{:?}", sealer()), "<redacted>");
}

#[test]
fn what_is_cut_short_does_not_open() {
    let sealed = sealer().seal(b"c", b"hello");
    for length in 0..sealed.len() {
        assert_eq!(sealer().open(b"c", &sealed[..length]), Err(Unopened), "{length}");
    }
    assert_eq!(sealer().open(b"c", &[&sealed[..], b"x"].concat()), Err(Unopened));
}

#[test]
fn purpose_and_part_are_kept_apart() {
    let one = Sealer::new(&[7; 32], "a");
    let other = Sealer::new(&[7; 32], "avalues");
    assert_ne!(one.values, other.values);
    assert_ne!(one.values, one.names);
    assert_ne!(one.names, other.names);
}

proptest! {
    #[test]
    fn anything_comes_back_and_one_changed_bit_is_noticed(
        context in proptest::collection::vec(any::<u8>(), 0..40),
        plain in proptest::collection::vec(any::<u8>(), 0..300),
        at in any::<proptest::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let mut sealed = sealer().seal(&context, &plain);
        prop_assert_eq!(&*sealer().open(&context, &sealed).unwrap(), &plain);
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(sealer().open(&context, &sealed), Err(Unopened));
    }
}
