//! Checks a knowledge base on its own questions, and sets its confidences and thresholds by what comes of them.
//!
//! - `questions`: which questions are asked, through the one production path; `perturb`: how a customer might say one.
//! - `fit`: scale and shift of the utilities, with the shipped ones as prior.
//! - `risk`: thresholds and the curve of what answering costs; `picture` draws it.
//! - [`CalibrationDesk`]: calibrates what serves, keeps the result in the store and brings it into the live snapshot.
//!
//! The shipped prior was measured on the demo bases, by customers' questions that their own were compared with. A wording that
//! was left out tells of scale and shift the less the more others its article has, for an editor makes them differ from one
//! another, and the last of twenty is rarely what a customer types; one that was perturbed, which is easier, has
//! `PERTURBED_WEIGHT`, and what it says of precision is not whether it was right, but how sure it could be. The threshold for
//! answers is the shipped one, carried over so that as many would be answered, and moved by what perturbed ones say: by left-out
//! ones alone it would answer too little. Of the messages that nothing answers only `NEAR_SHARE` come as near as questions whose article was left
//! out; the others are foreign, and far below any threshold. So a base with little to tell keeps what is shipped.
//!
//! Must not know the wire or the configuration. Invariants: a base of the same content comes out the same on every
//! replica; figures come from questions that their parameters have not seen; order of candidates never changes.

mod desk;
mod fit;
mod perturb;
pub mod picture;
mod questions;
mod risk;

use std::sync::Arc;

pub use desk::{CalibrationDesk, CalibrationError, Wanted};

use self::{
    fit::{Affine, fit},
    risk::{Outcome, carried, clarification_threshold, curve, threshold_for, weighted_ece},
};
use crate::{
    assist::{Base, Shared, Visibility},
    domain::{Audience, Calibration, CalibrationPolicy, Channel, QuestionCounts, Revision, Timestamp},
    index,
};

/// Bases of fewer articles say too little of themselves.
pub const MIN_ARTICLES: usize = 30;
/// How much a perturbed wording counts beside one left out of two.
const PERTURBED_WEIGHT: f64 = 1.0;
/// The share of unanswerable messages that come as near as a question whose article was left out.
const NEAR_SHARE: f64 = 0.28;
/// As sure as so many questions the shipped thresholds are.
const THRESHOLD_PRIOR: f64 = 100.0;
/// The precision for which a base takes the shipped thresholds as they are. They were chosen on customers' questions that
/// are written to be hard, and bring this and more on what is asked.
const SHIPPED_PRECISION: f32 = 0.955;
/// The share of clarifications that are to offer what was asked for.
const CLARIFY_PRECISION: f64 = 0.8;

/// What a question tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    LeftOut,
    Perturbed,
    /// Its article was left out, so nothing answers it.
    Unanswerable,
}

/// One question with what it found.
#[derive(Clone, Debug)]
struct Question {
    kind: Kind,
    /// How many other wordings its article has.
    num_others: usize,
    /// Questions of one wording go into the same half.
    is_in_first_half: bool,
    /// Of the candidates, before the calibration.
    utilities: Vec<f32>,
    /// The place of the right one, where it was found.
    right: Option<usize>,
    /// Whether something forbids to answer with the candidate.
    is_vetoed: Vec<bool>,
}

/// Who is asked for: customers of the bot, in a chat.
fn visibility(now: Timestamp) -> Visibility {
    Visibility { channel: Channel::Im, audience: Audience::Bot, now }
}

/// Checks a base and calibrates it; `None` where it has too few articles or `is_stopped` said so meanwhile. Fails where
/// the index cannot be read.
pub fn calibrate(
    shared: &Shared,
    base: &Arc<Base>,
    wanted: CalibrationPolicy,
    now: Timestamp,
    is_stopped: &dyn Fn() -> bool,
) -> index::Result<Option<Calibration>> {
    let visible = base.snapshot.table.articles().filter(|article| visibility(now).shows(article)).count();
    if visible < MIN_ARTICLES {
        return Ok(None);
    }
    let asked = questions::ask(shared, base, visibility(now), is_stopped)?;
    if is_stopped() {
        return Ok(None);
    }
    let calibrated = calibrated(&asked, (base.shipped.answer_threshold, base.shipped.clarify_threshold), wanted);
    Ok(Some(Calibration {
        generation: shared.generation(),
        revision: base.snapshot.revision,
        create_time: now,
        policy: base.record.policy.calibration,
        ..calibrated
    }))
}

