//! From features to the probability that an article answers the message. Pure.
//!
//! A conditional logit with an outside option (McFadden 1974): each candidate has the utility u = w · features, "none of
//! them" has utility 0, and p(a) = exp(u_a / T) / (1 + sum of exp(u / T)). So the probabilities of one base add up to
//! less than one, a near rival lowers confidence, and order and confidence agree by construction.
//!
//! A base whose articles have one wording each is matched otherwise than one with many: there are two sets of weights,
//! blended by the mean number of wordings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    features::{Features, NAMES, NUM_FEATURES},
    gram_weights::GramWeights,
};
use crate::domain::{Calibration, FeatureShare};

const FORMAT: u32 = 3;
/// Where the constant stands.
const BIAS: usize = 0;

/// A ranker that cannot be used.
#[derive(Debug, Error)]
pub enum RankerError {
    #[error("the ranker file is not of the form this program reads")]
    Json(#[from] serde_json::Error),
    #[error("ranker file format {0} is unknown, this program reads 3")]
    Format(u32),
    #[error("the ranker was trained on other features: {0:?}")]
    Features(Vec<String>),
    #[error("{0} must be a finite number in its range")]
    Number(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    features: Vec<String>,
    sparse: WeightsShape,
    rich: WeightsShape,
    /// By gram: what it tells against an article without it, sparse and rich.
    missing_grams: BTreeMap<String, [f32; 2]>,
    /// By gram: what it tells against a phrasing that holds it where the message does not.
    extra_grams: BTreeMap<String, [f32; 2]>,
    provenance: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WeightsShape {
    weights: Vec<f32>,
    answer_threshold: f32,
    clarify_threshold: f32,
}

/// Weights for one kind of base, with the thresholds that were fitted with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Calibrated: utilities are log-odds against "none of them".
    pub weights: Features,
    pub answer_threshold: f32,
    pub clarify_threshold: f32,
    /// From 0 for one wording an article to 1 for many.
    pub richness: f32,
}

impl Weights {
    /// Nothing is known: every utility is 0, nothing is answered.
    pub const BLANK: Self =
        Self { weights: [0.0; NUM_FEATURES], answer_threshold: 1.0, clarify_threshold: 1.0, richness: 0.0 };

    /// Returns the weights with utilities and thresholds set as a base's own questions taught.
    pub fn calibrated(&self, calibration: &Calibration) -> Self {
        let Calibration { scale, shift, answer_threshold, clarify_threshold, .. } = *calibration;
        let mut weights = self.weights.map(|weight| weight * scale);
        weights[BIAS] += shift;
        Self { weights, answer_threshold, clarify_threshold, richness: self.richness }
    }

    /// Returns the utility of an article.
    pub fn utility(&self, features: &Features) -> f32 {
        self.weights.iter().zip(features).map(|(weight, value)| weight * value).sum()
    }

    /// Lists each feature's share in the log-odds, the largest first.
    pub fn shares(&self, features: &Features) -> Vec<FeatureShare> {
        let mut shares: Vec<FeatureShare> = (0..NUM_FEATURES)
            .map(|idx| FeatureShare {
                name: NAMES[idx],
                value: features[idx],
                share: self.weights[idx] * features[idx],
            })
            .collect();
        shares.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
        shares
    }
}

/// The weights for both kinds of base.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranker {
    /// For articles of one wording.
    pub sparse: Weights,
    /// For articles of many.
    pub rich: Weights,
    /// What a gram of the message tells against an article without it.
    pub missing_grams: GramWeights,
    /// What a gram of a phrasing tells against it where the message does not hold it.
    pub extra_grams: GramWeights,
    /// What it was trained on, in words.
    pub provenance: String,
}

/// From so many wordings an article on, a base is as rich as it can be.
const RICH_WORDINGS: f32 = 6.0;

impl Ranker {
    /// Reads a ranker from JSON; fails on another format or other features than this program computes.
    pub fn parse(json: &str) -> Result<Self, RankerError> {
        let file: File = serde_json::from_str(json)?;
        if file.format != FORMAT {
            return Err(RankerError::Format(file.format));
        }
        if file.features != NAMES {
            return Err(RankerError::Features(file.features));
        }
        Ok(Self {
            sparse: weights_of(file.sparse, 0.0)?,
            rich: weights_of(file.rich, 1.0)?,
            missing_grams: GramWeights::try_new(file.missing_grams).ok_or(RankerError::Number("missing_grams"))?,
            extra_grams: GramWeights::try_new(file.extra_grams).ok_or(RankerError::Number("extra_grams"))?,
            provenance: file.provenance,
        })
    }

