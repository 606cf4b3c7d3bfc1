use super::table::Cell;
use sha2::{Digest as _, Sha256};

/// Count and hash of rows, whatever their order: the sum of the rows' own hashes. What two ledgers have in common adds up to
/// the same; to have others do so takes breaking SHA-256.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    rows: u64,
    sum: [u64; 4],
}

impl Digest {
    pub fn add(&mut self, row: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in row {
            match cell {
                Cell::Text(None) | Cell::Int(None) => hash.update(b"0"),
                Cell::Text(Some(text)) => {
                    hash.update(b"t");
                    hash.update((text.len() as u64).to_le_bytes());
                    hash.update(text);
                }
                Cell::Int(Some(number)) => {
                    hash.update(b"i");
                    hash.update(number.to_le_bytes());
                }
                Cell::Bool(truth) => hash.update(if *truth { b"y" } else { b"n" }),
            }
        }
        let hash: [u8; 32] = hash.finalize().into();
        let mut carry = false;
        for (sum, bytes) in self.sum.iter_mut().zip(hash.as_chunks::<8>().0) {
            let (partial, first) = sum.overflowing_add(u64::from_le_bytes(*bytes));
            let (total, second) = partial.overflowing_add(u64::from(carry));
            (*sum, carry) = (total, first || second);
        }
        self.rows += 1;
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        for (into, sum) in hash.as_chunks_mut::<8>().0.iter_mut().zip(self.sum) {
            *into = sum.to_le_bytes();
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[&[Cell]]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    #[test]
    fn the_order_of_rows_does_not_count_and_everything_else_does() {
        let text = |text: &str| Cell::Text(Some(text.to_owned()));
        let (a, b) = ([text("a"), Cell::Int(Some(1))], [text("b"), Cell::Int(None)]);
        assert_eq!(digest(&[&a, &b]), digest(&[&b, &a]));
        assert_ne!(digest(&[&a, &b]), digest(&[&a, &a]));
        assert_ne!(digest(&[&a]), digest(&[&a, &a]));
        assert_ne!(digest(&[&[text("ab"), text("c")]]).hash(), digest(&[&[text("a"), text("bc")]]).hash());
        assert_ne!(digest(&[&[Cell::Bool(true)]]).hash(), digest(&[&[Cell::Bool(false)]]).hash());
    }
}
