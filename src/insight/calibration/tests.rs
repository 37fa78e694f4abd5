//! The arithmetic of the calibration, on questions whose probabilities are known.

use super::*;
use crate::domain::CurvePoint;

const SHIPPED: (f32, f32) = (0.8, 0.4);

/// Draws questions of a base whose true log-odds are scale × utility + shift.
fn drawn(count: usize, truth: Affine, kind: Kind) -> Vec<Question> {
    let mut rng = fastrand::Rng::with_seed(11);
    let mut questions = Vec::with_capacity(count);
    for place in 0..count {
        let utilities: Vec<f32> = (0..4).map(|_| 12.0 * rng.f32() - 8.0).collect();
        let mut left = rng.f64();
        let right = truth.probabilities(&utilities).into_iter().position(|p| {
            left -= p;
            left < 0.0
        });
        let kind = if right.is_some() { kind } else { Kind::Unanswerable };
        questions.push(Question {
            kind,
            num_others: 1,
            is_in_first_half: place % 2 == 0,
            utilities,
            right,
            is_vetoed: vec![false; 4],
        });
    }
    questions
}

fn evenly(questions: &[Question]) -> Vec<(&Question, f64)> {
    questions.iter().map(|question| (question, 1.0)).collect()
}

#[test]
fn scale_and_shift_are_found_again() {
    for truth in [Affine { scale: 0.6, shift: -1.5 }, Affine { scale: 1.6, shift: 1.0 }, Affine::SHIPPED] {
        let questions = drawn(8_000, truth, Kind::LeftOut);
        let found = fit(&evenly(&questions), 1.0);
        assert!((found.scale - truth.scale).abs() < 0.12 && (found.shift - truth.shift).abs() < 0.2, "{found:?}");
    }
}

#[test]
fn few_questions_change_little() {
    let truth = Affine { scale: 0.3, shift: -3.0 };
    let questions = drawn(8, truth, Kind::LeftOut);
    let found = fit(&evenly(&questions), 1.0);
    assert!((found.scale - 1.0).abs() < 0.15 && found.shift.abs() < 0.4, "{found:?}");
    assert_eq!(fit(&[], 1.0), Affine::SHIPPED);
    let one = Question {
        kind: Kind::LeftOut,
        num_others: 1,
        is_in_first_half: true,
        utilities: vec![],
        right: None,
        is_vetoed: vec![],
    };
    assert_eq!(fit(&[(&one, 1.0)], 1.0), Affine::SHIPPED, "what finds nothing tells nothing");
}

#[test]
fn no_scale_turns_the_order_round() {
    // Whatever is the likelier, it is wrong.
    let question = |place: usize| Question {
        kind: Kind::LeftOut,
        num_others: 1,
        is_in_first_half: place.is_multiple_of(2),
        utilities: vec![6.0, -6.0],
        right: Some(1),
        is_vetoed: vec![false; 2],
    };
    let questions: Vec<Question> = (0..2_000).map(question).collect();
    let found = fit(&evenly(&questions), 1.0);
    assert!(found.scale > 0.0, "{found:?}");
    let probabilities = found.probabilities(&[6.0, -6.0]);
    assert!(probabilities[0] > probabilities[1] && probabilities.iter().sum::<f64>() < 1.0);
}

fn outcome(confidence: f64, credit: f64, is_answerable: bool) -> Outcome {
    Outcome { confidence, is_right: credit > 0.5, credit, is_answerable, weight: 1.0 }
}

#[test]
fn thresholds_bring_the_wanted_precision() {
    let check = |outcomes: &[(f64, f64)], wanted: f64, threshold: f32| {
        let outcomes: Vec<Outcome> = outcomes.iter().map(|(at, credit)| outcome(*at, *credit, true)).collect();
        assert_eq!(threshold_for(&outcomes, wanted), threshold, "{outcomes:?}");
    };
    check(&[(0.9, 1.0), (0.8, 1.0), (0.7, 0.0), (0.6, 1.0), (0.5, 0.0)], 0.75, 0.6);
    check(&[(0.9, 1.0), (0.8, 1.0), (0.7, 0.0), (0.6, 1.0), (0.5, 0.0)], 0.8, 0.8);
    check(&[(0.9, 0.0), (0.8, 0.0)], 0.5, 1.0);
    check(&[], 0.5, 1.0);
    // Of equal confidences all are answered or none.
    check(&[(0.9, 1.0), (0.8, 1.0), (0.8, 0.0)], 0.95, 0.9);
    // What may not answer does not.
    check(&[(0.9, 1.0), (0.0, 1.0)], 0.5, 0.9);
}

