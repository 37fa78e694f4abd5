//! The vector of a text: the mean of the vectors of its entries, centered, of length 1.
//!
//! The entries' vectors were fitted so that this mean comes close to what a large sentence encoder says of the whole
//! text, and then tuned so that wordings of one answer lie close. Must not know labels or articles. Invariants: a vector has length 1; a text without a known entry has none.

use super::features::{Input, visit_entries};
use super::quantized::QuantizedTable;
use super::vocabulary::Vocabulary;

/// The entries with their vectors.
#[derive(Clone, Debug, Default)]
pub struct Encoder {
    pub(in crate::model) entries: Vocabulary,
    pub(in crate::model) table: QuantizedTable,
}

impl Encoder {
    /// Returns the width of the vectors.
    pub fn width(&self) -> usize {
        self.table.width
    }

    /// Returns the unit vector of a text, or nothing where no entry is known.
    pub fn encode(&self, input: Input<'_>) -> Option<Vec<f32>> {
        self.encode_some(input, |_| true)
    }

    /// Returns the unit vector of the entries that `keeps` lets through.
    pub(in crate::model) fn encode_some(
        &self,
        input: Input<'_>,
        mut keeps: impl FnMut(usize) -> bool,
    ) -> Option<Vec<f32>> {
        let mut sum = vec![0.0f32; self.width()];
        let mut is_known = false;
        visit_entries(input, |key| {
            if let Some(row) = self.entries.lookup(key).filter(|row| keeps(*row)) {
                self.table.add_row(row, &mut sum);
                is_known = true;
            }
        });
        (is_known && normalize(&mut sum)).then_some(sum)
    }
}

/// Scales a vector to length 1; tells whether it had any length.
pub(in crate::model) fn normalize(vector: &mut [f32]) -> bool {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length < f32::MIN_POSITIVE {
        return false;
    }
    vector.iter_mut().for_each(|value| *value /= length);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::vocabulary::unit_key;

    fn check(text: &str, expected: Option<[f32; 2]>) {
        let entries = Vocabulary::new(["退", "货", "坏"].map(unit_key).to_vec());
        let table = QuantizedTable::from_rows(&[3.0, 0.0, 0.0, 3.0, -3.0, 0.0], 2);
        let found = Encoder { entries, table }.encode(Input { text, words: &[] });
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) => {
                assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{text}: {found:?}");
            }
            _ => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn the_vector_is_the_direction_of_the_mean() {
        check("退", Some([1.0, 0.0]));
        check("退货", Some([0.5f32.sqrt(), 0.5f32.sqrt()]));
        check("退款", Some([1.0, 0.0]));
    }

    #[test]
    fn what_is_unknown_or_cancels_out_has_none() {
        check("", None);
        check("hello", None);
        check("退坏", None);
    }
}
