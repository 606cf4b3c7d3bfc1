//! One input made of others.

use crate::chance::Chance;

/// Numbers at which parsers trip.
const NUMBERS: [&str; 14] = [
    "0",
    "-0",
    "-1",
    "1",
    "127",
    "255",
    "256",
    "65536",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "1e999",
    "0.1",
];
/// Texts at which they trip.
const TEXTS: [&str; 22] = [
    "",
    "\0",
    "\u{fffd}",
    "\u{202e}",
    "\u{10ffff}",
    "ß",
    "İ",
    "e\u{301}",
    "\r\n",
    "%00",
    "%2e%2e%2f",
    "../",
    "\\u0000",
    "\\ud800",
    "{}",
    "[]",
    "null",
    "\"\"",
    "true",
    "\\",
    "'",
    "+",
];
const BYTES: [u8; 12] = [0, 1, 9, 10, 13, 32, 34, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

/// Changes `input` a few times. `other` is a second parent; `words` belong to the target.
pub(crate) fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[Vec<u8>], longest: usize, chance: &mut Chance) {
    for _ in 0..chance.length(8) {
        once(input, other, words, longest, chance);
    }
    input.truncate(longest);
}

fn once(input: &mut Vec<u8>, other: &[u8], words: &[Vec<u8>], longest: usize, chance: &mut Chance) {
    let at = chance.below(input.len() + 1);
    match chance.below(15) {
        0 => change(input, at, |byte, chance| byte ^ (1 << chance.below(8)), chance),
        1 => change(input, at, |_, chance| chance.byte(), chance),
        2 => change(input, at, |_, chance| *chance.of(&BYTES).unwrap_or(&0), chance),
        3 => change(input, at, |byte, chance| byte.wrapping_add(if chance.below(2) == 0 { 1 } else { 255 }), chance),
        4 => {
            let end = at + chance.length(input.len() - at).min(input.len() - at);
            input.drain(at..end);
        }
        5 => {
            let bytes: Vec<u8> = (0..chance.length(16)).map(|_| chance.byte()).collect();
            insert(input, at, &bytes);
        }
        6 => {
            // The same again, once or so often that what recurses or multiplies shows it.
            let end = (at + chance.length(32)).min(input.len());
            let piece = input[at..end].to_vec();
            let room = longest.saturating_sub(input.len()) / piece.len().max(1);
            let times = if chance.below(8) == 0 { room } else { chance.length(4).min(room) };
            insert(input, at, &piece.repeat(times));
        }
        7 | 8 => {
            if let Some(word) = chance.of(words) {
                insert(input, at, word);
            }
        }
        9 => {
            if let Some(word) = chance.of(words) {
                replace(input, at, word.len(), word);
            }
        }
        10 => number(input, at, chance.of(&NUMBERS).map_or("", |number| number)),
        11 => insert(input, at, chance.of(&TEXTS).map_or("", |text| text).as_bytes()),
        12 => {
            // A piece of the other parent.
            let from = chance.below(other.len());
            let to = (from + chance.length(64)).min(other.len());
            insert(input, at, &other[from..to]);
        }
        13 => {
            // The rest of the other parent.
            let from = chance.below(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        _ => {
            // Two pieces change places.
            let (from, length) = (chance.below(input.len()), chance.length(16));
            if from + length <= input.len() {
                let piece: Vec<u8> = input.drain(from..from + length).collect();
                let at = chance.below(input.len() + 1);
                insert(input, at, &piece);
            }
        }
    }
}

fn change(input: &mut [u8], at: usize, to: impl Fn(u8, &mut Chance) -> u8, chance: &mut Chance) {
    if let Some(byte) = input.get_mut(at) {
        *byte = to(*byte, chance);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

fn replace(input: &mut Vec<u8>, at: usize, length: usize, bytes: &[u8]) {
    let end = (at + length).min(input.len());
    input.splice(at..end, bytes.iter().copied());
}

/// Puts a number in the place of the one that follows `at`.
fn number(input: &mut Vec<u8>, at: usize, number: &str) {
    let Some(from) = input[at..].iter().position(u8::is_ascii_digit).map(|n| at + n) else { return };
    let length = input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    replace(input, from, length, number.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_change_and_stay_short() {
        let mut chance = Chance::new(7);
        let words = [b"word".to_vec()];
        let mut changed = 0;
        for n in 0..20_000 {
            let before = vec![b'7'; n % 40];
            let mut input = before.clone();
            mutate(&mut input, b"other", &words, 100, &mut chance);
            assert!(input.len() <= 100);
            changed += usize::from(input != before);
        }
        assert!(changed > 15_000, "{changed}");
        mutate(&mut Vec::new(), &[], &[], 0, &mut chance);
    }
}
