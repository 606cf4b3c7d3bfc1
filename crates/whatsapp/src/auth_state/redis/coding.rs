//! Several byte strings as one: each after its length.

use zeroize::Zeroizing;

pub(super) fn pack(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut packed = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum()));
    for part in parts {
        packed.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        packed.extend_from_slice(part);
    }
    packed
}

/// All of them; `None` when this is not what [`pack`] has made.
pub(super) fn unpacked(mut packed: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !packed.is_empty() {
        let (length, rest) = packed.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
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
        let packed = pack(&[b"abc", b"d"]);
        assert_ne!(packed, pack(&[b"ab", b"cd"]));
        for length in (1..packed.len()).filter(|length| *length != 7) {
            assert_eq!(unpacked(&packed[..length]), None, "{length}");
        }
    }
}