#[test]
fn clarifications_offer_what_was_asked_for() {
    let question = |utilities: [f32; 3], right: Option<usize>| Question {
        kind: if right.is_some() { Kind::LeftOut } else { Kind::Unanswerable },
        num_others: 1,
        is_in_first_half: true,
        utilities: utilities.to_vec(),
        right,
        is_vetoed: vec![false; 3],
    };
    let near = [question([1.0, 1.0, -5.0], Some(1)), question([0.0, 0.0, -5.0], None), question([9.0, 0.0, 0.0], None)];
    let shipped = |_: &Question| Affine::SHIPPED;
    let at = |precision| clarification_threshold(&evenly(&near), &shipped, 0.9, precision);
    // Two options of e / (2 e + 1) each; the second question lowers that to a half.
    assert!((at(0.8) - 0.845).abs() < 0.01, "{}", at(0.8));
    assert!((at(0.5) - 0.667).abs() < 0.01, "{}", at(0.5));
    assert_eq!(clarification_threshold(&[], &shipped, 0.9, 0.8), 0.9, "never above the threshold for answers");
}

#[test]
fn errors_of_calibration_are_those_computed_by_hand() {
    let sure: Vec<Outcome> = (0..10).map(|_| outcome(1.0, 1.0, true)).collect();
    assert!(weighted_ece(&sure) < 1e-9);
    let halves: Vec<Outcome> = (0..100).map(|n| outcome(0.75, f64::from(n % 2), true)).collect();
    assert!((weighted_ece(&halves) - 0.25).abs() < 1e-9);
    assert_eq!(weighted_ece(&[]), 0.0);
}

#[test]
fn curves_go_from_nothing_to_everything() {
    let mut outcomes: Vec<Outcome> =
        (0..200).map(|n| outcome(1.0 - f64::from(n) / 250.0, f64::from(u8::from(n % 10 != 0)), n % 4 != 0)).collect();
    outcomes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let points = curve(&outcomes);
    assert!((40..=42).contains(&points.len()), "{}", points.len());
    assert!(
        points.windows(2).all(|pair| pair[0].coverage <= pair[1].coverage && pair[0].threshold >= pair[1].threshold)
    );
    let last = points.last().expect("it is never empty");
    assert_eq!((last.coverage, last.false_answers), (1.0, 1.0));
    assert!((last.precision - 0.9).abs() < 1e-6);
    assert_eq!(curve(&[]).len(), 1);
}

#[test]
fn what_is_unanswerable_has_its_share() {
    let mut questions = drawn(400, Affine::SHIPPED, Kind::LeftOut);
    questions[0].kind = Kind::Perturbed;
    let weights = weights(&questions, 0.1);
    let of = |keep: fn(Kind) -> bool| -> f64 {
        questions.iter().zip(&weights).filter(|(question, _)| keep(question.kind)).map(|(_, weight)| weight).sum()
    };
    let (all, unanswerable) = (of(|_| true), of(|kind| kind == Kind::Unanswerable));
    assert!((unanswerable / all - 0.1).abs() < 1e-9);
    assert_eq!(weights[0], PERTURBED_WEIGHT);
    let none = self::weights(&questions, 0.0);
    assert!(none.iter().zip(&questions).all(|(weight, one)| (*weight == 0.0) == (one.kind == Kind::Unanswerable)));
}

#[test]
fn one_wording_of_many_tells_less_than_one_of_two() {
    let few = drawn(600, Affine { scale: 0.5, shift: -1.0 }, Kind::LeftOut);
    let many: Vec<Question> = few.iter().map(|one| Question { num_others: 24, ..one.clone() }).collect();
    let off = |questions: &[Question]| 1.0 - calibrated(questions, SHIPPED, CalibrationPolicy::default()).scale;
    assert!(off(&few) > 0.3 && off(&many) < 0.5 * off(&few), "{} {}", off(&few), off(&many));
    assert!((weights(&many, 0.1)[0] - 1.0 / 24.0).abs() < 1e-9 || many[0].kind == Kind::Unanswerable);
}

