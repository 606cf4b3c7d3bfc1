//! Numbers that look like chance and are the same on every machine: workers agree on who holds what without asking each other.

use std::hash::{BuildHasher, Hasher};

/// Spreads every bit over all of them (the finaliser of SplitMix64).
pub(crate) const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub(crate) const fn hash(bits: u128) -> u64 {
    mix((bits >> 64) as u64 ^ mix(bits as u64))
}

/// A number above 0 and below 1.
pub(crate) fn unit(hash: u64) -> f64 {
    ((hash >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
}

/// `-ln(u)` for `u` above 0 and below 1. The logarithm of the system's library differs in its last bits from machine to
/// machine; this one is made of additions, multiplications and divisions, which do not.
pub(crate) fn negative_logarithm(u: f64) -> f64 {
    let bits = u.to_bits();
    let mut exponent = ((bits >> 52) as i32 - 1023) as f64;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        exponent += 1.0;
    }
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let q = s * s;
    let series = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q / 13.0)))));
    -(exponent * std::f64::consts::LN_2 + 2.0 * s * series)
}

/// Hashes ids for maps that are walked: the same walk in every run. Not for what strangers choose.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mixing;

impl BuildHasher for Mixing {
    type Hasher = Mixer;

    fn build_hasher(&self) -> Mixer {
        Mixer(0)
    }
}

#[derive(Debug)]
pub(crate) struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = mix(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u128(&mut self, bits: u128) {
        self.0 = mix(self.0 ^ hash(bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_one() {
        for n in 1..10_000_u32 {
            let u = f64::from(n) / 10_000.0;
            assert!((negative_logarithm(u) + u.ln()).abs() < 1e-11, "{u}");
        }
        assert!((negative_logarithm(unit(0)) + unit(0).ln()).abs() < 1e-9);
        assert!(negative_logarithm(unit(u64::MAX)) > 0.0);
    }

    #[test]
    fn what_is_mixed_once_is_mixed_the_same_for_ever() {
        // Workers of two versions must agree during an upgrade.
        assert_eq!((mix(0), hash(1)), (0xe220_a839_7b1d_cdaf, hash(1)));
    }
}
