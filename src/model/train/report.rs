//! How well a bundle does on labelled rows.
//!
//! Must not know how the bundle was made. Invariants: calibration errors are over five bins of equal mass; a head is
//! measured on the rows that have a label for it, and left out where none has.

use std::fmt;

use serde::Serialize;

use super::rows::Row;
use crate::model::bundle::Bundle;
use crate::model::calibration::Calibration;
use crate::model::classification::{prior_logits, shares};
use crate::model::features::Input;
use crate::model::heads::{Head, Logits};
use crate::model::label_set::LabelSet;
use crate::model::measures::{Confusion, Interval, LabelScore, ReliabilityBin, bootstrap, ece, macro_f1, reliability};
use crate::text::{Segmenter, normalize};

const NUM_BINS: usize = 5;
const NUM_RESAMPLES: usize = 500;

/// The figures of all exclusive heads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How many rows were measured.
    pub num_rows: usize,
    /// One for each exclusive head for which rows have labels.
    pub heads: Vec<HeadReport>,
}

/// The figures of one head.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeadReport {
    /// The head's stable name.
    pub name: &'static str,
    /// How many rows have a label for it.
    pub num_rows: usize,
    /// The labels in the order of the counts.
    pub labels: Vec<String>,
    /// Gold against predicted labels.
    pub confusion: Confusion,
    /// Share of rows that are right.
    pub accuracy: f64,
    /// Mean F1 over the labels that occur.
    pub macro_f1: f64,
    /// Where the macro-F1 lies in 95 % of resamplings.
    pub macro_f1_interval: Interval,
    /// Precision, recall and F1 of each label.
    pub label_scores: Vec<LabelScore>,
    /// Calibration error of the raw probabilities.
    pub ece_before: f64,
    /// Calibration error of the calibrated probabilities.
    pub ece_after: f64,
    /// What the calibrated probabilities say beside how often they were right, from the least sure rows to the surest.
    pub reliability: Vec<ReliabilityBin>,
}

/// Logits of a row with its gold labels.
pub(super) type Measured = (Logits, [Option<usize>; Head::EXCLUSIVE.len()]);

/// Measures a bundle on rows it was not trained on.
pub fn evaluate(bundle: &Bundle, rows: &[Row], seed: u64) -> Report {
    let measured = measure(bundle, rows);
    let mut rng = fastrand::Rng::with_seed(seed);
    let (raw, calibrated) = (Calibration::default(), &bundle.description.calibration);
    let mut heads = Vec::new();
    for (head_idx, head) in Head::EXCLUSIVE.into_iter().enumerate() {
        let of_row = |(logits, gold): &Measured| {
            let gold = gold[head_idx]?;
            Some(Judged { raw: shares(head, logits, &raw), calibrated: shares(head, logits, calibrated), gold })
        };
        let judged: Vec<Judged> = measured.iter().filter_map(of_row).collect();
        if !judged.is_empty() {
            heads.push(head_report(head, labels_of(head, bundle.labels()), &judged, &mut rng));
        }
    }
    Report { num_rows: rows.len(), heads }
}

/// Returns the logits of each row; those of the prior where nothing of the text is known.
pub(super) fn measure(bundle: &Bundle, rows: &[Row]) -> Vec<Measured> {
    let segmenter = Segmenter::shared();
    let of_row = |row: &Row| {
        let normalized = normalize(&row.text);
        let words = segmenter.words(normalized.as_str());
        let logits = bundle.logits(Input { text: normalized.as_str(), words: &words });
        let golds = Head::EXCLUSIVE.map(|head| row.gold(head, bundle.domains()));
        (logits.unwrap_or_else(|| prior_logits(bundle.domains())), golds)
    };
    rows.iter().map(of_row).collect()
}

/// The probabilities of one head for a row, before and after calibration, with its gold label.
struct Judged {
    raw: Vec<f32>,
    calibrated: Vec<f32>,
    gold: usize,
}

