//! How good the answers and labels are, measured on the production path.
//!
//! Definitions. Recall@k and MRR are over answerable questions, an article ranking by its best phrasing. False answers
//! at 70 % coverage: at the confidence at which 70 % of the answerable questions get an answer, right or wrong, the share
//! of unanswerable ones answered. Precision there: right among all answered. ECE: 5 bins of equal mass of confidence
//! against "the first article is right". Intervals: 95 %, bootstrap over rows. To add a measure: compute it here from
//! [`Asked`] rows, so that it is of the same calls as the others.

mod labels;
mod negation;
mod noise;
mod redaction;
mod retrieval;

pub use labels::{
    JudgedMessage, JudgedQuestion, LabelRow, LabelScoreReport, LabelsReport, QuestionReport, measure_labels,
};
pub use negation::{NegationReport, OppositeAsked, negation_report};
pub use noise::{FillerError, NoiseFigure, NoiseKind, NoiseMaker, NoiseReport, noise_report};
pub use redaction::{RedactionCounts, RedactionMiss, RedactionReport, RedactionRow, measure_redaction};
pub use retrieval::{Asked, Expected, RetrievalReport, ask_all, report, risk_coverage};

use std::time::Duration;

use serde::Serialize;

/// Resamplings for an interval.
const NUM_RESAMPLES: usize = 500;
/// The seed of the resampling.
const SEED: u64 = 20_261_122;
/// Bins of the calibration error.
const NUM_BINS: usize = 5;

/// A figure with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// Measures a figure and its interval over rows.
fn figure<T: Clone>(rows: &[T], measure: impl Fn(&[T]) -> f64) -> Figure {
    let interval =
        crate::model::measures::bootstrap(rows, NUM_RESAMPLES, &mut fastrand::Rng::with_seed(SEED), &measure);
    Figure { value: measure(rows), low: interval.low, high: interval.high }
}

fn share<T>(rows: &[T], keep: impl Fn(&T) -> bool) -> f64 {
    if rows.is_empty() { 0.0 } else { rows.iter().filter(|row| keep(row)).count() as f64 / rows.len() as f64 }
}

/// The quantile of some durations, in microseconds; 0 for none.
fn quantile_us(durations: &mut [Duration], quantile: f64) -> f64 {
    durations.sort_unstable();
    let place = (quantile * durations.len().saturating_sub(1) as f64).round() as usize;
    durations.get(place).map_or(0.0, |duration| duration.as_secs_f64() * 1e6)
}
