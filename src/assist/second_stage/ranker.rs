//! The weights of the second stage: from what both stages say to the probability that an article answers. Pure.
//!
//! The best article's probability is a logit of its own. What it leaves is shared among the others by how near they come,
//! none of them above the best, and none of all: so the probabilities of a base add up to less than one, and order and
//! confidence agree. There are two sets of weights, blended by how rich a base is.

use serde::{Deserialize, Serialize};

use super::nearness::{
    ANSWER_NAMES, AnswerFeatures, FIRST_STAGE, NUM_RANK_FEATURES, RANK_NAMES, RankFeatures, Standings,
};
use crate::{
    assist::rank::{Ranker, RankerError, Weights},
    domain::FeatureShare,
};

const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    rank_features: Vec<String>,
    answer_features: Vec<String>,
    sparse: SecondWeightsShape,
    rich: SecondWeightsShape,
    provenance: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SecondWeightsShape {
    rank: Vec<f32>,
    answer: Vec<f32>,
    answer_threshold: f32,
    clarify_threshold: f32,
}

/// Weights for one kind of base, with the thresholds that were fitted with them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondWeights {
    /// Which article is the best.
    pub rank: RankFeatures,
    /// Whether it answers; log-odds.
    pub answer: AnswerFeatures,
    pub answer_threshold: f32,
    pub clarify_threshold: f32,
}

/// The weights for both kinds of base.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondRanker {
    pub sparse: SecondWeights,
    pub rich: SecondWeights,
    /// What it was trained on, in words.
    pub provenance: String,
}

/// What the second stage says of an article.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondScore {
    pub confidence: f32,
    features: RankFeatures,
    /// Of the best one.
    answer: Option<AnswerFeatures>,
    weights: SecondWeights,
}

impl SecondWeights {
    /// Returns the place of the best article, and how good each is; `None` where there are none.
    pub fn best(&self, features: &[RankFeatures]) -> Option<(usize, Vec<f32>)> {
        let scores: Vec<f32> = features.iter().map(|features| product(&self.rank, features)).collect();
        let best = scores.iter().enumerate().reduce(|best, one| if one.1 > best.1 { one } else { best })?.0;
        Some((best, scores))
    }

    /// Scores articles, each given with the utility of the first stage, in the same order.
    pub(super) fn scores(&self, standings: &Standings, utilities: &[f32]) -> Vec<SecondScore> {
        let features = standings.rank_features(utilities);
        let Some((best, scores)) = self.best(&features) else { return Vec::new() };
        let answer = standings.answer_features(best, utilities, &scores);
        let confidence = 1.0 / (1.0 + (-product(&self.answer, &answer)).exp());
        let mut others = scores.clone();
        others[best] = f32::MIN;
        let shares = Ranker::probabilities(&others);
        let of_article = |(place, features): (usize, &RankFeatures)| {
            let is_best = place == best;
            // As far below the best as it ranks below it, and no more than is left.
            let behind = confidence * (scores[place] - scores[best]).exp();
            SecondScore {
                confidence: if is_best { confidence } else { behind.min((1.0 - confidence) * shares[place]) },
                features: *features,
                answer: is_best.then_some(answer),
                weights: *self,
            }
        };
        features.iter().enumerate().map(of_article).collect()
    }
}

fn product<const N: usize>(weights: &[f32; N], features: &[f32; N]) -> f32 {
    weights.iter().zip(features).map(|(weight, value)| weight * value).sum()
}

impl SecondScore {
    /// Lists each feature's share, the largest first: in how good the article is, the first stage told by its own
    /// features; and of the best one in the log-odds that it answers.
    pub(in crate::assist) fn shares(&self, first: Vec<FeatureShare>) -> Vec<FeatureShare> {
        let Self { features, weights, .. } = self;
        let own = (0..NUM_RANK_FEATURES).filter(|idx| *idx != FIRST_STAGE).map(|idx| FeatureShare {
            name: RANK_NAMES[idx],
            value: features[idx],
            share: weights.rank[idx] * features[idx],
        });
        let of_first = |one: FeatureShare| FeatureShare { share: weights.rank[FIRST_STAGE] * one.share, ..one };
        let of_best = self.answer.iter().flat_map(|answer| {
            answer.iter().zip(ANSWER_NAMES).zip(weights.answer).map(|((value, name), weight)| FeatureShare {
                name,
                value: *value,
                share: weight * value,
            })
        });
        let mut shares: Vec<FeatureShare> = own.chain(of_best).chain(first.into_iter().map(of_first)).collect();
        shares.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
        shares
    }
}

impl SecondRanker {
    /// Reads the weights from JSON; fails on another format or other features than this program computes.
    pub fn parse(json: &str) -> Result<Self, RankerError> {
        let file: File = serde_json::from_str(json)?;
        if file.format != FORMAT {
            return Err(RankerError::Format(file.format));
        }
        if file.rank_features != RANK_NAMES {
            return Err(RankerError::Features(file.rank_features));
        }
        if file.answer_features != ANSWER_NAMES {
            return Err(RankerError::Features(file.answer_features));
        }
        Ok(Self { sparse: weights_of(file.sparse)?, rich: weights_of(file.rich)?, provenance: file.provenance })
    }

