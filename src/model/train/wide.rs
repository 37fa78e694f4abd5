//! The wide part under training: a weight for each mark and output, of which a step touches few.
//!
//! A dense optimizer would spend its time on the thousands of marks a batch does not hold, so this is Adam that moves and
//! decays only the rows of the batch ("lazy Adam"). Must not know the deep part. Invariant: rows that never occur stay
//! zero.

use super::network::Batch;
use crate::model::heads::NUM_OUTPUTS;

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.99;
const EPSILON: f32 = 1e-8;

/// Weights of the marks with the moments of their gradients.
pub(super) struct Wide {
    weights: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    gradient: Vec<f32>,
    is_touched: Vec<bool>,
    num_steps: i32,
}

impl Wide {
    pub fn new(num_marks: usize) -> Self {
        let zeros = || vec![0.0; num_marks * NUM_OUTPUTS];
        let (weights, first, second, gradient) = (zeros(), zeros(), zeros(), zeros());
        Self { weights, first, second, gradient, is_touched: vec![false; num_marks], num_steps: 0 }
    }

    pub fn into_weights(self) -> Vec<f32> {
        self.weights
    }

    /// Returns texts × outputs.
    pub fn forward(&self, batch: &Batch) -> Vec<f32> {
        sums(&self.weights, batch)
    }

    /// Takes one step against the gradient of the sums, texts × outputs.
    pub fn step(&mut self, batch: &Batch, gradient_of_sums: &[f32], rate: f32, decay: f32) {
        let mut touched = Vec::new();
        for (mark, text, weight) in batch.occurrences() {
            let from = &gradient_of_sums[text * NUM_OUTPUTS..(text + 1) * NUM_OUTPUTS];
            let to = &mut self.gradient[mark * NUM_OUTPUTS..(mark + 1) * NUM_OUTPUTS];
            to.iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
            if !std::mem::replace(&mut self.is_touched[mark], true) {
                touched.push(mark);
            }
        }
        self.num_steps += 1;
        let first_share = 1.0 - FIRST_DECAY.powi(self.num_steps);
        let second_share = 1.0 - SECOND_DECAY.powi(self.num_steps);
        for mark in touched {
            self.is_touched[mark] = false;
            for at in mark * NUM_OUTPUTS..(mark + 1) * NUM_OUTPUTS {
                let gradient = std::mem::take(&mut self.gradient[at]);
                self.first[at] += (1.0 - FIRST_DECAY) * (gradient - self.first[at]);
                self.second[at] += (1.0 - SECOND_DECAY) * (gradient * gradient - self.second[at]);
                let direction = self.first[at] / first_share / ((self.second[at] / second_share).sqrt() + EPSILON);
                self.weights[at] -= rate * (direction + decay * self.weights[at]);
            }
        }
    }
}

/// Returns the weighted sums of the marks' rows, texts × outputs.
pub(super) fn sums(weights: &[f32], batch: &Batch) -> Vec<f32> {
    let mut sums = vec![0.0; batch.num_texts * NUM_OUTPUTS];
    for (mark, text, weight) in batch.occurrences() {
        let row = &weights[mark * NUM_OUTPUTS..(mark + 1) * NUM_OUTPUTS];
        let sum = &mut sums[text * NUM_OUTPUTS..(text + 1) * NUM_OUTPUTS];
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_the_gradient_on_what_occurs() {
        let mut wide = Wide::new(3);
        let mut batch = Batch::default();
        batch.push(&[0, 0, 2], &[]);
        let mut gradient = vec![0.0; NUM_OUTPUTS];
        gradient[1] = 1.0;
        for _ in 0..10 {
            wide.step(&batch, &gradient, 0.1, 0.0);
        }
        let sums = wide.forward(&batch);
        assert!(sums[1] < -0.5 && sums[0] == 0.0, "{sums:?}");
        let weights = wide.into_weights();
        assert!(weights[NUM_OUTPUTS..2 * NUM_OUTPUTS].iter().all(|weight| *weight == 0.0));
    }
}
