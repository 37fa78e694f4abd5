//! How good predictions are: counts, shares and their uncertainty.
//!
//! Pure figures over label indices and probabilities; used by training and by the evaluation of answers. Must not know
//! what the labels mean. Invariants: an empty input gives 0, never NaN; macro-F1 is the mean over the labels that occur
//! in the gold labels; a generator comes in as an argument. To add a measure: one function here, with a hand-computed test.

use serde::Serialize;

/// How often each label was taken for each: rows are gold labels, columns predicted ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// `counts[gold][predicted]`.
    pub counts: Vec<Vec<usize>>,
}

/// Precision, recall and F1 of one label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelScore {
    /// How many rows have this gold label.
    pub num_gold: usize,
    /// Share of the predictions of this label that are right.
    pub precision: f64,
    /// Share of the rows of this label that are found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Rows of like confidence: what was said of them beside what came true.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// How many rows there are.
    pub num_rows: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// The share of them that are right.
    pub accuracy: f64,
}

/// A percentile interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

impl Confusion {
    /// Counts pairs of gold and predicted label indices; pairs beyond `num_labels` are left out.
    pub fn count(pairs: &[(usize, usize)], num_labels: usize) -> Self {
        let mut counts = vec![vec![0; num_labels]; num_labels];
        for &(gold, predicted) in pairs {
            if gold < num_labels && predicted < num_labels {
                counts[gold][predicted] += 1;
            }
        }
        Self { counts }
    }

    /// Returns the score of each label.
    pub fn label_scores(&self) -> Vec<LabelScore> {
        let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let score = |label: usize| {
            let hits = self.counts[label][label];
            let num_gold: usize = self.counts[label].iter().sum();
            let num_predicted: usize = self.counts.iter().map(|row| row[label]).sum();
            let f1 = share(2 * hits, num_gold + num_predicted);
            LabelScore { num_gold, precision: share(hits, num_predicted), recall: share(hits, num_gold), f1 }
        };
        (0..self.counts.len()).map(score).collect()
    }

    /// Returns the share of rows on the diagonal.
    pub fn accuracy(&self) -> f64 {
        let hits: usize = (0..self.counts.len()).map(|label| self.counts[label][label]).sum();
        let total: usize = self.counts.iter().flatten().sum();
        if total == 0 { 0.0 } else { hits as f64 / total as f64 }
    }

    /// Returns the mean F1 over the labels that occur in the gold labels.
    pub fn macro_f1(&self) -> f64 {
        let scores = self.label_scores();
        let present: Vec<f64> = scores.iter().filter(|score| score.num_gold > 0).map(|score| score.f1).collect();
        if present.is_empty() { 0.0 } else { present.iter().sum::<f64>() / present.len() as f64 }
    }
}

/// Returns the share of pairs that agree.
pub fn accuracy(pairs: &[(usize, usize)]) -> f64 {
    let hits = pairs.iter().filter(|(gold, predicted)| gold == predicted).count();
    if pairs.is_empty() { 0.0 } else { hits as f64 / pairs.len() as f64 }
}

/// Returns the mean F1 over the labels that occur as gold.
pub fn macro_f1(pairs: &[(usize, usize)]) -> f64 {
    let num_labels = pairs.iter().map(|&(gold, predicted)| gold.max(predicted) + 1).max().unwrap_or(0);
    Confusion::count(pairs, num_labels).macro_f1()
}

/// Sorts (confidence, was right) into bins of equal mass, the least sure first; bins without a row are left out.
pub fn reliability(predictions: &[(f32, bool)], num_bins: usize) -> Vec<ReliabilityBin> {
    let mut sorted = predictions.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let total = sorted.len();
    let of_bin = |bin: usize| {
        let members = &sorted[bin * total / num_bins..(bin + 1) * total / num_bins];
        let num_rows = members.len();
        let confidence: f64 = members.iter().map(|(confidence, _)| f64::from(*confidence)).sum();
        let hits = members.iter().filter(|(_, is_right)| *is_right).count();
        (num_rows > 0).then(|| ReliabilityBin {
            num_rows,
            confidence: confidence / num_rows as f64,
            accuracy: hits as f64 / num_rows as f64,
        })
    };
    (0..num_bins).filter_map(of_bin).collect()
}

