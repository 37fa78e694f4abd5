//! How much it tells against an article that it does not hold a gram of the message, or holds one besides: 退 much, 那个
//! nothing. Pure.
//!
//! Learned with the ranker, for bases of one wording an article and for bases of many; a gram that is not listed tells
//! nothing. Must not know articles.

use std::collections::BTreeMap;

use crate::{domain::KeyedMap, text::gram_hash};

/// What each gram adds to the utility of an article where one side lacks it: for sparse and for rich bases.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GramWeights {
    weights: KeyedMap<u64, [f32; 2]>,
    /// As the file lists them.
    listed: BTreeMap<String, [f32; 2]>,
}

impl GramWeights {
    /// Takes the weights of grams, sparse and rich; `None` where one is not finite.
    pub fn try_new(listed: BTreeMap<String, [f32; 2]>) -> Option<Self> {
        let is_finite = listed.values().flatten().all(|weight| weight.is_finite());
        let weights = listed.iter().map(|(gram, weights)| (gram_hash(gram), *weights)).collect();
        is_finite.then_some(Self { weights, listed })
    }

    /// Returns the weights by gram.
    pub fn listed(&self) -> &BTreeMap<String, [f32; 2]> {
        &self.listed
    }

    /// Returns what a gram tells in a base that is so rich, from 0 to 1.
    pub fn of(&self, gram: u64, richness: f32) -> f32 {
        self.weights.get(&gram).map_or(0.0, |[sparse, rich]| sparse + richness * (rich - sparse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_blended_by_richness() {
        let weights = GramWeights::try_new([("退".to_owned(), [-1.0, -2.0])].into()).expect("both are finite");
        assert_eq!([0.0, 0.5, 1.0].map(|richness| weights.of(gram_hash("退"), richness)), [-1.0, -1.5, -2.0]);
        assert_eq!(weights.of(gram_hash("换"), 1.0), 0.0);
        assert_eq!(GramWeights::try_new([("退".to_owned(), [f32::NAN, 0.0])].into()), None);
    }
}
