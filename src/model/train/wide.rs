//! The wide part under training: a weight for each mark and output. Must not know the deep part.

use super::lazy_adam::LazyAdam;
use super::network::Batch;

/// Weights of the marks; those of marks that never occur stay zero.
pub(super) struct Wide {
    rows: LazyAdam,
    num_outputs: usize,
}

impl Wide {
    pub fn new(num_marks: usize, num_outputs: usize) -> Self {
        Self { rows: LazyAdam::new(vec![0.0; num_marks * num_outputs], num_outputs), num_outputs }
    }

    pub fn into_weights(self) -> Vec<f32> {
        self.rows.into_weights()
    }

    /// Returns texts × outputs.
    pub fn forward(&self, batch: &Batch) -> Vec<f32> {
        sums(self.rows.weights(), batch, self.num_outputs)
    }

    /// Takes one step against the gradient of the sums, texts × outputs.
    pub fn step(&mut self, batch: &Batch, gradient_of_sums: &[f32], rate: f32, decay: f32) {
        let num_outputs = self.num_outputs;
        for (mark, text, weight) in batch.occurrences() {
            self.rows.add_gradient(mark, &[weight], &gradient_of_sums[text * num_outputs..(text + 1) * num_outputs]);
        }
        self.rows.step(rate, decay);
    }
}

/// Returns the weighted sums of the marks' rows, texts × outputs.
pub(super) fn sums(weights: &[f32], batch: &Batch, num_outputs: usize) -> Vec<f32> {
    let mut sums = vec![0.0; batch.num_texts * num_outputs];
    for (mark, text, weight) in batch.occurrences() {
        let row = &weights[mark * num_outputs..(mark + 1) * num_outputs];
        let sum = &mut sums[text * num_outputs..(text + 1) * num_outputs];
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUM_OUTPUTS: usize = 27;

    #[test]
    fn steps_follow_the_gradient_on_what_occurs() {
        let mut wide = Wide::new(3, NUM_OUTPUTS);
        let mut batch = Batch::default();
        batch.push(&[(0, 1.0), (0, 1.0), (2, 1.0)], &[]);
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
