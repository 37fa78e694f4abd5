//! A table of vectors in one byte a value.
//!
//! Each row has its own scale, so that rare rows with small weights keep their precision. Must not know what the rows
//! stand for. Invariants: `values` has `width` values a row and `scales` one; a scale made here is a bfloat16, the upper
//! half of a float, so that it is stored in two bytes as it is.

/// Rows of `i8` with a scale each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuantizedTable {
    /// How many values a row has.
    pub width: usize,
    /// What one step of a row's values is worth.
    pub scales: Vec<f32>,
    /// Row after row.
    pub values: Vec<i8>,
}

impl QuantizedTable {
    /// Rounds rows of `width` values, given one after another.
    pub fn from_rows(rows: &[f32], width: usize) -> Self {
        let mut table = Self { width, scales: Vec::new(), values: Vec::with_capacity(rows.len()) };
        table.push_rows(rows);
        table
    }

    /// Rounds further rows.
    pub fn push_rows(&mut self, rows: &[f32]) {
        for row in rows.chunks_exact(self.width) {
            let largest = row.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
            let scale = if largest > 0.0 { rounded_up(largest / 127.0) } else { 1.0 };
            self.scales.push(scale);
            self.values.extend(row.iter().map(|value| (value / scale).round() as i8));
        }
    }

    /// Adds a row to `sum`, which is as wide.
    pub fn add_row(&self, row: usize, sum: &mut [f32]) {
        let scale = self.scales[row];
        let values = &self.values[row * self.width..(row + 1) * self.width];
        for (sum, value) in sum.iter_mut().zip(values) {
            *sum += scale * f32::from(*value);
        }
    }

    /// Adds a row to `sum`, each of `factors` for an equal part of it.
    pub fn add_scaled_row(&self, row: usize, factors: &[f32], sum: &mut [f32]) {
        let values = &self.values[row * self.width..(row + 1) * self.width];
        let part = self.width.div_ceil(factors.len().max(1)).max(1);
        for ((sum, values), factor) in sum.chunks_mut(part).zip(values.chunks(part)).zip(factors) {
            let scale = self.scales[row] * factor;
            sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += scale * f32::from(*value));
        }
    }

    /// Returns all rows as floats, one after another.
    pub fn to_rows(&self) -> Vec<f32> {
        let rows = self.values.chunks_exact(self.width.max(1)).zip(&self.scales);
        rows.flat_map(|(row, scale)| row.iter().map(move |value| scale * f32::from(*value))).collect()
    }
}

/// The next bfloat16 that is no smaller, so that no value leaves the range.
fn rounded_up(scale: f32) -> f32 {
    const LOWER_HALF: u32 = 0xffff;
    f32::from_bits((scale.to_bits() + LOWER_HALF) & !LOWER_HALF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_errs_by_half_a_step_at_most() {
        let mut rng = fastrand::Rng::with_seed(5);
        let rows: Vec<f32> = (0..7 * 32).map(|_| rng.f32() * 4.0 - 2.0).collect();
        let table = QuantizedTable::from_rows(&rows, 32);
        for (row, values) in rows.chunks_exact(32).enumerate() {
            let mut sum = vec![0.0; 32];
            table.add_row(row, &mut sum);
            assert_eq!(sum, table.to_rows()[row * 32..(row + 1) * 32]);
            for (value, rounded) in values.iter().zip(&sum) {
                assert!((value - rounded).abs() <= table.scales[row] * 0.501);
            }
        }
    }

    #[test]
    fn parts_of_a_row_have_factors_of_their_own() {
        let table = QuantizedTable::from_rows(&[127.0, 127.0, 127.0, -127.0], 4);
        let mut sum = [1.0; 4];
        table.add_scaled_row(0, &[1.0, 0.5], &mut sum);
        assert_eq!(sum, [128.0, 128.0, 64.5, -62.5]);
    }

    #[test]
    fn scales_are_halves_of_floats_and_no_value_leaves_the_range() {
        let mut rng = fastrand::Rng::with_seed(6);
        let rows: Vec<f32> = (0..64).map(|_| rng.f32() * 4.0 - 2.0).collect();
        let table = QuantizedTable::from_rows(&rows, 2);
        for (scale, row) in table.scales.iter().zip(rows.chunks(2)) {
            assert_eq!(scale.to_bits() & 0xffff, 0);
            assert!(row.iter().all(|value| value.abs() / scale <= 127.0), "{row:?} by {scale}");
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        assert_eq!(QuantizedTable::from_rows(&[0.0; 4], 4).to_rows(), [0.0; 4]);
    }
}
