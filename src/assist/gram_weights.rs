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
    /// Whether any gram tells something in a sparse base.
    tells_in_sparse: bool,
}

impl GramWeights {
    /// Takes the weights of grams, sparse and rich; `None` where one is not finite.
    pub fn try_new(listed: BTreeMap<String, [f32; 2]>) -> Option<Self> {
        let is_finite = listed.values().flatten().all(|weight| weight.is_finite());
        let weights = listed.iter().map(|(gram, weights)| (gram_hash(gram), *weights)).collect();
        let tells_in_sparse = listed.values().any(|[sparse, _]| *sparse != 0.0);
        is_finite.then_some(Self { weights, listed, tells_in_sparse })
    }

    /// Returns the weights by gram.
    pub fn listed(&self) -> &BTreeMap<String, [f32; 2]> {
        &self.listed
    }

    /// Tells whether any gram tells something in a base that is so rich: where none does, none need be asked for.
    pub fn tell_in(&self, richness: f32) -> bool {
        self.tells_in_sparse || (richness > 0.0 && !self.weights.is_empty())
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
        assert!([0.0, 0.5].into_iter().all(|richness| weights.tell_in(richness)));
        assert_eq!(GramWeights::try_new([("退".to_owned(), [f32::NAN, 0.0])].into()), None);
    }

    #[test]
    fn none_need_be_asked_where_none_tells() {
        let of_rich = GramWeights::try_new([("退".to_owned(), [0.0, -2.0])].into()).expect("both are finite");
        assert_eq!([0.0, 0.1].map(|richness| of_rich.tell_in(richness)), [false, true]);
        assert!(!GramWeights::default().tell_in(1.0));
    }
}
