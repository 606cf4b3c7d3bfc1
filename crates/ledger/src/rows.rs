//! Many rows in few statements.

use crate::sql::List;

/// How many rows one statement takes. Few sizes, so that their statements stay prepared.
const SIZES: [usize; 4] = [64, 16, 4, 1];

/// `rows` in pieces of such sizes.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

/// The argument of [`dialect::in_list`](crate::dialect::in_list).
pub(crate) fn list<T>(values: impl IntoIterator<Item = T>) -> List
where
    List: FromIterator<T>,
{
    values.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn every_row_is_in_one_piece_and_the_order_stays() {
        for n in 0..200usize {
            let rows: Vec<usize> = (0..n).collect();
            let told: Vec<usize> = pieces(&rows).flatten().copied().collect();
            assert_eq!(told, rows);
        }
        assert_eq!(pieces(&[0; 100]).map(<[i32]>::len).collect::<Vec<_>>(), [64, 16, 16, 4]);
    }
}
