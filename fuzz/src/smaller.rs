//! A smaller input that fails, too.

use std::time::{Duration, Instant};

/// Takes away what can be taken away, for at most `patience`.
pub(crate) fn smaller(input: &[u8], patience: Duration, fails: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let end = Instant::now() + patience;
    let mut least = input.to_vec();
    let mut piece = least.len() / 2;
    while piece > 0 {
        let mut at = 0;
        while at < least.len() && Instant::now() < end {
            let mut shorter = least.clone();
            shorter.drain(at..(at + piece).min(least.len()));
            if fails(&shorter) {
                least = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_makes_it_fail_is_left() {
        let least = smaller(b"nothing of this but the x and later the y", Duration::from_secs(5), |bytes| {
            let x = bytes.iter().position(|b| *b == b'x');
            x.is_some_and(|x| bytes[x..].contains(&b'y'))
        });
        assert_eq!(least, b"xy");
    }
}
