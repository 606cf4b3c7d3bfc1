//! Several byte strings as one: each after its length, seven bits of it to a byte, the lowest first. Most lengths take one byte;
//! a channel has hundreds of small records.

use zeroize::Zeroizing;

const MORE: u8 = 0x80;

pub(super) fn pack(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // Grown once and no more: what a growing vector leaves behind is not zeroed.
    let mut packed = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len() + 10).sum()));
    for part in parts {
        let mut length = part.len();
        while length >= usize::from(MORE) {
            packed.push(length.to_le_bytes()[0] | MORE);
            length >>= 7;
        }
        packed.push(length.to_le_bytes()[0]);
        packed.extend_from_slice(part);
    }
    packed
}

/// All of them; `None` when this is not what [`pack`] has made.
pub(super) fn unpacked(mut packed: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !packed.is_empty() {
        let mut length = 0_usize;
        let mut shift = 0;
        loop {
            let (byte, rest) = packed.split_first()?;
            packed = rest;
            length |= usize::from(byte & !MORE).checked_shl(shift)?;
            if byte & MORE == 0 {
                break;
            }
            shift += 7;
        }
        let (part, rest) = packed.split_at_checked(length)?;
        parts.push(part);
        packed = rest;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_unpacked_and_nothing_else() {
        for parts in [&[][..], &[&b""[..]], &[b"a", b"", b"bc"]] {
            assert_eq!(unpacked(&pack(parts)), Some(parts.to_vec()));
        }
        for length in [127, 128, 129, 16_383, 16_384, 3_000_000] {
            let long = vec![7; length];
            assert_eq!(unpacked(&pack(&[b"a", &long, b"b"])), Some(vec![&b"a"[..], &long, b"b"]));
        }
        assert_eq!(unpacked(&[0x80; 30]), None);
        let packed = pack(&[b"abc", b"d"]);
        assert_ne!(packed, pack(&[b"ab", b"cd"]));
        for length in (1..packed.len()).filter(|length| *length != 4) {
            assert_eq!(unpacked(&packed[..length]), None, "{length}");
        }
    }
}
