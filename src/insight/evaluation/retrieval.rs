//! Questions with the article that answers them, or none.

use std::time::Duration;

use serde::Serialize;

use super::{Figure, NUM_BINS, figure, quantile_us, share};
use crate::{
    assist::{self, Ask, AssistError, Snap},
    domain::{ArticleId, Candidate, CurvePoint, Inquiry, KnowledgeBaseId, Outcome, Timestamp},
    model::measures::ece,
};

/// How deep candidates are looked at.
const DEPTH: usize = 24;
/// The share of answerable questions that get an answer where false answers are compared.
const COVERAGE: f64 = 0.7;
/// Steps of coverage that a curve has.
const CURVE_STEPS: usize = 40;

/// A question with what answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub knowledge_base: KnowledgeBaseId,
    pub question: String,
    /// Any of them is right; none where the base holds no answer.
    pub articles: Vec<ArticleId>,
    pub tags: Vec<String>,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub is_answerable: bool,
    /// Of the right article among the candidates, from 1.
    pub rank: Option<usize>,
    /// Of the first candidate; 0 where there is none.
    pub confidence: f32,
    pub outcome: Outcome,
    /// Whether `answer` is set.
    pub is_answered: bool,
    /// Whether the answer set is a right one.
    pub is_answered_right: bool,
    pub first: Option<ArticleId>,
    /// What the reply answers with.
    pub answer: Option<ArticleId>,
    /// Whether the second stage looked at it.
    pub is_second_stage: bool,
    pub cpu: Duration,
}

impl Asked {
    fn is_right(&self) -> bool {
        self.rank == Some(1)
    }
}

/// The figures of a set of questions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetrievalReport {
    pub n: usize,
    pub answerable: usize,
    pub r1: f64,
    pub r3: f64,
    pub r10: f64,
    pub mrr: f64,
    /// With unanswerable questions.
    pub ece: f64,
    pub ece_answerable: f64,
    pub fa_at_70: f64,
    pub precision_at_70: f64,
    pub coverage_at_policy: f64,
    pub fa_at_policy: f64,
    pub precision_at_policy: f64,
    pub clarified: f64,
    /// The share of questions that went to the second stage.
    pub second_stage: f64,
    pub cpu_us_p50: f64,
    pub cpu_us_p99: f64,
    /// 95 % intervals of the figures above, by name.
    pub intervals: std::collections::BTreeMap<&'static str, Figure>,
}

/// Asks every question on the production path; `cpu` tells the processor time of this thread. Fails where a knowledge
/// base is not loaded.
pub fn ask_all(
    snap: &Snap,
    questions: &[Expected],
    now: Timestamp,
    cpu: &dyn Fn() -> Duration,
    progress: &mut dyn FnMut(usize),
) -> Result<Vec<Asked>, AssistError> {
    let mut asked = Vec::with_capacity(questions.len());
    for (idx, question) in questions.iter().enumerate() {
        let inquiry = Inquiry::im(question.question.as_str());
        let ask = Ask {
            inquiry: &inquiry,
            knowledge_bases: std::slice::from_ref(&question.knowledge_base),
            now,
            deadline: None,
            max_candidates: DEPTH,
            explain: false,
        };
        let before = cpu();
        let reply = assist::answer(snap, &ask)?;
        let cpu = cpu().saturating_sub(before);
        let is_right = |id: &ArticleId| question.articles.contains(id);
        let answer = reply.answer.as_ref().map(|answer| &answer.article_id);
        asked.push(Asked {
            is_answerable: !question.articles.is_empty(),
            rank: rank_of(&reply.candidates, &question.articles),
            confidence: reply.candidates.first().map_or(0.0, |first| first.confidence),
            outcome: reply.outcome,
            is_answered: answer.is_some(),
            is_answered_right: answer.is_some_and(is_right),
            first: reply.candidates.first().map(|first| first.article.id.clone()),
            answer: answer.cloned(),
            is_second_stage: reply.timings.iter().any(|timing| timing.stage == assist::SECOND_STAGE),
            cpu,
        });
        progress(idx + 1);
    }
    Ok(asked)
}

fn rank_of(candidates: &[Candidate], right: &[ArticleId]) -> Option<usize> {
    candidates.iter().position(|candidate| right.contains(&candidate.article.id)).map(|place| place + 1)
}