    /// Writes the ranker as JSON.
    pub fn to_json(&self) -> String {
        let shape = |weights: &Weights| WeightsShape {
            weights: weights.weights.to_vec(),
            answer_threshold: weights.answer_threshold,
            clarify_threshold: weights.clarify_threshold,
        };
        let file = File {
            format: FORMAT,
            features: NAMES.iter().map(|name| (*name).to_owned()).collect(),
            sparse: shape(&self.sparse),
            rich: shape(&self.rich),
            missing_grams: self.missing_grams.listed().clone(),
            extra_grams: self.extra_grams.listed().clone(),
            provenance: self.provenance.clone(),
        };
        serde_json::to_string_pretty(&file).expect("a struct of strings and numbers serializes")
    }

    /// Returns a number that other weights or thresholds would not have.
    pub fn fingerprint(&self) -> u64 {
        let bits = |weights: &Weights| {
            let thresholds = [weights.answer_threshold, weights.clarify_threshold];
            weights.weights.into_iter().chain(thresholds).map(f32::to_bits).collect::<Vec<u32>>()
        };
        let of_grams = |grams: &GramWeights| -> Vec<u8> {
            let bytes = |(gram, weights): (&String, &[f32; 2])| {
                let weights = weights.map(f32::to_bits).into_iter().flat_map(u32::to_le_bytes);
                gram.bytes().chain(weights).collect::<Vec<u8>>()
            };
            grams.listed().iter().flat_map(bytes).collect()
        };
        // FNV-1a: the same in every process.
        let bytes = bits(&self.sparse).into_iter().chain(bits(&self.rich)).flat_map(u32::to_le_bytes);
        let bytes = bytes.chain(of_grams(&self.missing_grams)).chain(of_grams(&self.extra_grams));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// Blends the weights for a base by the mean number of wordings of its articles.
    pub fn for_base(&self, mean_wordings: f32) -> Weights {
        let rich = ((mean_wordings - 1.0) / (RICH_WORDINGS - 1.0)).clamp(0.0, 1.0);
        let blend = |sparse: f32, of_rich: f32| sparse + rich * (of_rich - sparse);
        let mut weights = self.sparse.weights;
        weights.iter_mut().zip(self.rich.weights).for_each(|(weight, of_rich)| *weight = blend(*weight, of_rich));
        Weights {
            weights,
            answer_threshold: blend(self.sparse.answer_threshold, self.rich.answer_threshold),
            clarify_threshold: blend(self.sparse.clarify_threshold, self.rich.clarify_threshold),
            richness: rich,
        }
    }

    /// Turns the utilities of one base's candidates into probabilities, in the same order.
    pub fn probabilities(utilities: &[f32]) -> Vec<f32> {
        let top = utilities.iter().copied().fold(0.0, f32::max);
        let exps: Vec<f32> = utilities.iter().map(|utility| (utility - top).exp()).collect();
        let total: f32 = exps.iter().sum::<f32>() + (-top).exp();
        exps.iter().map(|exp| exp / total).collect()
    }
}

fn weights_of(shape: WeightsShape, richness: f32) -> Result<Weights, RankerError> {
    let weights: Features = shape.weights.clone().try_into().map_err(|_| RankerError::Number("weights"))?;
    if weights.iter().any(|weight| !weight.is_finite()) {
        return Err(RankerError::Number("weights"));
    }
    let is_probability = |threshold: f32| (0.0..=1.0).contains(&threshold);
    if !is_probability(shape.answer_threshold) || !is_probability(shape.clarify_threshold) {
        return Err(RankerError::Number("thresholds"));
    }
    let WeightsShape { answer_threshold, clarify_threshold, .. } = shape;
    Ok(Weights { weights, answer_threshold, clarify_threshold, richness })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranker() -> Ranker {
        let mut weights = [0.0; NUM_FEATURES];
        weights[4] = 5.0;
        let rich = Weights { weights, answer_threshold: 0.6, clarify_threshold: 0.3, richness: 1.0 };
        let weights = [1.0; NUM_FEATURES];
        let sparse = Weights { weights, answer_threshold: 0.8, clarify_threshold: 0.4, richness: 0.0 };
        let of = |gram: &str| GramWeights::try_new([(gram.to_owned(), [-0.5, -1.5])].into()).expect("both are finite");
        Ranker { sparse, rich, missing_grams: of("退"), extra_grams: of("换"), provenance: "a test".to_owned() }
    }

    #[test]
    fn probabilities_leave_room_for_none() {
        let p = Ranker::probabilities(&[2.0, 1.0, -3.0]);
        assert!(p[0] > p[1] && p[1] > p[2]);
        assert!(p.iter().sum::<f32>() < 1.0);
        assert!(Ranker::probabilities(&[800.0, -800.0]).iter().all(|p| p.is_finite()));
        assert!(Ranker::probabilities(&[]).is_empty());
    }

    #[test]
    fn a_ranker_reads_back_what_it_wrote() {
        assert_eq!(Ranker::parse(&ranker().to_json()).expect("it reads"), ranker());
    }

    #[test]
    fn weights_are_blended_by_wordings() {
        let ranker = ranker();
        assert_eq!(ranker.for_base(1.0), ranker.sparse);
        assert_eq!(ranker.for_base(20.0), ranker.rich);
        let half = ranker.for_base(3.5);
        assert!((half.answer_threshold - 0.7).abs() < 1e-6 && (half.weights[0] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_calibration_scales_and_shifts_every_utility() {
        assert_eq!(NAMES[BIAS], "bias");
        let calibration = Calibration {
            generation: String::new(),
            revision: crate::domain::Revision(1),
            create_time: crate::domain::Timestamp(0),
            wanted: crate::domain::CalibrationPolicy::default(),
            policy: crate::domain::CalibrationPolicy::default(),
            scale: 0.5,
            shift: -2.0,
            answer_threshold: 0.9,
            clarify_threshold: 0.7,
            questions: crate::domain::QuestionCounts::default(),
            ece_before: 0.0,
            ece_after: 0.0,
            recall_at_1: 1.0,
            curve: Vec::new(),
        };
        let mut features = [0.25; NUM_FEATURES];
        features[BIAS] = 1.0;
        let shipped = ranker().sparse;
        let calibrated = shipped.calibrated(&calibration);
        assert!((calibrated.utility(&features) - (0.5 * shipped.utility(&features) - 2.0)).abs() < 1e-4);
        assert_eq!((calibrated.answer_threshold, calibrated.clarify_threshold), (0.9, 0.7));
        assert_eq!(calibrated.richness, shipped.richness);
    }

    #[test]
    fn other_weights_have_another_fingerprint() {
        let ranker = ranker();
        let mut other = ranker.clone();
        assert_eq!(ranker.fingerprint(), other.fingerprint());
        other.rich.weights[3] += 0.5;
        assert_ne!(ranker.fingerprint(), other.fingerprint());
        let other = Ranker { extra_grams: GramWeights::default(), ..ranker.clone() };
        assert_ne!(ranker.fingerprint(), other.fingerprint());
    }

    #[test]
    fn other_features_are_refused() {
        let json = ranker().to_json().replace("overlap_squared", "astrology");
        assert!(matches!(Ranker::parse(&json), Err(RankerError::Features(_))));
        let json = ranker().to_json().replace("\"format\": 3", "\"format\": 2");
        assert!(matches!(Ranker::parse(&json), Err(RankerError::Format(2))));
    }
}
