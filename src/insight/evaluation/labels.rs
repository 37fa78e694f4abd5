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

/// What was said of one message, beside what should have been said.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgedMessage {
    pub text: String,
    #[serde(flatten)]
    pub questions: BTreeMap<&'static str, JudgedQuestion>,
}

/// One answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgedQuestion {
    pub gold: String,
    pub predicted: String,
    /// Of the predicted label, in [0, 1].
    pub probability: f32,
    /// Whether the analysis abstained.
    pub abstained: bool,
}

impl JudgedMessage {
    /// Tells whether each label given is the one that was found.
    pub fn is_right(&self) -> bool {
        self.questions.values().all(|one| one.gold == one.predicted)
    }
}

/// The figures of the questions present in the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelsReport {
    #[serde(flatten)]
    pub questions: BTreeMap<&'static str, QuestionReport>,
    /// Every message, in the order of the rows.
    #[serde(skip)]
    pub messages: Vec<JudgedMessage>,
    pub cpu_us_p50: f64,
    pub cpu_us_p99: f64,
}

/// Analyzes every message on the production path, by the default policy.
pub fn measure_labels(
    snap: &Snap,
    rows: &[LabelRow],
    now: Timestamp,
    cpu: &dyn Fn() -> Duration,
    progress: &mut dyn FnMut(usize),
) -> LabelsReport {
    let mut messages: Vec<JudgedMessage> = Vec::with_capacity(rows.len());
    let mut durations = Vec::with_capacity(rows.len());
    let inquiry = Inquiry::im("");
    let ask = Ask { inquiry: &inquiry, knowledge_bases: &[], now, deadline: None, max_candidates: 0, explain: false };
    for (idx, row) in rows.iter().enumerate() {
        let before = cpu();
        let (analysis, _) = assist::analyze_alone(snap, None, &row.text, &ask);
        durations.push(cpu().saturating_sub(before));
        messages.push(JudgedMessage { text: row.text.clone(), questions: compare(row, &analysis) });
        progress(idx + 1);
    }
    let mut answers: BTreeMap<&'static str, Vec<&JudgedQuestion>> = BTreeMap::new();
    for (question, one) in messages.iter().flat_map(|message| &message.questions) {
        answers.entry(question).or_default().push(one);
    }
    LabelsReport {
        questions: answers.iter().map(|(question, rows)| (*question, question_report(rows))).collect(),
        messages,
        cpu_us_p50: quantile_us(&mut durations, 0.5),
        cpu_us_p99: quantile_us(&mut durations, 0.99),
    }
}

fn compare(row: &LabelRow, analysis: &Analysis) -> BTreeMap<&'static str, JudgedQuestion> {
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
            Some((question, JudgedQuestion { gold: gold?, predicted, probability, abstained }))
        })
        .collect()
}

fn question_report(rows: &[&JudgedQuestion]) -> QuestionReport {
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
