//! Calibrations.

use crate::{
    assist::Weights,
    domain::{Calibration, CalibrationPolicy, CurvePoint, KnowledgeBaseId},
    knowledge::default_policy,
    rpc::{
        convert::{
            number::{i32_of, i64_of},
            time::timestamp_of,
        },
        names, pb,
    },
};

/// Writes what is wanted of a calibration.
pub(in crate::rpc) fn calibration_policy_of(policy: CalibrationPolicy) -> pb::CalibrationPolicy {
    let CalibrationPolicy { wanted_precision, unanswerable_share } = policy;
    pb::CalibrationPolicy { wanted_precision: Some(wanted_precision), unanswerable_share: Some(unanswerable_share) }
}

/// Reads what is wanted of a calibration; what is left out has its default.
pub(in crate::rpc) fn read_calibration_policy(message: &pb::CalibrationPolicy) -> CalibrationPolicy {
    let default = default_policy().calibration;
    CalibrationPolicy {
        wanted_precision: message.wanted_precision.unwrap_or(default.wanted_precision),
        unanswerable_share: message.unanswerable_share.unwrap_or(default.unanswerable_share),
    }
}

/// Writes a calibration.
pub(in crate::rpc) fn calibration_of(calibration: &Calibration, id: &KnowledgeBaseId) -> pb::Calibration {
    pb::Calibration {
        knowledge_base: names::of_knowledge_base(id),
        source: pb::CalibrationSource::OwnQuestions.into(),
        generation: calibration.generation.clone(),
        revision: i64_of(calibration.revision.0),
        create_time: Some(timestamp_of(calibration.create_time)),
        wanted: Some(calibration_policy_of(calibration.wanted)),
        scale: calibration.scale,
        shift: calibration.shift,
        thresholds: Some(thresholds_of(calibration.answer_threshold, calibration.clarify_threshold)),
        questions_left_out: i32_of(calibration.questions.left_out),
        questions_perturbed: i32_of(calibration.questions.perturbed),
        questions_without_answer: i32_of(calibration.questions.without_answer),
        ece_before: calibration.ece_before,
        ece_after: calibration.ece_after,
        recall_at_1: calibration.recall_at_1,
        curve: calibration.curve.iter().map(point_of).collect(),
    }
}

/// Writes that a base serves as it was shipped.
pub(in crate::rpc) fn shipped_calibration_of(
    weights: &Weights,
    generation: String,
    id: &KnowledgeBaseId,
) -> pb::Calibration {
    pb::Calibration {
        knowledge_base: names::of_knowledge_base(id),
        source: pb::CalibrationSource::Shipped.into(),
        generation,
        scale: 1.0,
        thresholds: Some(thresholds_of(weights.answer_threshold, weights.clarify_threshold)),
        ..pb::Calibration::default()
    }
}

fn thresholds_of(answer: f32, clarify: f32) -> pb::Thresholds {
    pb::Thresholds { answer: Some(answer), clarify: Some(clarify), abstain: None }
}

fn point_of(point: &CurvePoint) -> pb::RiskCoveragePoint {
    let CurvePoint { threshold, coverage, precision, false_answers } = *point;
    pb::RiskCoveragePoint { threshold, coverage, precision, false_answers }
}
