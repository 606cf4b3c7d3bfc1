//! WhatsApp pads every plaintext with 1 to 16 bytes that each say how many they are.

use rand::Rng as _;

use super::PhoneError;

pub(super) fn pad(mut plaintext: Vec<u8>) -> Vec<u8> {
    let count = rand::rng().random_range(1..=16u8);
    plaintext.resize(plaintext.len() + usize::from(count), count);
    plaintext
}

pub(super) fn unpad(mut padded: Vec<u8>) -> Result<Vec<u8>, PhoneError> {
    let broken = || PhoneError::Protocol("padding of a plaintext is broken".to_owned());
    let count = *padded.last().ok_or_else(broken)?;
    let length = padded.len().checked_sub(usize::from(count)).ok_or_else(broken)?;
    if count == 0 || padded[length..].iter().any(|byte| *byte != count) {
        return Err(broken());
    }
    padded.truncate(length);
    Ok(padded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn padding_comes_off_again_and_broken_padding_is_refused() {
        for length in 0..40 {
            let text = vec![7; length];
            assert_eq!(unpad(pad(text.clone())).unwrap(), text);
        }
        assert!(unpad(vec![]).is_err());
        assert!(unpad(vec![1, 2, 3]).is_err());
        assert!(unpad(vec![9]).is_err());
        assert!(unpad(vec![0]).is_err());
    }
}
