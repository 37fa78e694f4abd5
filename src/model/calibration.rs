//! Makes the probabilities mean what they say.
//!
//! Each exclusive head has a temperature, each presence a slope and an offset, fitted on rows held out by group, never on
//! the test rows. Must not know the model. Invariants: the order of a head's logits does not change; probabilities of an
//! exclusive head add up to 1; the fit is a search over a fixed grid, thus the same everywhere.

use serde::{Deserialize, Serialize};

/// What the logits of each head are divided by, and the line through each presence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Of type, urgency, domain, sentiment.
    pub temperatures: [f32; 4],
    /// Slope and offset of the presence of each type.
    pub presence: [(f32, f32); 4],
}

impl Default for Calibration {
    fn default() -> Self {
        Self { temperatures: [1.0; 4], presence: [(1.0, 0.0); 4] }
    }
}

/// Returns the probabilities of exclusive labels.
pub fn softmax(logits: &[f32], temperature: f32) -> Vec<f32> {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = logits.iter().map(|logit| ((logit - top) / temperature).exp()).collect();
    let total: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    shares
}

/// Returns the probability of a label that stands alone.
pub fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// Returns the temperature of least negative log likelihood for (logits, gold label).
pub fn fit_temperature(rows: &[(&[f32], usize)]) -> f32 {
    if rows.is_empty() {
        return 1.0;
    }
    let loss = |temperature: f32| -> f64 {
        let of_row = |(logits, gold): &(&[f32], usize)| -f64::from(softmax(logits, temperature)[*gold].max(1e-9)).ln();
        rows.iter().map(of_row).sum()
    };
    let candidates = (0..=80).map(|step| 0.1 * (40.0f32).powf(step as f32 / 80.0));
    least(candidates, loss).unwrap_or(1.0)
}

/// Returns slope and offset of least negative log likelihood for (logit, whether it is there).
pub fn fit_presence(rows: &[(f32, bool)]) -> (f32, f32) {
    if rows.is_empty() {
        return (1.0, 0.0);
    }
    let loss = |(slope, offset): (f32, f32)| -> f64 {
        let of_row = |(logit, is_there): &(f32, bool)| {
            let probability = f64::from(sigmoid(slope * logit + offset)).clamp(1e-9, 1.0 - 1e-9);
            if *is_there { -probability.ln() } else { -(1.0 - probability).ln() }
        };
        rows.iter().map(of_row).sum()
    };
    let slopes = (0..=24).map(|step| 0.25 * (16.0f32).powf(step as f32 / 24.0));
    let lines = slopes.flat_map(|slope| (-20..=20).map(move |step| (slope, step as f32 * 0.1)));
    least(lines, loss).unwrap_or((1.0, 0.0))
}

fn least<T: Copy>(candidates: impl Iterator<Item = T>, loss: impl Fn(T) -> f64) -> Option<T> {
    let weighed = candidates.map(|candidate| (candidate, loss(candidate)));
    weighed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_and_keep_their_order() {
        let probabilities = softmax(&[2.0, -1.0, 90.0], 3.0);
        assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(probabilities[2] > probabilities[0] && probabilities[0] > probabilities[1]);
    }

    #[test]
    fn a_temperature_that_was_applied_is_found() {
        let mut rng = fastrand::Rng::with_seed(2);
        for wanted in [0.5f32, 1.0, 2.5] {
            let logits: Vec<[f32; 3]> = (0..4000).map(|_| [(); 3].map(|()| rng.f32() * 6.0 - 3.0)).collect();
            let mut draw = |logits: &[f32; 3]| {
                let (mut at, shares) = (rng.f32(), softmax(logits, wanted));
                shares
                    .iter()
                    .position(|share| {
                        at -= share;
                        at <= 0.0
                    })
                    .unwrap_or(2)
            };
            let gold: Vec<usize> = logits.iter().map(&mut draw).collect();
            let rows: Vec<(&[f32], usize)> = logits.iter().zip(gold).map(|(l, g)| (l.as_slice(), g)).collect();
            let found = fit_temperature(&rows);
            assert!((found / wanted - 1.0).abs() < 0.15, "{found} for {wanted}");
        }
    }

    #[test]
    fn a_line_that_was_applied_is_found() {
        let mut rng = fastrand::Rng::with_seed(4);
        let rows: Vec<(f32, bool)> = (0..6000)
            .map(|_| {
                let logit = rng.f32() * 6.0 - 3.0;
                (logit, rng.f32() < sigmoid(2.0 * logit - 1.0))
            })
            .collect();
        let (slope, offset) = fit_presence(&rows);
        assert!((slope - 2.0).abs() < 0.4 && (offset + 1.0).abs() < 0.3, "{slope} {offset}");
        assert_eq!((fit_temperature(&[]), fit_presence(&[])), (1.0, (1.0, 0.0)));
    }
}