    /// Writes the weights as JSON.
    pub fn to_json(&self) -> String {
        let shape = |weights: &SecondWeights| SecondWeightsShape {
            rank: weights.rank.to_vec(),
            answer: weights.answer.to_vec(),
            answer_threshold: weights.answer_threshold,
            clarify_threshold: weights.clarify_threshold,
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let file = File {
            format: FORMAT,
            rank_features: names(&RANK_NAMES),
            answer_features: names(&ANSWER_NAMES),
            sparse: shape(&self.sparse),
            rich: shape(&self.rich),
            provenance: self.provenance.clone(),
        };
        serde_json::to_string_pretty(&file).expect("a struct of strings and numbers serializes")
    }

    /// Blends the weights for a base that the first stage ranks by `first`.
    pub(in crate::assist) fn for_base(&self, first: &Weights) -> SecondWeights {
        let blend = |sparse: f32, rich: f32| sparse + first.richness * (rich - sparse);
        let SecondWeights { mut rank, mut answer, answer_threshold, clarify_threshold } = self.sparse;
        rank.iter_mut().zip(self.rich.rank).for_each(|(weight, rich)| *weight = blend(*weight, rich));
        answer.iter_mut().zip(self.rich.answer).for_each(|(weight, rich)| *weight = blend(*weight, rich));
        SecondWeights {
            rank,
            answer,
            answer_threshold: blend(answer_threshold, self.rich.answer_threshold),
            clarify_threshold: blend(clarify_threshold, self.rich.clarify_threshold),
        }
    }
}

fn weights_of(shape: SecondWeightsShape) -> Result<SecondWeights, RankerError> {
    let rank: RankFeatures = shape.rank.try_into().map_err(|_| RankerError::Number("rank"))?;
    let answer: AnswerFeatures = shape.answer.try_into().map_err(|_| RankerError::Number("answer"))?;
    if rank.iter().chain(&answer).any(|weight| !weight.is_finite()) {
        return Err(RankerError::Number("weights"));
    }
    let is_probability = |threshold: f32| (0.0..=1.0).contains(&threshold);
    if !is_probability(shape.answer_threshold) || !is_probability(shape.clarify_threshold) {
        return Err(RankerError::Number("thresholds"));
    }
    let (answer_threshold, clarify_threshold) = (shape.answer_threshold, shape.clarify_threshold);
    Ok(SecondWeights { rank, answer, answer_threshold, clarify_threshold })
}

#[cfg(test)]
mod tests {
    use super::{super::nearness::NUM_ANSWER_FEATURES, *};

    fn ranker() -> SecondRanker {
        let of = |weight: f32| SecondWeights {
            rank: [weight; NUM_RANK_FEATURES],
            answer: [weight; NUM_ANSWER_FEATURES],
            answer_threshold: 0.25 * weight,
            clarify_threshold: 0.125 * weight,
        };
        SecondRanker { sparse: of(1.0), rich: of(2.0), provenance: "a test".to_owned() }
    }

    #[test]
    fn a_ranker_reads_back_what_it_wrote() {
        assert_eq!(SecondRanker::parse(&ranker().to_json()).expect("it reads"), ranker());
        let json = ranker().to_json().replace("best_lead", "astrology");
        assert!(matches!(SecondRanker::parse(&json), Err(RankerError::Features(_))));
        let json = ranker().to_json().replace("0.25", "2.5");
        assert!(matches!(SecondRanker::parse(&json), Err(RankerError::Number("thresholds"))));
    }

    #[test]
    fn weights_are_blended_by_richness() {
        let of = |richness: f32| ranker().for_base(&Weights { richness, ..Weights::BLANK });
        assert_eq!((of(0.0), of(1.0)), (ranker().sparse, ranker().rich));
        assert!((of(0.5).answer[3] - 1.5).abs() < 1e-6);
    }

    #[test]
    fn probabilities_leave_room_for_none_and_follow_the_order() {
        let mut rng = fastrand::Rng::with_seed(2);
        for num in 1..20 {
            let utilities: Vec<f32> = (0..num).map(|_| 8.0 * rng.f32() - 4.0).collect();
            let standings = Standings::of_cosines(&utilities);
            let mut weights = ranker().sparse;
            weights.answer[0] = 10.0 * rng.f32() - 5.0;
            let scores = weights.scores(&standings, &utilities);
            let total: f32 = scores.iter().map(|score| score.confidence).sum();
            assert!(total < 1.0 + 1e-6, "{total}");
            let good = |idx: usize| product(&weights.rank, &scores[idx].features);
            for (a, b) in (0..num).flat_map(|a| (0..num).map(move |b| (a, b))) {
                assert!(good(a) <= good(b) || scores[a].confidence > scores[b].confidence);
            }
        }
        assert!(ranker().sparse.scores(&Standings::default(), &[]).is_empty());
    }

    #[test]
    fn shares_add_up() {
        let first = vec![
            FeatureShare { name: "overlap", value: 1.0, share: 1.5 },
            FeatureShare { name: "bias", value: 1.0, share: -0.5 },
        ];
        let weights = SecondWeights { rank: [0.5; NUM_RANK_FEATURES], ..ranker().sparse };
        let score = weights.scores(&Standings::of_cosines(&[1.0]), &[1.0])[0];
        let shares = score.shares(first);
        let sum = |keeps: &dyn Fn(&str) -> bool| -> f32 {
            shares.iter().filter(|share| keeps(share.name)).map(|share| share.share).sum()
        };
        assert!((sum(&|name| !name.starts_with("best_")) - product(&weights.rank, &score.features)).abs() < 1e-5);
        let log_odds = (score.confidence / (1.0 - score.confidence)).ln();
        assert!((sum(&|name| name.starts_with("best_")) - log_odds).abs() < 1e-3);
    }
}