/// A figure over what was asked.
type Measure = fn(&[Asked]) -> f64;

/// Computes the figures.
pub fn report(asked: &[Asked]) -> RetrievalReport {
    let answerable: Vec<Asked> = asked.iter().filter(|one| one.is_answerable).cloned().collect();
    let mut cpu: Vec<Duration> = asked.iter().map(|one| one.cpu).collect();
    let measures: [(&'static str, Measure); 5] = [
        ("fa_at_70", |rows| at_coverage(rows).0),
        ("precision_at_70", |rows| at_coverage(rows).1),
        ("coverage_at_policy", coverage_at_policy),
        ("fa_at_policy", fa_at_policy),
        ("precision_at_policy", precision_at_policy),
    ];
    let over_answerable: [(&'static str, Measure); 4] = [
        ("r1", |rows| recall(rows, 1)),
        ("r3", |rows| recall(rows, 3)),
        ("r10", |rows| recall(rows, 10)),
        ("mrr", mrr),
    ];
    let mut intervals: std::collections::BTreeMap<&'static str, Figure> =
        measures.into_iter().map(|(name, measure)| (name, figure(asked, measure))).collect();
    intervals.extend(over_answerable.into_iter().map(|(name, measure)| (name, figure(&answerable, measure))));
    let value = |name: &str| intervals.get(name).map_or(0.0, |figure| figure.value);
    RetrievalReport {
        n: asked.len(),
        answerable: answerable.len(),
        r1: value("r1"),
        r3: value("r3"),
        r10: value("r10"),
        mrr: value("mrr"),
        ece: ece(&calibration(asked), NUM_BINS),
        ece_answerable: ece(&calibration(&answerable), NUM_BINS),
        fa_at_70: value("fa_at_70"),
        precision_at_70: value("precision_at_70"),
        coverage_at_policy: value("coverage_at_policy"),
        fa_at_policy: value("fa_at_policy"),
        precision_at_policy: value("precision_at_policy"),
        clarified: share(asked, |one| one.outcome == Outcome::Clarify),
        second_stage: share(asked, |one| one.is_second_stage),
        cpu_us_p50: quantile_us(&mut cpu, 0.5),
        cpu_us_p99: quantile_us(&mut cpu, 0.99),
        intervals,
    }
}

/// Computes what answering from one confidence on comes to, in steps of coverage.
pub fn risk_coverage(asked: &[Asked]) -> Vec<CurvePoint> {
    let mut sorted: Vec<&Asked> = asked.iter().collect();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let num_answerable = asked.iter().filter(|one| one.is_answerable).count();
    let num_unanswerable = (asked.len() - num_answerable).max(1);
    let mut points = vec![CurvePoint { threshold: 1.0, coverage: 0.0, precision: 1.0, false_answers: 0.0 }];
    let (mut covered, mut right) = (0, 0);
    for (idx, one) in sorted.iter().enumerate() {
        covered += usize::from(one.is_answerable);
        right += usize::from(one.is_right());
        let is_last = sorted.get(idx + 1).is_none_or(|next| next.confidence < one.confidence);
        if is_last && covered * CURVE_STEPS >= num_answerable * points.len() {
            points.push(CurvePoint {
                threshold: one.confidence,
                coverage: covered as f32 / num_answerable.max(1) as f32,
                precision: right as f32 / (idx + 1) as f32,
                false_answers: (idx + 1 - covered) as f32 / num_unanswerable as f32,
            });
        }
    }
    points
}

fn recall(rows: &[Asked], k: usize) -> f64 {
    share(rows, |one| one.rank.is_some_and(|rank| rank <= k))
}

fn mrr(rows: &[Asked]) -> f64 {
    let sum: f64 = rows.iter().filter_map(|one| one.rank).map(|rank| 1.0 / rank as f64).sum();
    if rows.is_empty() { 0.0 } else { sum / rows.len() as f64 }
}

fn calibration(rows: &[Asked]) -> Vec<(f32, bool)> {
    rows.iter().map(|one| (one.confidence, one.is_right())).collect()
}

/// False answers and precision at the coverage compared.
fn at_coverage(rows: &[Asked]) -> (f64, f64) {
    let mut confidences: Vec<f32> = rows.iter().filter(|one| one.is_answerable).map(|one| one.confidence).collect();
    confidences.sort_unstable_by(|a, b| b.total_cmp(a));
    let place = (COVERAGE * confidences.len() as f64).ceil() as usize;
    let Some(threshold) = place.checked_sub(1).and_then(|place| confidences.get(place)).copied() else {
        return (0.0, 0.0);
    };
    let (mut unanswerable, mut answered, mut false_answers, mut right) = (0usize, 0usize, 0usize, 0usize);
    for one in rows {
        let is_above = one.confidence >= threshold;
        unanswerable += usize::from(!one.is_answerable);
        answered += usize::from(is_above);
        false_answers += usize::from(is_above && !one.is_answerable);
        right += usize::from(is_above && one.is_right());
    }
    (false_answers as f64 / unanswerable.max(1) as f64, right as f64 / answered.max(1) as f64)
}

fn coverage_at_policy(rows: &[Asked]) -> f64 {
    let answerable = rows.iter().filter(|one| one.is_answerable);
    let (all, answered) =
        answerable.fold((0usize, 0usize), |(all, answered), one| (all + 1, answered + usize::from(one.is_answered)));
    answered as f64 / all.max(1) as f64
}

fn fa_at_policy(rows: &[Asked]) -> f64 {
    let unanswerable = rows.iter().filter(|one| !one.is_answerable);
    let (all, answered) =
        unanswerable.fold((0usize, 0usize), |(all, answered), one| (all + 1, answered + usize::from(one.is_answered)));
    answered as f64 / all.max(1) as f64
}

fn precision_at_policy(rows: &[Asked]) -> f64 {
    let answered = rows.iter().filter(|one| one.is_answered);
    let (all, right) =
        answered.fold((0usize, 0usize), |(all, right), one| (all + 1, right + usize::from(one.is_answered_right)));
    right as f64 / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(is_answerable: bool, rank: Option<usize>, confidence: f32) -> Asked {
        let is_answered = confidence >= 0.5;
        Asked {
            is_answerable,
            rank,
            confidence,
            outcome: if is_answered { Outcome::Answered } else { Outcome::NoAnswer },
            is_answered,
            is_answered_right: is_answered && rank == Some(1),
            answer: None,
            first: None,
            is_second_stage: false,
            cpu: Duration::from_micros(100),
        }
    }

    #[test]
    fn figures_follow_their_definitions() {
        let rows = [
            asked(true, Some(1), 0.9),
            asked(true, Some(2), 0.8),
            asked(true, Some(1), 0.6),
            asked(true, None, 0.2),
            asked(false, None, 0.7),
            asked(false, None, 0.1),
        ];
        let report = report(&rows);
        assert_eq!((report.n, report.answerable), (6, 4));
        assert!((report.r1 - 0.5).abs() < 1e-9 && (report.r3 - 0.75).abs() < 1e-9);
        assert!((report.mrr - 0.625).abs() < 1e-9);
        // 70 % of four is three: the threshold is .6; one of two unanswerable is above it.
        assert!((report.fa_at_70 - 0.5).abs() < 1e-9 && (report.precision_at_70 - 0.5).abs() < 1e-9);
        assert!((report.coverage_at_policy - 0.75).abs() < 1e-9 && (report.fa_at_policy - 0.5).abs() < 1e-9);
        assert!((report.precision_at_policy - 0.5).abs() < 1e-9);
        assert!((report.cpu_us_p50 - 100.0).abs() < 1e-6);
        let curve = risk_coverage(&rows);
        let at = |threshold: f32| curve.iter().find(|point| point.threshold == threshold).expect("a point");
        assert_eq!((at(0.9).coverage, at(0.9).precision, at(0.9).false_answers), (0.25, 1.0, 0.0));
        assert_eq!((at(0.6).coverage, at(0.6).precision, at(0.6).false_answers), (0.75, 0.5, 0.5));
        assert!(curve.windows(2).all(|pair| pair[0].coverage <= pair[1].coverage));
    }

    #[test]
    fn nothing_asked_gives_zeros() {
        let report = report(&[]);
        assert_eq!((report.n, report.r1, report.fa_at_70), (0, 0.0, 0.0));
    }
}
