//! Adam for a table of which a step touches few rows.
//!
//! A dense optimizer would spend its time on the thousands of rows a batch does not hold, so this moves and decays only
//! the rows that got a gradient ("lazy Adam"). Must not know what the rows stand for. Invariants: a row without a
//! gradient stays as it is; the same gradients in the same order give the same bits.

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.99;
const EPSILON: f32 = 1e-8;

/// Rows of one width with the moments of their gradients.
pub(super) struct LazyAdam {
    width: usize,
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    gradient: Vec<f32>,
    is_touched: Vec<bool>,
    touched: Vec<usize>,
    num_steps: i32,
}

impl LazyAdam {
    /// Begins with rows of `width` values, given one after another.
    pub fn new(weights: Vec<f32>, width: usize) -> Self {
        let zeros = || vec![0.0; weights.len()];
        let (first, second, gradient) = (zeros(), zeros(), zeros());
        let is_touched = vec![false; weights.len() / width];
        Self { width, weights, first, second, gradient, is_touched, touched: Vec::new(), num_steps: 0 }
    }

    /// Returns all rows, one after another.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// Returns all rows, one after another.
    pub fn into_weights(self) -> Vec<f32> {
        self.weights
    }

    /// Adds a row to `sum`, each of `factors` times an equal part of it.
    pub fn add_row(&self, row: usize, factors: &[f32], sum: &mut [f32]) {
        add_parts(sum, factors, &self.weights[row * self.width..(row + 1) * self.width]);
    }

    /// Adds to what the next step follows in a row, each of `factors` times an equal part of `gradient`.
    pub fn add_gradient(&mut self, row: usize, factors: &[f32], gradient: &[f32]) {
        add_parts(&mut self.gradient[row * self.width..(row + 1) * self.width], factors, gradient);
        if !std::mem::replace(&mut self.is_touched[row], true) {
            self.touched.push(row);
        }
    }

    /// Takes one step against the gradients added since the last one.
    pub fn step(&mut self, rate: f32, decay: f32) {
        self.num_steps += 1;
        let first_share = 1.0 - FIRST_DECAY.powi(self.num_steps);
        let second_share = 1.0 - SECOND_DECAY.powi(self.num_steps);
        for row in std::mem::take(&mut self.touched) {
            self.is_touched[row] = false;
            for at in row * self.width..(row + 1) * self.width {
                let gradient = std::mem::take(&mut self.gradient[at]);
                self.first[at] += (1.0 - FIRST_DECAY) * (gradient - self.first[at]);
                self.second[at] += (1.0 - SECOND_DECAY) * (gradient * gradient - self.second[at]);
                let direction = self.first[at] / first_share / ((self.second[at] / second_share).sqrt() + EPSILON);
                self.weights[at] -= rate * (direction + decay * self.weights[at]);
            }
        }
    }
}

fn add_parts(sum: &mut [f32], factors: &[f32], values: &[f32]) {
    let part = sum.len().div_ceil(factors.len().max(1)).max(1);
    for ((sum, values), factor) in sum.chunks_mut(part).zip(values.chunks(part)).zip(factors) {
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += factor * value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_the_gradient_of_touched_rows_only() {
        let mut rows = LazyAdam::new(vec![1.0; 6], 2);
        for _ in 0..10 {
            rows.add_gradient(0, &[1.0], &[1.0, 0.0]);
            rows.add_gradient(0, &[0.5], &[1.0, 0.0]);
            rows.add_gradient(2, &[-1.0], &[1.0, 1.0]);
            rows.step(0.1, 0.0);
        }
        let weights = rows.into_weights();
        assert!(weights[0] < 0.5 && weights[1] == 1.0, "{weights:?}");
        assert_eq!(weights[2..4], [1.0, 1.0]);
        assert!(weights[4] > 1.5 && weights[5] > 1.5, "{weights:?}");
    }

    #[test]
    fn parts_of_a_row_have_factors_of_their_own() {
        let mut rows = LazyAdam::new(vec![1.0, 2.0, 3.0, 4.0], 4);
        let mut sum = vec![0.0; 4];
        rows.add_row(0, &[1.0, 0.5], &mut sum);
        assert_eq!(sum, [1.0, 2.0, 1.5, 2.0]);
        rows.add_gradient(0, &[1.0, 0.0], &[1.0; 4]);
        rows.step(0.1, 0.0);
        assert!(rows.weights()[1] < 2.0 && rows.weights()[2..] == [3.0, 4.0], "{:?}", rows.weights());
    }

    #[test]
    fn decay_pulls_towards_nothing() {
        let mut rows = LazyAdam::new(vec![1.0; 2], 1);
        rows.add_gradient(1, &[1.0], &[0.0]);
        rows.step(0.1, 1.0);
        assert_eq!(rows.weights(), [1.0, 0.9]);
    }
}
