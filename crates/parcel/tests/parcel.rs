#![allow(clippy::unwrap_used)]

use parcel::{FORMAT, Label, Passphrase, TooShort, Unopened, Work, open, wrap};
use proptest::prelude::*;
use std::io::Write as _;

const SESSION: &[u8] = b"{\"version\":1,\"device\":\"all of it\"}";

fn passphrase(text: &str) -> Passphrase {
    Passphrase::chosen(text.to_owned().into()).unwrap()
}

fn right() -> Passphrase {
    passphrase("a spare umbrella")
}

fn label() -> Label {
    Label {
        format: FORMAT,
        made_by: "0.1.0".into(),
        made_at: "2026-01-31T23:59:59.000Z".into(),
        channel: "Support \u{2602}".into(),
        counts: [("sessions".to_owned(), 3)].into(),
        digest: "ab".repeat(32),
        length: 0,
        sha256: String::new(),
    }
}

fn file(session: &[u8]) -> Vec<u8> {
    wrap(label(), session, &right(), Work::TOKEN).unwrap()
}

/// An age file of somebody else's making.
fn sealed(inside: &[u8], work: u8) -> Vec<u8> {
    let mut recipient = age::scrypt::Recipient::new("a spare umbrella".to_owned().into());
    recipient.set_work_factor(work);
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient)).unwrap();
    let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
    writer.write_all(inside).unwrap();
    writer.finish().unwrap()
}

/// Random, so that it stays long when compressed.
fn long() -> Vec<u8> {
    let mut state = 7_u64;
    (0..200_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect()
}

#[test]
fn what_was_wrapped_is_opened() {
    for session in [SESSION.to_vec(), Vec::new(), long()] {
        let (read, inside) = open(&file(&session), &right()).unwrap();
        assert_eq!(*inside, session);
        assert_eq!(read, Label { length: session.len() as u64, sha256: read.sha256.clone(), ..label() });
    }
}

#[test]
fn nothing_of_it_can_be_read_in_the_file() {
    let file = file(SESSION);
    for word in [&b"Support"[..], b"device", b"whatisup", b"sessions", b"2026"] {
        assert!(!file.windows(word.len()).any(|w| w == word));
    }
}

#[test]
fn another_passphrase_opens_nothing() {
    assert_eq!(open(&file(SESSION), &passphrase("a spare umbrellb")).unwrap_err(), Unopened::WrongPassphrase);
    assert_eq!(open(&file(SESSION), &Passphrase::given(String::new().into())).unwrap_err(), Unopened::WrongPassphrase);
}

#[test]
fn a_short_passphrase_is_not_sealed_with() {
    assert_eq!(Passphrase::chosen("elf letters".to_owned().into()).unwrap_err(), TooShort);
    assert!(Passphrase::chosen("zw\u{f6}lf \u{dc}ber uns".to_owned().into()).is_ok());
}

#[test]
fn it_is_not_printed() {
    assert_eq!(format!("{:?}", right()), "<redacted>");
}

#[test]
fn what_is_no_export_is_told_as_such() {
    for other in [&b""[..], b"SQLite format 3\0", b"\x1f\x8b\x08\0", b"{}", &[0; 5000]] {
        assert_eq!(open(other, &right()).unwrap_err(), Unopened::NotAnExport);
    }
    assert_eq!(open(&sealed(b"my diary", 2), &right()).unwrap_err(), Unopened::NotAnExport);
    assert_eq!(open(&sealed(b"my diary, which is longer than that", 2), &right()).unwrap_err(), Unopened::NotAnExport);
    // Sealed for a key, not with a passphrase.
    let key = age::x25519::Identity::generate().to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&key as &dyn age::Recipient)).unwrap();
    let mut writer = encryptor.wrap_output(Vec::new()).unwrap();
    writer.write_all(SESSION).unwrap();
    assert_eq!(open(&writer.finish().unwrap(), &right()).unwrap_err(), Unopened::NotAnExport);
}

