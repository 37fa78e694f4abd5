//! How the confidences of a knowledge base were set right: what is wanted, what was fitted, what it came to.

use super::{Revision, Timestamp};

/// What thresholds are to bring, and under which traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalibrationPolicy {
    /// The share of answers that are to be right.
    pub wanted_precision: f32,
    /// The share of messages that no article answers.
    pub unanswerable_share: f32,
}

impl CalibrationPolicy {
    /// What is allowed for the precision, in words.
    pub const PRECISION_RANGE: &'static str = "must be within 0.5 and 0.999";
    /// What is allowed for the share, in words.
    pub const SHARE_RANGE: &'static str = "must be within 0 and 0.9";

    /// Tells whether the precision can be wanted.
    pub fn has_good_precision(self) -> bool {
        (0.5..=0.999).contains(&self.wanted_precision)
    }

    /// Tells whether the share can be assumed.
    pub fn has_good_share(self) -> bool {
        (0.0..=0.9).contains(&self.unanswerable_share)
    }
}

impl Default for CalibrationPolicy {
    fn default() -> Self {
        Self { wanted_precision: 0.955, unanswerable_share: 0.3 }
    }
}

/// How many questions a base was asked, by what they tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct QuestionCounts {
    /// Wordings asked while they were left out.
    pub left_out: u32,
    /// The only wordings of articles, said otherwise.
    pub perturbed: u32,
    /// Wordings asked while their article was left out.
    pub without_answer: u32,
}

/// What answering from one confidence on comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    pub threshold: f32,
    /// The share of answerable questions that are answered, right or wrong.
    pub coverage: f32,
    /// The share of answers that are right, under the assumed traffic.
    pub precision: f32,
    /// The share of the questions whose article was left out that are answered.
    pub false_answers: f32,
}

/// The calibration of one knowledge base, as it was checked on its own questions.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// What computes confidences: it is of no use for others.
    pub generation: String,
    /// Of the knowledge base as it was checked.
    pub revision: Revision,
    pub create_time: Timestamp,
    /// What it was made for.
    pub wanted: CalibrationPolicy,
    /// What the policy of the base wanted then: another policy since asks for another calibration.
    pub policy: CalibrationPolicy,
    /// A utility becomes scale × utility + shift.
    pub scale: f32,
    pub shift: f32,
    pub answer_threshold: f32,
    pub clarify_threshold: f32,
    pub questions: QuestionCounts,
    /// Expected calibration error over its questions, weighted as they were, before and after.
    pub ece_before: f32,
    pub ece_after: f32,
    /// The share of answerable questions whose first article is right.
    pub recall_at_1: f32,
    /// By coverage, from none to all.
    pub curve: Vec<CurvePoint>,
}
