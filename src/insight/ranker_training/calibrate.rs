//! Makes utilities log-odds, and chooses thresholds, by customers' questions to bases that the weights have not seen.

use super::{List, Truth};
use crate::assist::Ranker;

/// What makes utilities log-odds: u / temperature + shift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Calibration {
    pub temperature: f32,
    pub shift: f32,
}

impl Calibration {
    pub fn apply(self, utilities: &[f32]) -> Vec<f32> {
        utilities.iter().map(|utility| utility / self.temperature + self.shift).collect()
    }
}

/// What the first candidate of a list came to.
pub(super) struct Outcome {
    pub confidence: f32,
    pub is_right: bool,
    pub is_answerable: bool,
    pub weight: f32,
}

/// Weighs the lists so that unanswerable ones have their assumed share. Lists of negative questions do not count: what
/// answers them is not known.
pub(super) fn outcomes(
    held_out: &[(Vec<f32>, &List)],
    calibration: Calibration,
    unanswerable_share: f32,
) -> Vec<Outcome> {
    let num = |truth: fn(&Truth) -> bool| held_out.iter().filter(|(_, list)| truth(&list.truth)).count() as f32;
    let num_answerable = num(|truth| matches!(truth, Truth::Candidate(_) | Truth::Missed));
    let num_unanswerable = num(|truth| matches!(truth, Truth::Nothing));
    let mut outcomes = Vec::with_capacity(held_out.len());
    for (utilities, list) in held_out {
        let probabilities = Ranker::probabilities(&calibration.apply(utilities));
        let Some((place, confidence)) = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
        else {
            continue;
        };
        let (is_answerable, is_right, weight) = match list.truth {
            Truth::Candidate(right) => (true, right == place, (1.0 - unanswerable_share) / num_answerable),
            Truth::Missed => (true, false, (1.0 - unanswerable_share) / num_answerable),
            Truth::Nothing => (false, false, unanswerable_share / num_unanswerable),
            Truth::Not(_) => continue,
        };
        outcomes.push(Outcome { confidence, is_right, is_answerable, weight });
    }
    outcomes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    outcomes
}

/// The lowest confidence from which on the wanted share of answers is right.
pub(super) fn threshold_for(outcomes: &[Outcome], precision: f32) -> f32 {
    let mut threshold = 1.0;
    let (mut right, mut all) = (0.0, 0.0);
    for outcome in outcomes {
        all += outcome.weight;
        right += if outcome.is_right { outcome.weight } else { 0.0 };
        if right / all >= precision {
            threshold = outcome.confidence;
        }
    }
    threshold
}

/// Finds scale and shift of the highest likelihood, by golden section along each in turn.
pub(super) fn fit_calibration(held_out: &[(Vec<f32>, &List)]) -> Calibration {
    let loss = |calibration: Calibration| -> f32 {
        held_out.iter().map(|(utilities, list)| surprise(&calibration.apply(utilities), list.truth)).sum()
    };
    let mut calibration = Calibration { temperature: 1.0, shift: 0.0 };
    for _ in 0..6 {
        let at = |log: f32| Calibration { temperature: log.exp(), ..calibration };
        calibration.temperature = least(-1.5, 1.5, |log| loss(at(log))).exp();
        let at = |shift: f32| Calibration { shift, ..calibration };
        calibration.shift = least(-6.0, 6.0, |shift| loss(at(shift)));
    }
    calibration
}

/// Finds the least value of a function with one valley.
fn least(mut low: f32, mut high: f32, value: impl Fn(f32) -> f32) -> f32 {
    let ratio = (5.0f32.sqrt() - 1.0) / 2.0;
    for _ in 0..30 {
        let (left, right) = (high - ratio * (high - low), low + ratio * (high - low));
        if value(left) < value(right) { high = right } else { low = left }
    }
    f32::midpoint(low, high)
}

/// The negative log-likelihood of what is right.
fn surprise(utilities: &[f32], truth: Truth) -> f32 {
    let probabilities = Ranker::probabilities(utilities);
    let likelihood = match truth {
        Truth::Candidate(place) => probabilities[place],
        Truth::Nothing | Truth::Missed => 1.0 - probabilities.iter().sum::<f32>(),
        Truth::Not(place) => 1.0 - probabilities[place],
    };
    -likelihood.max(1e-6).ln()
}
