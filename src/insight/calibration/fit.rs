//! Scale and shift of utilities, fitted by Newton's method.
//!
//! Maximizes the log-likelihood of what is right in the conditional logit with an outside option, p = softmax of
//! (scale · u + shift, 0), less a ridge towards what is shipped. The likelihood is concave in both, so the end does not
//! depend on the way.

use super::Question;

/// How sure the shipped scale and shift are: the ridge of 20 questions, a standard deviation of .3 and 1 each.
const SCALE_RIDGE: f64 = 20.0 / 0.09;
const SHIFT_RIDGE: f64 = 20.0;
const MAX_STEPS: usize = 50;
/// The longest step of one parameter, so that a first guess far off does not overshoot.
const MAX_STEP: f64 = 1.0;
const TOLERANCE: f64 = 1e-7;
/// A scale below this would turn what is known into guesses.
const MIN_SCALE: f64 = 0.1;

/// What makes utilities log-odds against "none of them".
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    pub scale: f64,
    pub shift: f64,
}

impl Affine {
    /// Changes nothing.
    pub const SHIPPED: Self = Self { scale: 1.0, shift: 0.0 };

    /// Returns the probabilities of the candidates, in their order.
    pub fn probabilities(self, utilities: &[f32]) -> Vec<f64> {
        let calibrated = utilities.iter().map(|utility| self.scale * f64::from(*utility) + self.shift);
        let mut exps: Vec<f64> = calibrated.collect();
        let top = exps.iter().copied().fold(0.0, f64::max);
        exps.iter_mut().for_each(|utility| *utility = (*utility - top).exp());
        let total = exps.iter().sum::<f64>() + (-top).exp();
        exps.iter_mut().for_each(|exp| *exp /= total);
        exps
    }
}

/// Slope and curvature of the surprise.
#[derive(Clone, Copy, Debug, Default)]
struct Bend {
    slope: [f64; 2],
    /// Of the scale, of both, of the shift.
    curve: [f64; 3],
}

/// Fits to weighted questions; `ridge` is the share of the prior that counts.
pub(super) fn fit(questions: &[(&Question, f64)], ridge: f64) -> Affine {
    let (scale_ridge, shift_ridge) = (ridge * SCALE_RIDGE, ridge * SHIFT_RIDGE);
    let mut at = Affine::SHIPPED;
    for _ in 0..MAX_STEPS {
        let mut sum = Bend::default();
        for (question, weight) in questions {
            let bend = bend(question, at);
            sum.slope.iter_mut().zip(bend.slope).for_each(|(sum, slope)| *sum += weight * slope);
            sum.curve.iter_mut().zip(bend.curve).for_each(|(sum, curve)| *sum += weight * curve);
        }
        let slope = [
            sum.slope[0] + scale_ridge * (at.scale - Affine::SHIPPED.scale),
            sum.slope[1] + shift_ridge * (at.shift - Affine::SHIPPED.shift),
        ];
        let (of_scale, of_both, of_shift) = (sum.curve[0] + scale_ridge, sum.curve[1], sum.curve[2] + shift_ridge);
        let determinant = of_scale * of_shift - of_both * of_both;
        let step = [
            (of_shift * slope[0] - of_both * slope[1]) / determinant,
            (of_scale * slope[1] - of_both * slope[0]) / determinant,
        ];
        let size = (MAX_STEP / step[0].abs().max(step[1].abs()).max(MAX_STEP)).min(1.0);
        at = Affine { scale: (at.scale - size * step[0]).max(MIN_SCALE), shift: at.shift - size * step[1] };
        if step[0].abs().max(step[1].abs()) < TOLERANCE {
            break;
        }
    }
    at
}

/// The slope and the curvature of one question's surprise: the mean and the covariance of (utility, is one of them) under
/// the probabilities.
fn bend(question: &Question, at: Affine) -> Bend {
    let mut mean = [0.0; 2];
    let mut square = [0.0; 3];
    for (p, utility) in at.probabilities(&question.utilities).into_iter().zip(&question.utilities) {
        let utility = f64::from(*utility);
        mean[0] += p * utility;
        mean[1] += p;
        square[0] += p * utility * utility;
        square[1] += p * utility;
        square[2] += p;
    }
    let right = question.right.and_then(|place| question.utilities.get(place));
    let right = right.map_or([0.0, 0.0], |utility| [f64::from(*utility), 1.0]);
    Bend {
        slope: [mean[0] - right[0], mean[1] - right[1]],
        curve: [square[0] - mean[0] * mean[0], square[1] - mean[0] * mean[1], square[2] - mean[1] * mean[1]],
    }
}