#[test]
fn a_later_format_is_told_by_its_number() {
    let later = sealed(b"whatisup export\n{\"format\":2,\"wishes\":[]}\n???", 2);
    assert_eq!(open(&later, &right()).unwrap_err(), Unopened::Newer { found: 2 });
    let broken = sealed(b"whatisup export\n{\"form\n???", 2);
    assert_eq!(open(&broken, &right()).unwrap_err(), Unopened::Damaged);
    let endless = sealed(&[b"whatisup export\n".to_vec(), vec![b' '; 200_000]].concat(), 2);
    assert_eq!(open(&endless, &right()).unwrap_err(), Unopened::Damaged);
}

#[test]
fn a_file_that_would_take_minutes_is_refused_at_once() {
    let started = std::time::Instant::now();
    for asked in [21, 30, 63] {
        let text = sealed(b"x", 4);
        let at = text.windows(9).position(|w| w == b"-> scrypt").unwrap();
        let end = at + text[at..].iter().position(|b| *b == b'\n').unwrap();
        let mut costly = text[..end - 1].to_vec();
        costly.extend_from_slice(asked.to_string().as_bytes());
        costly.extend_from_slice(&text[end..]);
        assert_eq!(open(&costly, &right()).unwrap_err(), Unopened::TooMuchWork { asked });
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(Work::new(21), None);
    assert_eq!(Work::new(0), None);
    assert_eq!(Work::new(18), Some(Work::USUAL));
}

#[test]
fn a_bomb_does_not_go_off() {
    // A gigabyte of zeros in a megabyte, whose label promises little.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![0; 1024 * 1024]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let labelled = |length: u64| {
        let label = Label { length, ..label() };
        [&b"whatisup export\n"[..], &serde_json::to_vec(&label).unwrap(), b"\n", &bomb].concat()
    };
    assert_eq!(open(&sealed(&labelled(1000), 2), &right()).unwrap_err(), Unopened::Damaged);
    assert_eq!(open(&sealed(&labelled(u64::MAX), 2), &right()).unwrap_err(), Unopened::TooLarge);
}

#[test]
fn a_file_cut_short_anywhere_opens_nothing() {
    let whole = file(&long());
    let chunk = 64 * 1024 + 16;
    let header = whole.windows(4).position(|w| w == b"\n---").unwrap();
    let ends = [1, 10, 21, header, header + 40, header + 60, header + 70, header + 70 + chunk, 2 * chunk, whole.len() - 1];
    for end in ends {
        let error = open(&whole[..end], &right()).unwrap_err();
        assert!(matches!(error, Unopened::Truncated | Unopened::Damaged), "cut at {end}: {error:?}");
    }
    let longer = [&whole[..], b"x"].concat();
    assert_eq!(open(&longer, &right()).unwrap_err(), Unopened::Damaged);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 512 }))]

    #[test]
    fn a_changed_byte_anywhere_opens_nothing(at in 0_usize..10_000, with in 1_u8..) {
        let mut changed = file(SESSION);
        let at = at % changed.len();
        changed[at] ^= with;
        prop_assert!(open(&changed, &right()).is_err(), "byte {at}");
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = open(&bytes, &right());
        let _ = open(&[b"age-encryption.org/v1\n".to_vec(), bytes.clone()].concat(), &right());
        let inside = sealed(&[b"whatisup export\n".to_vec(), bytes].concat(), 1);
        prop_assert!(open(&inside, &right()).is_err());
    }
}

/// A file made by the first version of this program. It stays readable.
#[test]
fn a_file_of_format_1_is_still_opened() {
    let (label, session) = open(include_bytes!("files/format-1.age"), &right()).unwrap();
    assert_eq!((label.format, label.channel.as_str()), (1, "Support \u{2602}"));
    assert_eq!(*session, SESSION);
}
