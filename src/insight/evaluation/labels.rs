//! Messages with their labels.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{Figure, NUM_BINS, figure, quantile_us, share};
use crate::{
    assist::{self, Ask, Snap},
    domain::{Analysis, Inquiry, InquiryType, Timestamp},
    model::measures::{Confusion, accuracy, ece, macro_f1},
};

/// A message with the labels it should get; a question without one is not scored.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LabelRow {
    pub text: String,
    pub kind: Option<String>,
    pub urgency: Option<String>,
    pub domain: Option<String>,
    pub sentiment: Option<String>,
    /// Whether the message carries a request: type is not `other`.
    pub has_request: Option<bool>,
}

/// Precision, recall and F1 of a label.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LabelScoreReport {
    pub n: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// The figures of one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuestionReport {
    pub n: usize,
    pub accuracy: f64,
    pub macro_f1: f64,
    pub ece: f64,
    /// The share of rows on which the analysis abstained.
    pub abstained: f64,
    pub labels: BTreeMap<String, LabelScoreReport>,
    pub intervals: BTreeMap<&'static str, Figure>,
    /// `confusion[gold][predicted]` counts rows.
    pub confusion: BTreeMap<String, BTreeMap<String, usize>>,
}

/// The figures of the questions present in the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelsReport {
    #[serde(flatten)]
    pub questions: BTreeMap<&'static str, QuestionReport>,
    pub cpu_us_p50: f64,
    pub cpu_us_p99: f64,
}

/// One answer to one question.
struct Prediction {
    gold: String,
    predicted: String,
    probability: f32,
    abstained: bool,
}

/// Analyzes every message on the production path, by the default policy.
pub fn measure_labels(
    snap: &Snap,
    rows: &[LabelRow],
    now: Timestamp,
    cpu: &dyn Fn() -> Duration,
    progress: &mut dyn FnMut(usize),
) -> LabelsReport {
    let mut predictions: BTreeMap<&'static str, Vec<Prediction>> = BTreeMap::new();
    let mut durations = Vec::with_capacity(rows.len());
    let inquiry = Inquiry::im("");
    let ask = Ask { inquiry: &inquiry, knowledge_bases: &[], now, deadline: None, max_candidates: 0, explain: false };
    for (idx, row) in rows.iter().enumerate() {
        let before = cpu();
        let (analysis, _) = assist::analyze_alone(snap, None, &row.text, &ask);
        durations.push(cpu().saturating_sub(before));
        for (question, prediction) in compare(row, &analysis) {
            predictions.entry(question).or_default().push(prediction);
        }
        progress(idx + 1);
    }
    let questions = predictions.into_iter().map(|(question, rows)| (question, question_report(&rows))).collect();
    LabelsReport {
        questions,
        cpu_us_p50: quantile_us(&mut durations, 0.5),
        cpu_us_p99: quantile_us(&mut durations, 0.99),
    }
}

fn compare(row: &LabelRow, analysis: &Analysis) -> Vec<(&'static str, Prediction)> {
    let kind = analysis.primary_type();
    let kind_probability = analysis.types.first().map_or(0.0, |top| top.probability);
    let domain_probability = analysis.domains.first().map_or(0.0, |top| top.probability);
    let other = analysis.types.iter().find(|one| one.label == InquiryType::Other).map_or(0.0, |one| one.probability);
    let has_request = kind != InquiryType::Other;
    let request_probability = if has_request { 1.0 - other } else { other };
    let given = [
        ("type", row.kind.clone(), kind.as_str().to_owned(), kind_probability),
        ("urgency", row.urgency.clone(), analysis.urgency.label.as_str().to_owned(), analysis.urgency.probability),
        ("domain", row.domain.clone(), analysis.primary_domain().to_owned(), domain_probability),
        (
            "sentiment",
            row.sentiment.clone(),
            analysis.sentiment.label.as_str().to_owned(),
            analysis.sentiment.probability,
        ),
        ("request", row.has_request.map(|has| has.to_string()), has_request.to_string(), request_probability),
    ];
    let abstained = analysis.abstained;
    given
        .into_iter()
        .filter_map(|(question, gold, predicted, probability)| {
            Some((question, Prediction { gold: gold?, predicted, probability, abstained }))
        })
        .collect()
}

fn question_report(rows: &[Prediction]) -> QuestionReport {
    let mut names: Vec<&str> = rows.iter().flat_map(|row| [row.gold.as_str(), row.predicted.as_str()]).collect();
    names.sort_unstable();
    names.dedup();
    let idx = |name: &str| names.binary_search(&name).unwrap_or(0);
    let pairs: Vec<(usize, usize)> = rows.iter().map(|row| (idx(&row.gold), idx(&row.predicted))).collect();
    let confusion = Confusion::count(&pairs, names.len());
    let scores = names.iter().zip(confusion.label_scores()).map(|(name, score)| {
        let report =
            LabelScoreReport { n: score.num_gold, precision: score.precision, recall: score.recall, f1: score.f1 };
        ((*name).to_owned(), report)
    });
    let counts = names.iter().zip(&confusion.counts).map(|(gold, row)| {
        let row = names.iter().zip(row).map(|(name, count)| ((*name).to_owned(), *count)).collect();
        ((*gold).to_owned(), row)
    });
    let calibration: Vec<(f32, bool)> = rows.iter().map(|row| (row.probability, row.gold == row.predicted)).collect();
    QuestionReport {
        n: rows.len(),
        accuracy: accuracy(&pairs),
        macro_f1: macro_f1(&pairs),
        ece: ece(&calibration, NUM_BINS),
        abstained: share(rows, |row| row.abstained),
        labels: scores.collect(),
        intervals: [("accuracy", figure(&pairs, accuracy)), ("macro_f1", figure(&pairs, macro_f1))].into(),
        confusion: counts.collect(),
    }
}
