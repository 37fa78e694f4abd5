//! What answering costs: the outcome of each question, thresholds for a wanted precision, and the curve between them.

use super::{Kind, Question, fit::Affine};
use crate::domain::CurvePoint;

/// Bins of the calibration error.
const NUM_BINS: usize = 5;
/// Steps of coverage that a curve has.
const CURVE_STEPS: usize = 40;
/// An option is worth offering from this probability on, and so many are offered, as in a reply.
const OPTION_PROBABILITY: f64 = 0.06;
const MAX_OPTIONS: usize = 4;

/// What the first candidate of a question came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Outcome {
    /// What would answer; 0 where nothing may.
    pub confidence: f64,
    pub is_right: bool,
    /// How much of an answer is held to be right.
    pub credit: f64,
    pub is_answerable: bool,
    pub weight: f64,
}

impl Outcome {
    /// Returns the share of answerable questions whose first candidate is right.
    pub fn recall_at_1(outcomes: &[Self]) -> f64 {
        let total = |keep: fn(&Self) -> bool| weight(outcomes.iter().filter(|one| keep(one)));
        ratio(total(|one| one.is_answerable && one.is_right), total(|one| one.is_answerable))
    }
}

fn weight<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> f64 {
    outcomes.map(|outcome| outcome.weight).sum()
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// Judges each question by the parameters that `unseen` gives for it; the surest first.
pub(super) fn outcomes(questions: &[(&Question, f64)], unseen: &dyn Fn(&Question) -> Affine) -> Vec<Outcome> {
    let outcome = |(question, weight): &(&Question, f64)| {
        let probabilities = unseen(question).probabilities(&question.utilities);
        let first = probabilities.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        let first = first.filter(|(place, _)| !question.is_vetoed[*place]);
        let is_right = first.is_some_and(|(place, _)| question.right == Some(place));
        let confidence = first.map_or(0.0, |(_, confidence)| confidence);
        // A perturbed wording is easily right; how sure it could be says more.
        let credit = match question.kind {
            Kind::Perturbed => confidence,
            Kind::LeftOut | Kind::Unanswerable => f64::from(u8::from(is_right)),
        };
        let is_answerable = question.kind != Kind::Unanswerable;
        Outcome { confidence, is_right, credit, is_answerable, weight: *weight }
    };
    let mut outcomes: Vec<Outcome> = questions.iter().map(outcome).collect();
    outcomes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    outcomes
}

/// Returns the lowest value from which on the mean credit is as wanted; 1 where there is none. `judged` holds
/// (value, credit, weight), the highest value first.
fn lowest(judged: impl Iterator<Item = (f64, f64, f64)>, wanted: f64) -> f32 {
    let (mut credit, mut all, mut threshold) = (0.0, 0.0, 1.0);
    let mut judged = judged.peekable();
    while let Some((value, one, weight)) = judged.next() {
        all += weight;
        credit += weight * one;
        // Of equal values all are answered or none.
        let is_last = judged.peek().is_none_or(|(next, ..)| *next < value);
        if is_last && all > 0.0 && credit >= wanted * all {
            threshold = value;
        }
    }
    threshold as f32
}

/// Returns the lowest confidence from which on the wanted share of answers is right; 1 where no confidence brings it.
pub(super) fn threshold_for(outcomes: &[Outcome], precision: f64) -> f32 {
    let answered = outcomes.iter().filter(|outcome| outcome.confidence > 0.0);
    lowest(answered.map(|outcome| (outcome.confidence, outcome.credit, outcome.weight)), precision)
}

/// Returns the threshold at which as many questions with an answer would be answered `after` as `before` at the one given;
/// that one where there are none. Each question counts the same, and between two it is told by both.
pub(super) fn carried(threshold: f32, before: &[Outcome], after: &[Outcome]) -> f32 {
    let threshold = f64::from(threshold);
    let answerable = |outcomes: &[Outcome]| -> Vec<f64> {
        let confidences = outcomes.iter().filter(|outcome| outcome.is_answerable).map(|outcome| outcome.confidence);
        // The surest and the least sure that there can be.
        std::iter::once(1.0).chain(confidences).chain([0.0]).collect()
    };
    let (before, after) = (answerable(before), answerable(after));
    let next = before.iter().position(|confidence| *confidence < threshold).unwrap_or(before.len() - 1).max(1);
    let (above, below) = (before[next - 1], before[next]);
    let share = if above > below { (above - threshold) / (above - below) } else { 0.0 };
    (after[next - 1] + share * (after[next] - after[next - 1])) as f32
}

/// Returns how probable options must be together for the wanted share of clarifications to offer what was asked for,
/// where answers begin at `answer`; at most that.
pub(super) fn clarification_threshold(
    questions: &[(&Question, f64)],
    unseen: &dyn Fn(&Question) -> Affine,
    answer: f32,
    precision: f64,
) -> f32 {
    let mut offers: Vec<(f64, f64, f64)> = Vec::new();
    for (question, weight) in questions {
        let probabilities = unseen(question).probabilities(&question.utilities);
        let mut options: Vec<(usize, f64)> = probabilities.into_iter().enumerate().collect();
        options.sort_by(|a, b| b.1.total_cmp(&a.1));
        let is_open = |(place, _): &(usize, f64)| !question.is_vetoed[*place];
        let is_answered = options.first().is_some_and(|first| is_open(first) && first.1 >= f64::from(answer));
        options.retain(|option| is_open(option) && option.1 >= OPTION_PROBABILITY);
        options.truncate(MAX_OPTIONS);
        if is_answered || options.len() < 2 {
            continue;
        }
        let together: f64 = options.iter().map(|(_, probability)| probability).sum();
        let is_offered = options.iter().any(|(place, _)| question.right == Some(*place));
        let credit = if question.kind == Kind::Perturbed { together } else { f64::from(u8::from(is_offered)) };
        offers.push((together, credit, *weight));
    }
    offers.sort_by(|a, b| b.0.total_cmp(&a.0));
    lowest(offers.into_iter(), precision).min(answer)
}

/// Returns the expected calibration error over bins of equal weight.
pub(super) fn weighted_ece(outcomes: &[Outcome]) -> f64 {
    let total = weight(outcomes.iter());
    let (mut error, mut seen) = (0.0, 0.0);
    let mut bins = [(0.0, 0.0); NUM_BINS];
    for outcome in outcomes {
        let middle = seen + outcome.weight / 2.0;
        let bin = ((ratio(middle, total) * NUM_BINS as f64) as usize).min(NUM_BINS - 1);
        bins[bin].0 += outcome.weight * outcome.confidence;
        bins[bin].1 += outcome.weight * f64::from(u8::from(outcome.is_right));
        seen += outcome.weight;
    }
    for (confidence, right) in bins {
        error += f64::abs(confidence - right);
    }
    ratio(error, total)
}

/// Returns what each step of coverage costs, from nothing answered to everything.
pub(super) fn curve(outcomes: &[Outcome]) -> Vec<CurvePoint> {
    let answerable = weight(outcomes.iter().filter(|one| one.is_answerable));
    let unanswerable = weight(outcomes.iter().filter(|one| !one.is_answerable));
    let mut points = vec![CurvePoint { threshold: 1.0, coverage: 0.0, precision: 1.0, false_answers: 0.0 }];
    if answerable == 0.0 {
        return points;
    }
    let (mut covered, mut falsely, mut credit, mut all) = (0.0, 0.0, 0.0, 0.0);
    let mut outcomes = outcomes.iter().filter(|outcome| outcome.confidence > 0.0).peekable();
    while let Some(outcome) = outcomes.next() {
        all += outcome.weight;
        credit += outcome.weight * outcome.credit;
        if outcome.is_answerable {
            covered += outcome.weight;
        } else {
            falsely += outcome.weight;
        }
        let is_step = covered * CURVE_STEPS as f64 >= answerable * points.len() as f64 - 1e-9;
        let is_last_of_value = outcomes.peek().is_none_or(|next| next.confidence < outcome.confidence);
        if is_last_of_value && (is_step || outcomes.peek().is_none()) {
            points.push(CurvePoint {
                threshold: outcome.confidence as f32,
                coverage: ratio(covered, answerable) as f32,
                precision: ratio(credit, all) as f32,
                false_answers: ratio(falsely, unanswerable) as f32,
            });
        }
    }
    points
}