#[test]
fn left_out_wordings_move_no_threshold() {
    // None of them is right, and still as many are answered as before.
    let question = |place: usize| Question {
        kind: Kind::LeftOut,
        num_others: 24,
        is_in_first_half: place.is_multiple_of(2),
        utilities: vec![place as f32 / 100.0, -4.0],
        right: None,
        is_vetoed: vec![false; 2],
    };
    let questions: Vec<Question> = (0..400).map(question).collect();
    let of = |questions: &[Question]| calibrated(questions, SHIPPED, CalibrationPolicy::default());
    let left_out = of(&questions);
    let perturbed: Vec<Question> =
        questions.iter().map(|one| Question { kind: Kind::Perturbed, ..one.clone() }).collect();
    assert!(left_out.answer_threshold < SHIPPED.0, "what nothing answers lowers confidence, and the threshold with it");
    assert!(of(&perturbed).answer_threshold > left_out.answer_threshold);
}

#[test]
fn a_base_that_is_too_sure_of_itself_is_set_right() {
    let questions = drawn(1_500, Affine { scale: 0.6, shift: -1.0 }, Kind::LeftOut);
    let calibration = calibrated(&questions, SHIPPED, CalibrationPolicy::default());
    assert!(calibration.scale < 0.8, "{calibration:?}");
    assert!(calibration.ece_after < 0.6 * calibration.ece_before, "{calibration:?}");
    assert!(calibration.clarify_threshold <= calibration.answer_threshold);
    let stricter = CalibrationPolicy { wanted_precision: 0.99, ..CalibrationPolicy::default() };
    let stricter = calibrated(&questions, SHIPPED, stricter);
    assert!(stricter.answer_threshold > calibration.answer_threshold);
    assert_eq!(calibrated(&questions, SHIPPED, stricter.wanted), stricter, "the same questions give the same figures");
}

#[test]
fn a_threshold_is_carried_so_that_as_many_are_answered() {
    let outcomes = |confidences: &[f64]| -> Vec<Outcome> {
        let outcome = |(place, confidence): (usize, &f64)| Outcome {
            confidence: *confidence,
            is_right: true,
            credit: 1.0,
            // Every third has no answer, and does not count.
            is_answerable: place % 3 != 2,
            weight: 0.3,
        };
        confidences.iter().enumerate().map(outcome).collect()
    };
    let before = outcomes(&[0.9, 0.8, 0.75, 0.7, 0.4]);
    let after = outcomes(&[0.99, 0.95, 0.94, 0.92, 0.8]);
    for (threshold, want) in
        [(0.8, 0.95), (0.7, 0.92), (0.75, 0.935), (0.35, 0.7), (0.95, 0.995), (1.0, 1.0), (0.0, 0.0)]
    {
        let carried = risk::carried(threshold, &before, &after);
        assert!((carried - want).abs() < 1e-6, "{threshold}: {carried}");
    }
    assert_eq!([0.0, 0.5, 1.0].map(|threshold| risk::carried(threshold, &[], &[])), [0.0, 0.5, 1.0]);
}

#[test]
fn little_told_leaves_the_shipped_thresholds() {
    let questions = drawn(4, Affine::SHIPPED, Kind::Perturbed);
    let calibration = calibrated(&questions, SHIPPED, CalibrationPolicy::default());
    assert!((calibration.answer_threshold - SHIPPED.0).abs() < 0.02, "{calibration:?}");
    assert!((calibration.clarify_threshold - SHIPPED.1).abs() < 0.02, "{calibration:?}");
}

#[test]
fn a_picture_shows_each_curve_and_where_answers_begin() {
    let point = |threshold: f32, coverage: f32, precision: f32| CurvePoint {
        threshold,
        coverage,
        precision,
        false_answers: 0.0,
    };
    let points = [point(1.0, 0.0, 1.0), point(0.8, 0.5, 0.96), point(0.2, 1.0, 0.8)];
    let curves = ["own < questions", "given"].map(|name| picture::Curve { name, points: &points, threshold: 0.75 });
    let svg = picture::picture("shop", &curves, 0.05);
    assert_eq!((svg.matches("stroke-width").count(), svg.matches("<circle").count()), (2, 2), "{svg}");
    assert!(svg.contains("own &lt; questions: answers from 0.75 on") && svg.ends_with("</svg>\n"), "{svg}");
    // At half of the coverage, a fifth of the height of the highest risk.
    assert!(svg.contains(r#"<circle cx="330.0" cy="290.0""#), "{svg}");
}