fn head_report(head: Head, labels: Vec<String>, rows: &[Judged], rng: &mut fastrand::Rng) -> HeadReport {
    let pairs: Vec<(usize, usize)> = rows.iter().map(|row| (row.gold, top(&row.calibrated))).collect();
    let confidences = |of: fn(&Judged) -> &Vec<f32>| -> Vec<(f32, bool)> {
        rows.iter().map(|row| (of(row)[top(of(row))], top(of(row)) == row.gold)).collect()
    };
    let confusion = Confusion::count(&pairs, labels.len());
    let after = confidences(|row| &row.calibrated);
    HeadReport {
        name: head.name(),
        num_rows: rows.len(),
        labels,
        accuracy: confusion.accuracy(),
        macro_f1: confusion.macro_f1(),
        macro_f1_interval: bootstrap(&pairs, NUM_RESAMPLES, rng, macro_f1),
        label_scores: confusion.label_scores(),
        confusion,
        ece_before: ece(&confidences(|row| &row.raw), NUM_BINS),
        ece_after: ece(&after, NUM_BINS),
        reliability: reliability(&after, NUM_BINS),
    }
}

/// Returns the labels of a head in the order of its logits.
fn labels_of(head: Head, labels: &LabelSet) -> Vec<String> {
    match head {
        Head::Type | Head::Presence => labels.types.clone(),
        Head::Urgency => labels.urgencies.clone(),
        Head::Domain => labels.domains.as_slice().to_vec(),
        Head::Sentiment => labels.sentiments.clone(),
    }
}

fn top(shares: &[f32]) -> usize {
    (1..shares.len()).fold(0, |best, label| if shares[label] > shares[best] { label } else { best })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rows", self.num_rows)?;
        self.heads.iter().try_for_each(|head| write!(f, "\n{head}"))
    }
}

impl fmt::Display for HeadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { low, high } = self.macro_f1_interval;
        writeln!(
            f,
            "{}: macro-F1 {:.3} [{low:.3}, {high:.3}], accuracy {:.3}, calibration error {:.3} before, {:.3} after",
            self.name, self.macro_f1, self.accuracy, self.ece_before, self.ece_after
        )?;
        for (label_idx, (label, score)) in self.labels.iter().zip(&self.label_scores).enumerate() {
            let LabelScore { num_gold, precision, recall, f1 } = score;
            write!(f, "  {label:<14} n {num_gold:>4}  precision {precision:.3}  recall {recall:.3}  f1 {f1:.3}  as")?;
            self.confusion.counts[label_idx].iter().try_for_each(|count| write!(f, " {count:>4}"))?;
            writeln!(f)?;
        }
        write!(f, "  reliability    said/was")?;
        let mut bins = self.reliability.iter();
        bins.try_for_each(|bin| write!(f, "  {:.3}/{:.3}", bin.confidence, bin.accuracy))?;
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::heads::Layout;

    #[test]
    fn figures_are_readable() {
        let shares = [[0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1], [0.7, 0.1, 0.1, 0.1]];
        let judged =
            |(shares, gold): ([f32; 4], usize)| Judged { raw: shares.to_vec(), calibrated: shares.to_vec(), gold };
        let rows: Vec<Judged> = shares.into_iter().zip([0, 1, 1]).map(judged).collect();
        let head = head_report(Head::Type, LabelSet::shipped().types, &rows, &mut fastrand::Rng::with_seed(1));
        assert!((head.accuracy - 2.0 / 3.0).abs() < 1e-9);
        let text = Report { num_rows: 3, heads: vec![head] }.to_string();
        assert!(text.starts_with("3 rows\n\ntype: macro-F1 0.667 ["), "{text}");
        assert!(text.contains("complaint      n    2  precision 1.000  recall 0.500"), "{text}");
        assert!(text.contains("reliability    said/was") && text.contains("  0.700/1.000"), "{text}");
    }

    #[test]
    fn each_head_has_as_many_labels_as_logits() {
        for head in Head::ALL {
            let labels = labels_of(head, &LabelSet::shipped());
            assert_eq!(labels.len(), Layout::new(13).range(head).len(), "{}", head.name());
        }
    }
}
