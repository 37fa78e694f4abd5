//! The shape of a calibration.

use serde::{Deserialize, Serialize};

use super::{Format, policy::CalibrationPolicyShape};
use crate::domain::{Calibration, CurvePoint, QuestionCounts, Revision, Timestamp};

/// What was fitted and what it came to.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::store) struct CalibrationBody {
    format: Format<1>,
    revision: u64,
    create_time: i64,
    wanted: CalibrationPolicyShape,
    policy: CalibrationPolicyShape,
    scale: f32,
    shift: f32,
    answer_threshold: f32,
    clarify_threshold: f32,
    left_out: u32,
    perturbed: u32,
    without_answer: u32,
    ece_before: f32,
    ece_after: f32,
    recall_at_1: f32,
    /// Threshold, coverage, precision, false answers.
    curve: Vec<[f32; 4]>,
}

impl CalibrationBody {
    /// Adds the generation it is of.
    pub fn into_calibration(self, generation: String) -> Calibration {
        let point = |[threshold, coverage, precision, false_answers]: [f32; 4]| CurvePoint {
            threshold,
            coverage,
            precision,
            false_answers,
        };
        Calibration {
            generation,
            revision: Revision(self.revision),
            create_time: Timestamp(self.create_time),
            wanted: self.wanted.into(),
            policy: self.policy.into(),
            scale: self.scale,
            shift: self.shift,
            answer_threshold: self.answer_threshold,
            clarify_threshold: self.clarify_threshold,
            questions: QuestionCounts {
                left_out: self.left_out,
                perturbed: self.perturbed,
                without_answer: self.without_answer,
            },
            ece_before: self.ece_before,
            ece_after: self.ece_after,
            recall_at_1: self.recall_at_1,
            curve: self.curve.into_iter().map(point).collect(),
        }
    }
}

impl From<&Calibration> for CalibrationBody {
    fn from(calibration: &Calibration) -> Self {
        let point = |point: &CurvePoint| [point.threshold, point.coverage, point.precision, point.false_answers];
        let QuestionCounts { left_out, perturbed, without_answer } = calibration.questions;
        Self {
            format: Format,
            revision: calibration.revision.0,
            create_time: calibration.create_time.0,
            wanted: calibration.wanted.into(),
            policy: calibration.policy.into(),
            scale: calibration.scale,
            shift: calibration.shift,
            answer_threshold: calibration.answer_threshold,
            clarify_threshold: calibration.clarify_threshold,
            left_out,
            perturbed,
            without_answer,
            ece_before: calibration.ece_before,
            ece_after: calibration.ece_after,
            recall_at_1: calibration.recall_at_1,
            curve: calibration.curve.iter().map(point).collect(),
        }
    }
}