/// Returns the expected calibration error of (confidence, was right) over bins of equal mass.
pub fn ece(predictions: &[(f32, bool)], num_bins: usize) -> f64 {
    let gap = |bin: ReliabilityBin| bin.num_rows as f64 * (bin.confidence - bin.accuracy).abs();
    let total: f64 = reliability(predictions, num_bins).into_iter().map(gap).sum();
    if predictions.is_empty() { 0.0 } else { total / predictions.len() as f64 }
}

/// Returns the 95 % percentile interval of `measure` over resampled items.
pub fn bootstrap<T: Clone>(
    items: &[T],
    num_samples: usize,
    rng: &mut fastrand::Rng,
    measure: impl Fn(&[T]) -> f64,
) -> Interval {
    if items.is_empty() || num_samples == 0 {
        return Interval { low: 0.0, high: 0.0 };
    }
    let mut sample = |_| {
        let drawn: Vec<T> = (0..items.len()).map(|_| items[rng.usize(..items.len())].clone()).collect();
        measure(&drawn)
    };
    let mut values: Vec<f64> = (0..num_samples).map(&mut sample).collect();
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((num_samples - 1) as f64 * share).round() as usize];
    Interval { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(usize, usize)], expected_accuracy: f64, expected_f1: f64) {
        assert!((accuracy(pairs) - expected_accuracy).abs() < 1e-9, "accuracy of {pairs:?}");
        assert!((macro_f1(pairs) - expected_f1).abs() < 1e-9, "{} of {pairs:?}", macro_f1(pairs));
    }

    #[test]
    fn shares_are_those_computed_by_hand() {
        check(&[], 0.0, 0.0);
        check(&[(0, 0), (1, 1)], 1.0, 1.0);
        check(&[(0, 0), (0, 1), (1, 1), (1, 1)], 0.75, (2.0 / 3.0 + 0.8) / 2.0);
        check(&[(0, 2), (0, 0)], 0.5, 2.0 / 3.0);
    }

    #[test]
    fn labels_have_precision_and_recall() {
        let scores = Confusion::count(&[(0, 0), (0, 1), (1, 1), (7, 0)], 2).label_scores();
        assert_eq!((scores[0].num_gold, scores[0].precision, scores[0].recall), (2, 1.0, 0.5));
        assert_eq!((scores[1].num_gold, scores[1].precision, scores[1].recall), (1, 0.5, 1.0));
    }

    #[test]
    fn calibration_error_is_the_weighted_gap() {
        assert_eq!(ece(&[], 5), 0.0);
        let sure: Vec<(f32, bool)> = (0..10).map(|_| (1.0, true)).collect();
        assert_eq!(ece(&sure, 5), 0.0);
        let halves: Vec<(f32, bool)> = (0..10).map(|i| (0.75, i % 2 == 0)).collect();
        assert!((ece(&halves, 1) - 0.25).abs() < 1e-9);
        let mixed = [(0.4, false), (0.9, true), (0.2, false), (0.7, true)];
        let bins = reliability(&mixed, 2);
        assert_eq!(bins.iter().map(|bin| (bin.num_rows, bin.accuracy)).collect::<Vec<_>>(), [(2, 0.0), (2, 1.0)]);
        assert!((bins[0].confidence - 0.3).abs() < 1e-6 && (bins[1].confidence - 0.8).abs() < 1e-6, "{bins:?}");
        assert_eq!(reliability(&mixed[..1], 5).len(), 1);
    }

    #[test]
    fn the_interval_holds_the_measure() {
        let items: Vec<(usize, usize)> = (0..200).map(|i| (i % 2, usize::from(i % 3 == 0))).collect();
        let interval = bootstrap(&items, 200, &mut fastrand::Rng::with_seed(1), accuracy);
        let measured = accuracy(&items);
        assert!(interval.low < measured && measured < interval.high, "{interval:?} {measured}");
        assert!(interval.high - interval.low < 0.2);
        assert_eq!(bootstrap(&items[..0], 9, &mut fastrand::Rng::with_seed(1), accuracy).high, 0.0);
    }
}