/// Calibrates by the questions asked; `shipped` are the thresholds for answers and for clarifications.
fn calibrated(asked: &[Question], shipped: (f32, f32), wanted: CalibrationPolicy) -> Calibration {
    let weights = weights(asked, f64::from(wanted.unanswerable_share) * NEAR_SHARE);
    let all: Vec<(&Question, f64)> = asked.iter().zip(weights.iter().copied()).collect();
    let half = |is_first: bool| -> Vec<(&Question, f64)> {
        all.iter().filter(|(question, _)| question.is_in_first_half == is_first).copied().collect()
    };
    // Each half is judged by what the other one taught.
    let (by_first, by_second) = (fit(&half(true), 0.5), fit(&half(false), 0.5));
    let unseen = |question: &Question| if question.is_in_first_half { by_second } else { by_first };
    let outcomes = risk::outcomes(&all, &unseen);
    let before = risk::outcomes(&all, &|_| Affine::SHIPPED);
    let (answer_threshold, clarify_threshold) = thresholds(&all, (&before, &outcomes), &unseen, (shipped, wanted));
    let count = |kind: Kind| asked.iter().filter(|question| question.kind == kind).count() as u32;
    let Affine { scale, shift } = fit(&all, 1.0);
    Calibration {
        generation: String::new(),
        revision: Revision(0),
        create_time: Timestamp(0),
        wanted,
        policy: wanted,
        scale: scale as f32,
        shift: shift as f32,
        answer_threshold,
        clarify_threshold,
        questions: QuestionCounts {
            left_out: count(Kind::LeftOut),
            perturbed: count(Kind::Perturbed),
            without_answer: count(Kind::Unanswerable),
        },
        ece_before: weighted_ece(&before) as f32,
        ece_after: weighted_ece(&outcomes) as f32,
        recall_at_1: Outcome::recall_at_1(&outcomes) as f32,
        curve: curve(&outcomes),
    }
}

/// Chooses the thresholds for answers and for clarifications, from the shipped ones and from what the base's own questions
/// came to: with the shipped scale and shift (`before`), and with those that others of them taught (`outcomes`).
fn thresholds(
    all: &[(&Question, f64)],
    (before, outcomes): (&[Outcome], &[Outcome]),
    unseen: &dyn Fn(&Question) -> Affine,
    (shipped, wanted): ((f32, f32), CalibrationPolicy),
) -> (f32, f32) {
    let told = all.iter().filter(|(question, _)| question.kind == Kind::Perturbed);
    let told: f64 = told.map(|(_, weight)| weight).sum();
    let with_prior = |own: f32, shipped: f32| {
        let (own, shipped) = (f64::from(own), f64::from(shipped));
        ((told * own + THRESHOLD_PRIOR * shipped) / (told + THRESHOLD_PRIOR)) as f32
    };
    // Where confidences are calibrated, the odds of the threshold rise with the odds of the precision.
    let stricter = log_odds(wanted.wanted_precision) - log_odds(SHIPPED_PRECISION);
    let carried = logistic(log_odds(carried(shipped.0, before, outcomes)) + stricter);
    let own = threshold_for(outcomes, f64::from(wanted.wanted_precision));
    let answer_threshold = with_prior(own, carried);
    let own = clarification_threshold(all, unseen, answer_threshold, CLARIFY_PRECISION);
    let clarify_threshold = with_prior(own, shipped.1).min(answer_threshold);
    (answer_threshold, clarify_threshold)
}

/// Beyond these log-odds a threshold says all or nothing.
const LOG_ODDS_BOUND: f64 = 9.0;

fn log_odds(probability: f32) -> f64 {
    let probability = f64::from(probability);
    (probability / (1.0 - probability)).ln().clamp(-LOG_ODDS_BOUND, LOG_ODDS_BOUND)
}

fn logistic(log_odds: f64) -> f32 {
    (1.0 / (1.0 + (-log_odds).exp())) as f32
}

/// Weighs each question; those that nothing answers have the share given of the whole.
fn weights(asked: &[Question], unanswerable_share: f64) -> Vec<f64> {
    let of_answerable = |question: &Question| match question.kind {
        Kind::LeftOut => 1.0 / question.num_others.max(1) as f64,
        Kind::Perturbed => PERTURBED_WEIGHT,
        Kind::Unanswerable => 0.0,
    };
    let answerable: f64 = asked.iter().map(of_answerable).sum();
    let num_unanswerable = asked.iter().filter(|question| question.kind == Kind::Unanswerable).count() as f64;
    let unanswerable = answerable * unanswerable_share / (1.0 - unanswerable_share) / num_unanswerable.max(1.0);
    let of = |question: &Question| match question.kind {
        Kind::Unanswerable => unanswerable,
        _ => of_answerable(question),
    };
    asked.iter().map(of).collect()
}

#[cfg(test)]
mod tests;
